/**
 * Services whose load grows and shrinks, on the embedded cluster in virtual time: the operator, autoscalers of all three
 * levels and simulated nodes are real, the scheduler is ours or a baseline.
 */
import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import { PART_OF } from '../../api/names.ts'
import { installCrds, startHalves } from '../../cli/serve.ts'
import { createOperator } from '../../operator/operator.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { silentLog } from '../../kube/log.ts'
import { seededRandom } from '../../kube/random.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import { AUTOSCALERS, CONFIG_MAPS, POD_CLIQUE_SETS, PODS, SCALING_GROUPS, POD_CLIQUES } from '../../kube/resources.ts'
import type { ResourceType } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import { isActive } from '../../operator/observed-pod.ts'
import { VirtualClock } from '../../sim/clock.ts'
import { type Cluster, createCluster } from '../../sim/cluster.ts'
import type { Gang, Words } from '../peers/adapter.ts'
import { judge } from '../runs/checker.ts'
import { nodeObjects, topologyObject } from '../runs/work.ts'
import type { Scenario, ServingWork } from '../scenario/scenario.ts'
import type { ServingFigures, TraceFigures } from '../runs/result.ts'
import { worldOf, type World } from '../traces/world.ts'
import { demandOf, rateAt, WINDOW_MS } from './load.ts'
import { Ledger, type Piece } from './ledger.ts'
import { RivalScheduler } from './rival-scheduler.ts'
import { milliText, objectsOf, type Service, servicesOf } from './service.ts'

const NAMESPACE = 'default'
const HOUR_MS = 3_600_000
const STEP_MS = 60_000

export interface ServingCourse {
  readonly scenario: Scenario
  readonly serving: ServingWork
  readonly scheduler: 'espalier' | 'blind' | 'greedy'
  /** By what placements are judged. */
  readonly words: Words
  readonly signal: AbortSignal
  /** For a person who waits: how far it is. */
  readonly tell: (line: string) => void
}

export class TookTooLong extends Error {
  constructor(limitSeconds: number) {
    super(`not at its end after ${limitSeconds} s`)
    this.name = 'TookTooLong'
  }
}

/** Throws TookTooLong at the scenario's limit, and where the checker finds a fault, or a level of autoscaling that never moved. */
export async function runServing(course: ServingCourse): Promise<TraceFigures> {
  const running = new Running(course)
  await running.start()
  try {
    return await running.run()
  } finally {
    await running.stop()
  }
}

class Running {
  readonly #course: ServingCourse
  readonly #clock = new VirtualClock()
  readonly #world: World
  readonly #services: ReadonlyMap<string, Service>
  readonly #copies = new Map<string, number>()
  readonly #scaled = { sets: 0, groups: 0, cliques: 0 }
  readonly #cluster: Cluster
  readonly #ledger: Ledger
  readonly #stops: (() => Promise<void>)[] = []
  #evictions = 0
  #beganMs = 0
  /** On the clock of the machine. */
  readonly #limitMs: number
  #fault: unknown = null

