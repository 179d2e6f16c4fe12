/** The API server in memory, garbage collection, and the two reconcilers under test; children are played by hand. */
import { crdOf } from '../../api/crd.ts'
import type { DynamoGraphDeployment, PodClique, PodCliqueSet } from '../../api/generated/kinds.ts'
import { KINDS } from '../../api/kinds/all.ts'
import type { KubeObject, NewObject } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import type { KubeClient } from '../../kube/client.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { silentLog } from '../../kube/log.ts'
import { seededRandom } from '../../kube/random.ts'
import { CRDS, DYNAMO_GRAPHS, EVENTS, POD_CLIQUE_SETS, POD_CLIQUES, type ResourceType } from '../../kube/resources.ts'
import { createOperator, type Operator } from '../../operator/operator.ts'
import { dynamoReconciler } from '../../operator/reconcile/dynamo.ts'
import { podGangSetReconciler } from '../../operator/reconcile/pod-gang-set.ts'
import { VirtualClock } from '../../sim/clock.ts'
import { GarbageCollector } from '../../sim/controllers/garbage.ts'
import { Informers } from '../../sim/informers.ts'
import { createApiServer } from '../../sim/server/api-server.ts'
import type { WriteRecord } from '../../sim/server/core.ts'

const DAY_MS = 24 * 3_600_000

export class World {
  readonly clock: VirtualClock = new VirtualClock()
  readonly client: KubeClient
  readonly #writes: WriteRecord[] = []
  readonly #troubles: string[] = []
  #operator: Operator | null = null
  readonly #collect: () => Promise<void>

  constructor() {
    const server = createApiServer({
      clock: this.clock,
      random: seededRandom(1),
      onWrite: (record) => this.#writes.push(record),
    })
    this.client = kubeClient(server.transport)
    const context = { client: this.client, clock: this.clock, random: seededRandom(2), transport: server.transport }
    const informers = new Informers(context)
    const garbage = new GarbageCollector({ ...context, informers }, 'gone')
    this.#collect = async () => {
      informers.start()
      garbage.start()
      await informers.synced()
    }
  }

  /** With the kinds installed and the operator running. */
  static async started(): Promise<World> {
    const world = new World()
    for (const kind of KINDS) await world.create(CRDS, crdOf(kind))
    await world.during(world.#collect())
    await world.startOperator()
    return world
  }

  async startOperator(): Promise<void> {
    const { client, clock } = this
    this.#operator = createOperator({
      client,
      clock,
      random: seededRandom(3),
      log: { ...silentLog, warn: (message, facts) => this.#troubles.push(`${message} ${JSON.stringify(facts)}`) },
      reconcilers: [dynamoReconciler, podGangSetReconciler],
    })
    this.#operator.start()
    await this.during(this.#operator.ready)
  }

  async restartOperator(): Promise<void> {
    await this.during(this.#operator?.stop() ?? Promise.resolve())
    await this.startOperator()
  }

  async settle(): Promise<void> {
    const { isSettled } = await this.clock.runUntilSettled({ maxVirtualMs: DAY_MS })
    if (!isSettled)
      throw new Error(`not settled within a virtual day: ${this.#troubles.at(-1) ?? 'no error was logged'}`)
  }

  during<T>(work: Promise<T>): Promise<T> {
    return this.clock.during(work, { maxVirtualMs: DAY_MS })
  }

  /** What was written since the last call, events left out: `create podcliquesets/x`, one line a write. */
  writes(): string[] {
    const lines = this.#writes
      .splice(0)
      .filter(({ collection }) => !collection.includes('events'))
      .map(({ verb, collection, name, subresource }) => {
        const plural = collection.slice(collection.lastIndexOf('/') + 1)
        return `${verb} ${plural}/${name}${subresource === '' ? '' : `/${subresource}`}`
      })
    return lines
  }

  async create<T extends KubeObject>(type: ResourceType, object: NewObject): Promise<T> {
    return valueOrThrow(await this.during(this.client.create<T>(type, object)))
  }

  async get<T extends KubeObject>(type: ResourceType, name: string): Promise<T | null> {
    const answer = await this.during(this.client.get<T>(type, { namespace: 'default', name }))
    return answer.kind === 'failure' && answer.status === 404 ? null : valueOrThrow(answer)
  }

  async patch(type: ResourceType, name: string, patch: object, subresource?: 'status' | 'scale'): Promise<void> {
    const key = { namespace: 'default', name }
    valueOrThrow(await this.during(this.client.mergePatch(type, key, patch, subresource ? { subresource } : {})))
  }

  async delete(type: ResourceType, name: string): Promise<void> {
    valueOrThrow(await this.during(this.client.delete(type, { namespace: 'default', name })))
  }

  async names(type: ResourceType): Promise<string[]> {
    const { items } = valueOrThrow(await this.during(this.client.list(type, { namespace: 'default' })))
    return items.map(({ metadata }) => metadata.name).sort()
  }

  async graph(name: string): Promise<DynamoGraphDeployment> {
    const found = await this.get<DynamoGraphDeployment>(DYNAMO_GRAPHS, name)
    if (found === null) throw new Error(`no graph ${name}`)
    return found
  }

  async set(name: string): Promise<PodCliqueSet> {
    const found = await this.get<PodCliqueSet>(POD_CLIQUE_SETS, name)
    if (found === null) throw new Error(`no set ${name}`)
    return found
  }

  /** `type status reason`, one a condition. */
  async conditions(type: ResourceType, name: string): Promise<string[]> {
    const { status } = (await this.get(type, name)) as KubeObject & {
      status?: { conditions?: { type: string; status: string; reason: string }[] }
    }
    return (status?.conditions ?? []).map((condition) => `${condition.type} ${condition.status} ${condition.reason}`)
  }

  async events(): Promise<string[]> {
    const { items } = valueOrThrow(await this.during(this.client.list(EVENTS, { namespace: 'default' })))
    return items.map((event) => `${String(event['type'])} ${String(event['reason'])}: ${String(event['message'])}`)
  }

  /** Plays the set's controller: a PodClique a standalone clique, as many pods as it wants, all of them ready. */
  async playSet(name: string): Promise<void> {
    const set = await this.set(name)
    for (const clique of set.spec.template.cliques) {
      const child = `${name}-0-${clique.name}`
      if ((await this.get(POD_CLIQUES, child)) !== null) continue
      await this.create(POD_CLIQUES, {
        apiVersion: 'grove.io/v1alpha1',
        kind: 'PodClique',
        metadata: { name: child, namespace: 'default', labels: { 'app.kubernetes.io/part-of': name } },
        spec: clique.spec,
      })
    }
    await this.patch(POD_CLIQUE_SETS, name, { status: { observedGeneration: set.metadata.generation } }, 'status')
    for (const clique of set.spec.template.cliques) await this.playClique(`${name}-0-${clique.name}`)
  }

  /** As many pods as the clique wants, or what `status` says of them. */
  async playClique(name: string, status: PodClique['status'] = {}): Promise<void> {
    const clique = await this.get<PodClique>(POD_CLIQUES, name)
    const replicas = clique?.spec.replicas ?? 1
    const full = { replicas, readyReplicas: replicas, updatedReplicas: replicas, scheduledReplicas: replicas }
    const told = { ...full, scheduleGatedReplicas: 0, ...status, observedGeneration: clique?.metadata.generation ?? 1 }
    await this.patch(POD_CLIQUES, name, { status: told }, 'status')
  }
}
