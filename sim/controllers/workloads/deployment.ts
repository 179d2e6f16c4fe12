import type { NewObject, Pod } from '../../../api/kinds/kubernetes.ts'
import type { Cache, Delta } from '../../../kube/reflector/types.ts'
import { PODS } from '../../../kube/resources.ts'
import type { Reconciled, WorkQueue } from '../../../kube/work-queue.ts'
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  keyOf,
  splitKey,
  valueUnlessGone,
} from '../controller.ts'
import {
  boundsOf,
  type Generations,
  generationsOf,
  HASH_LABEL,
  obsoleteSets,
  planScaling,
  REVISION,
  revisionOf,
  type Scaling,
} from './deployment-plan.ts'
import { deploymentStatus, isComplete, progressDeadlineMs } from './deployment-status.ts'
import { DEPLOYMENTS, type Deployment, REPLICA_SETS, type ReplicaSet } from './kinds.ts'
import { controllerOf, controllerReference, isFinished } from './pod-state.ts'
import { writeStatus } from './status-write.ts'
import { templateHash } from './template.ts'

const DESIRED = 'deployment.kubernetes.io/desired-replicas'
const MAX = 'deployment.kubernetes.io/max-replicas'
/** Annotations of a Deployment that are not handed on to its ReplicaSets. */
const OWN = new Set(['kubectl.kubernetes.io/last-applied-configuration', REVISION, DESIRED, MAX])