  constructor(course: ServingCourse) {
    const { scenario, serving } = course
    this.#course = course
    this.#limitMs = performance.now() + scenario.limitSeconds * 1_000
    this.#world = worldOf({ topology: 'cluster' }, scenario.cluster)
    const gpus = this.#world.nodes.length * this.#world.gpusANode
    const services = servicesOf(demandOf(serving.file, serving.hours), serving.load, gpus)
    this.#services = new Map(services.map((service) => [service.demand.model, service]))
    this.#cluster = createCluster({
      clock: this.#clock,
      random: seededRandom(scenario.seed),
      seed: scenario.seed,
      nodes: nodeObjects(scenario.cluster),
      metrics: (autoscaler) => this.#metricOf(autoscaler),
    })
    this.#ledger = new Ledger(this.#world, serving.packs, () => this.#clock.monotonicMs() - this.#beganMs)
  }

  async start(): Promise<void> {
    const { client } = this.#cluster
    await this.#clock.during(this.#cluster.start())
    this.#stops.push(() => this.#cluster.stop())
    const refused = await this.#clock.during(installCrds(client, this.#clock))
    if (refused.length > 0) throw new Error(refused.join('; '))
    valueOrThrow(
      await this.#clock.during(
        client.create(CONFIG_MAPS, topologyObject(this.#world.levels.map(({ level }) => level))),
      ),
    )
    await this.#startSchedulers()
    this.#watch<Pod>(PODS, (delta) => this.#ledger.take(delta))
    this.#countScales(POD_CLIQUE_SETS, 'sets')
    this.#countScales(SCALING_GROUPS, 'groups')
    this.#countScales(POD_CLIQUES, 'cliques')
  }

  async run(): Promise<TraceFigures> {
    const { serving, signal, tell } = this.#course
    this.#beganMs = this.#clock.monotonicMs()
    await this.#apply()
    for (let hour = 1; hour <= serving.hours && !signal.aborted; hour++) {
      for (let passed = WINDOW_MS; passed <= HOUR_MS; passed += WINDOW_MS) {
        const endMs = this.#beganMs + (hour - 1) * HOUR_MS + passed
        await this.#pass(endMs - STEP_MS)
        this.#ledger.sample()
        await this.#pass(endMs)
      }
      this.#ledger.closeHour()
      await this.#judge(hour)
      tell(`  hour ${hour} of ${serving.hours}, ${this.#ledger.boundPercent} % of the GPUs in use`)
    }
    const still = Object.entries(this.#scaled).filter(([, times]) => times === 0)
    if (still.length > 0 && !signal.aborted) throw new Error(`${still.map(([level]) => level).join(', ')} never scaled`)
    const { serving: figures, ...rest } = this.#ledger.figures()
    return { ...rest, evictions: this.#evictions, serving: { ...figures, scaled: { ...this.#scaled } } }
  }

  /** In steps, so that a Ctrl-C need not wait for the end of an hour. */
  async #pass(untilMs: number): Promise<void> {
    while (this.#clock.monotonicMs() < untilMs && !this.#course.signal.aborted) {
      await this.#clock.runFor(Math.min(STEP_MS, untilMs - this.#clock.monotonicMs()))
      if (this.#fault !== null) throw this.#fault
      if (performance.now() > this.#limitMs) throw new TookTooLong(this.#course.scenario.limitSeconds)
    }
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.toReversed()) await this.#clock.during(stop())
  }

  async #startSchedulers(): Promise<void> {
    const { scheduler, scenario } = this.#course
    const world = { clock: this.#clock, random: seededRandom(scenario.seed), log: silentLog }
    const shared = { schedulerNames: ['espalier'], defaultPack: 'narrowest' as const }
    const { client } = this.#cluster
    const halves = startHalves({ ...world, client }, { ...shared, operator: createOperator, scheduler: false })
    this.#stops.push(() => halves.stop())
    await this.#clock.during(halves.ready)
    const own = kubeClient(this.#evicting(this.#cluster.transport))
    if (scheduler === 'espalier') {
      const ours = startHalves({ ...world, client: own }, { ...shared, operator: null, scheduler: true })
      this.#stops.push(() => ours.stop())
      return this.#clock.during(ours.ready)
    }
    const rival = new RivalScheduler(scheduler, { ...world, client: own, world: this.#world })
    rival.start()
    this.#stops.push(() => rival.stop())
  }

  /** Pods that the scheduler takes away are evictions; nobody else is asked through this transport. */
  #evicting(transport: Transport): Transport {
    return {
      ...transport,
      stream: (request) => transport.stream(request),
      close: () => transport.close(),
      request: (request) => {
        if (request.method === 'DELETE' && request.path.includes('/pods/')) this.#evictions++
        return transport.request(request)
      },
    }
  }

  async #apply(): Promise<void> {
    const { serving } = this.#course
    const level = this.#world.levels.at(-1)?.level ?? null
    for (const service of this.#services.values())
      for (const object of objectsOf(service, NAMESPACE, 'espalier', serving.packs, level)) {
        const type = object.kind === 'PodCliqueSet' ? POD_CLIQUE_SETS : AUTOSCALERS
        valueOrThrow(await this.#clock.during(this.#cluster.client.create(type, object)))
      }
  }

  /** Of a set all requests; of a part of a copy those that reach the copy. */
  #metricOf({ metadata, spec }: KubeObject & { spec?: unknown }): string | null {
    const { kind, name } = (spec as { scaleTargetRef: { kind: string; name: string } }).scaleTargetRef
    const set = kind === 'PodCliqueSet' ? name : (metadata.labels?.[PART_OF] ?? '')
    const service = this.#services.get(set)
    if (service === undefined) return null
    const rate = rateAt(service.demand, this.#clock.monotonicMs() - this.#beganMs)
    return milliText(kind === 'PodCliqueSet' ? rate : rate / Math.max(1, this.#copies.get(set) ?? 1))
  }

  #countScales(type: ResourceType, level: keyof ServingFigures['scaled']): void {
    this.#watch<KubeObject & { spec?: { replicas?: number } }>(type, ({ kind, object, before }) => {
      const replicas = object.spec?.replicas ?? 0
      if (kind === 'updated' && before.spec?.replicas !== replicas) this.#scaled[level]++
      if (type === POD_CLIQUE_SETS) this.#copies.set(object.metadata.name, replicas)
    })
  }

  /** What a reader throws ends the run: a reflector only reports it. */
  #watch<T extends KubeObject>(
    type: ResourceType,
    read: NonNullable<Parameters<typeof reflector<T>>[0]['onDelta']>,
  ): void {
    const feed = reflector<T>({
      client: this.#cluster.client,
      clock: this.#clock,
      random: seededRandom(this.#course.scenario.seed),
      type,
      namespace: NAMESPACE,
      onDelta: (delta) => {
        try {
          read(delta)
        } catch (error) {
          this.#fault ??= error
        }
      },
    })
    feed.start()
    this.#stops.push(() => feed.stop())
  }

  async #judge(hour: number): Promise<void> {
    const { scheduler, words } = this.#course
    const page = valueOrThrow(await this.#clock.during(this.#cluster.client.list<Pod>(PODS)))
    const gangs = this.#ledger.open.filter(isSteady).map((piece) => this.#gangOf(piece))
    const { faults } = judge({ nodes: this.#world.nodes, pods: page.items, namespace: NAMESPACE, gangs, words })
    if (faults.length > 0) throw new Error(`${scheduler}, hour ${hour}: ${faults.join('; ')}`)
  }

  #gangOf({ name, pods, size }: Piece): Gang {
    const level = size === 1 ? null : (this.#world.levels.at(-1)?.level ?? null)
    const isRequired = this.#course.serving.packs === 'required'
    const names = [...pods.values()].map(({ metadata }) => metadata.name)
    return {
      name,
      kind: 'engine',
      groups: [{ name: 'a', pods: names, gpu: 0, cpu: 0, memoryGi: 0, required: null }],
      required: isRequired ? level : null,
      preferred: isRequired ? null : level,
      isSingle: size === 1,
      fits: true,
    }
  }
}

/** Whole, and nothing of it is going. */
const isSteady = ({ pods, size }: Piece): boolean => pods.size === size && [...pods.values()].every(isActive)