/** Rolls a Deployment out over ReplicaSets, one a template, and keeps old ones as its history. */
export class DeploymentController implements Controller {
  readonly #context: ControllerContext
  readonly #deployments: Cache<Deployment>
  readonly #pods: Cache<Pod>
  /** By uid of the Deployment. */
  readonly #sets = new Map<string, Map<string, ReplicaSet>>()
  readonly #queue: WorkQueue<string>

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = controllerQueue('deployment', context, (key) => this.#reconcile(key))
    this.#deployments = context.informers.watch<Deployment>(DEPLOYMENTS, ({ kind, object }) => {
      if (kind !== 'deleted') this.#queue.add(keyOf(object))
      else this.#sets.delete(object.metadata.uid)
    })
    context.informers.watch<ReplicaSet>(REPLICA_SETS, (delta) => this.#take(delta))
    // Recreate waits for the last old pod, not for the count of its set.
    this.#pods = context.informers.watch<Pod>(PODS, ({ kind, object }) => {
      if (kind === 'deleted') this.#queueOwnerOf(object)
    })
  }

  start(): void {
    this.#queue.start()
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  #take({ kind, object }: Delta<ReplicaSet>): void {
    const owner = controllerOf(object)
    if (owner?.kind !== DEPLOYMENTS.kind) return
    const sets = this.#sets.get(owner.uid) ?? new Map<string, ReplicaSet>()
    if (kind === 'deleted') sets.delete(object.metadata.uid)
    else sets.set(object.metadata.uid, object)
    this.#sets.set(owner.uid, sets)
    this.#queue.add(`${object.metadata.namespace ?? ''}/${owner.name}`)
  }

  #queueOwnerOf(pod: Pod): void {
    const owner = controllerOf(pod)
    if (owner?.kind !== REPLICA_SETS.kind) return
    for (const sets of this.#sets.values()) {
      const deployment = controllerOf(sets.get(owner.uid) ?? pod)
      if (sets.has(owner.uid)) this.#queue.add(`${pod.metadata.namespace ?? ''}/${deployment?.name ?? ''}`)
    }
  }

  async #reconcile(key: string): Promise<Reconciled | void> {
    const { namespace, name } = splitKey(key)
    const deployment = this.#deployments.get(namespace, name)
    if (deployment === undefined) return
    const { client, clock } = this.#context
    const generations = generationsOf(deployment, [...(this.#sets.get(deployment.metadata.uid)?.values() ?? [])])
    if (deployment.metadata.deletionTimestamp === undefined && !(await this.#advance(deployment, generations))) return
    const status = deploymentStatus(deployment, generations, clock.nowMs())
    const written = await writeStatus(client, DEPLOYMENTS, deployment, status)
    const deadlineMs = written === null ? null : progressDeadlineMs(written)
    if (deadlineMs !== null) return { again: Math.max(0, deadlineMs - clock.nowMs()), wake: 'background' }
  }

  /** One step of the rollout. False: something was changed whose news come first. */
  async #advance(deployment: Deployment, generations: Generations): Promise<boolean> {
    const { current, old } = generations
    if (current === null && deployment.spec.paused !== true) {
      await this.#createSet(deployment, old)
      return false
    }
    if (current !== null && (await this.#annotate(deployment, current, old))) return false
    const isWaiting = deployment.spec.strategy?.type === 'Recreate' && old.some((set) => this.#hasPods(set))
    const scalings = planScaling(deployment, generations, isWaiting)
    for (const scaling of scalings) await this.#scale(deployment, scaling)
    if (isComplete(deployment, deployment.status ?? {})) {
      for (const set of obsoleteSets(deployment, old)) await this.#deleteSet(set)
    }
    return true
  }

  #hasPods({ metadata }: ReplicaSet): boolean {
    for (const pod of this.#pods.values()) if (controllerOf(pod)?.uid === metadata.uid && !isFinished(pod)) return true
    return false
  }

  async #createSet(deployment: Deployment, old: readonly ReplicaSet[]): Promise<void> {
    const { client } = this.#context
    const collisions = deployment.status?.collisionCount ?? 0
    const hash = templateHash(deployment.spec.template, collisions)
    const set = newSet(deployment, hash, nextRevision(old))
    const answer = await client.create<ReplicaSet>(REPLICA_SETS, set)
    if (answer.kind === 'ok' || answer.reason !== 'AlreadyExists') return void valueUnlessGone(answer)
    const key = { namespace: deployment.metadata.namespace ?? '', name: set.metadata.name ?? '' }
    const found = valueUnlessGone(await client.get<ReplicaSet>(REPLICA_SETS, key))
    // Ours already, only not seen yet: its news look here again.
    if (found === null || controllerOf(found)?.uid === deployment.metadata.uid) return
    const status = { ...deployment.status, collisionCount: collisions + 1 }
    await writeStatus(client, DEPLOYMENTS, deployment, status)
  }

  /** Keeps revision numbers, and the annotations that a set has from its Deployment. True: something was written. */
  async #annotate(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): Promise<boolean> {
    const { client } = this.#context
    const revision = String(Math.max(nextRevision(old), revisionOf(current)))
    const wanted = { ...annotationsFor(deployment), [REVISION]: revision }
    const isSaid = (has: Record<string, string> | undefined, field: string, value: string): boolean =>
      has?.[field] === value
    const { namespace = '', name, uid, resourceVersion, annotations } = current.metadata
    if (!Object.entries(wanted).every(([field, value]) => isSaid(annotations, field, value))) {
      const patch = { metadata: { uid, resourceVersion, annotations: wanted } }
      valueUnlessGone(await client.mergePatch(REPLICA_SETS, { namespace, name }, patch))
      return true
    }
    if (isSaid(deployment.metadata.annotations, REVISION, revision)) return false
    const patch = { metadata: { uid: deployment.metadata.uid, annotations: { [REVISION]: revision } } }
    valueUnlessGone(await client.mergePatch(DEPLOYMENTS, { namespace, name: deployment.metadata.name }, patch))
    return true
  }

  async #scale(deployment: Deployment, { set, replicas }: Scaling): Promise<void> {
    const { namespace = '', name, uid, resourceVersion } = set.metadata
    const annotations = sizeAnnotations(deployment)
    const patch = { metadata: { uid, resourceVersion, annotations }, spec: { replicas } }
    valueUnlessGone(await this.#context.client.mergePatch(REPLICA_SETS, { namespace, name }, patch))
  }

  async #deleteSet({ metadata: { namespace = '', name, uid } }: ReplicaSet): Promise<void> {
    valueUnlessGone(await this.#context.client.delete(REPLICA_SETS, { namespace, name }, { uid }))
  }
}

const nextRevision = (old: readonly ReplicaSet[]): number => Math.max(0, ...old.map(revisionOf)) + 1

const sizeAnnotations = (deployment: Deployment): Record<string, string> => ({
  [DESIRED]: String(deployment.spec.replicas),
  [MAX]: String(deployment.spec.replicas + boundsOf(deployment).surge),
})

const annotationsFor = (deployment: Deployment): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !OWN.has(key))),
  ...sizeAnnotations(deployment),
})

/** The set of a new template, empty as yet: how many pods it gets is the next step's business. */
function newSet(deployment: Deployment, hash: string, revision: number): NewObject {
  const { metadata, spec } = deployment
  const labels = { ...spec.template.metadata?.labels, [HASH_LABEL]: hash }
  const { matchLabels } = spec.selector
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace ?? '',
      labels,
      annotations: { ...annotationsFor(deployment), [REVISION]: String(revision) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: 0,
      ...(spec.minReadySeconds !== undefined && { minReadySeconds: spec.minReadySeconds }),
      selector: { ...spec.selector, matchLabels: { ...matchLabels, [HASH_LABEL]: hash } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  }
}
