/** One round of one peer on an API server: the work arrives, the scheduler runs, the checker judges, all goes again. */
import { Refused } from '../../cli/command.ts'
import { PODS } from '../../kube/resources.ts'
import { seededRandom } from '../../kube/random.ts'
import { since, sum, writesOf } from '../binding/requests.ts'
import { createAll, inParallel, take } from '../load.ts'
import type { Adapter, Place, TypedObject } from '../peers/adapter.ts'
import { type Arrival, fittingPods, type GangWork, type Scenario } from '../scenario/scenario.ts'
import { judge, type Judged } from './checker.ts'
import { type Cost, costOf, type MeasuredScheduler } from './processes.ts'
import { record, type Recorder } from './recorder.ts'
import { curveOf, type Figures, type Outcome, rounded, spreadOf } from './result.ts'
import { deletePods, listNodes, listPods, type TestServer } from './server.ts'
import { gangsOf, write, type Written } from './work.ts'

export interface GangRound {
  readonly server: TestServer
  readonly scenario: Scenario
  readonly gangs: readonly GangWork[]
  readonly arrival: Arrival
  readonly adapter: Adapter
  readonly place: Place
  /** Starts the scheduler; one that runs by itself gives a process that is not known. */
  readonly start: () => Promise<MeasuredScheduler>
  readonly round: number
  /** No round comes after it on this server. */
  readonly isLast: boolean
  readonly signal: AbortSignal
  /** For a person who waits: how far it is. */
  readonly tell: (line: string) => void
}

/** Nothing was bound for so long: it is over, or stuck. */
const IDLE_MS = 60_000
const PROBE = 'probe'
const SETTLE_MS = 500
const SETTLE_LOOKS = 40

/** Takes what it created away again, unless the server goes anyway: with the last round, or because this one broke. */
export async function runGangRound(given: GangRound): Promise<Outcome> {
  const course = new Course(given)
  let isWhole = false
  try {
    const outcome = await course.run()
    isWhole = true
    return outcome
  } finally {
    await course.stop()
    if (!given.server.isOurs || (isWhole && !given.isLast)) await course.clear()
  }
}

class Course {
  readonly #given: GangRound
  readonly #untilMs: number
  readonly #shared: TypedObject[] = []
  /** Those that are there. */
  #written: Written[] = []
  /** Pods of gangs that do not fit, for whoever can be told why. */
  readonly #hopeless = new Set<string>()
  readonly #createdMs = new Map<string, number>()
  #recorder: Recorder | null = null
  #scheduler: MeasuredScheduler | null = null
  #startMs = 0
  #expected = 0
  /** Requests that this process made since the counting began, which are none of the scheduler's. */
  #ownWrites = 0

  constructor(given: GangRound) {
    this.#given = given
    this.#untilMs = performance.now() + given.scenario.limitSeconds * 1_000
  }

  async run(): Promise<Outcome> {
    const { server, gangs, arrival, adapter, place, start, scenario, round } = this.#given
    const random = seededRandom(scenario.seed + round)
    const first = gangsOf(gangs, `r${round}-`, random).map((gang) => write(gang, adapter, place))
    await this.#share(first)
    const isBefore = arrival.kind === 'before'
    if (!isBefore) await this.#warm(start)
    if (isBefore || arrival.kind === 'live' || arrival.kind === 'waves')
      await this.#create(first, isBefore ? 'all' : 'objects')
    this.#recorder = await record(server, place.namespace, (pod) => !this.#hopeless.has(pod))
    const before = await this.#costs()
    this.#startMs = performance.now()
    if (isBefore) this.#scheduler = await start()
    const isDone = await this.#arrive(first)
    const after = isDone ? await this.#settledCosts() : before
    if (!isDone) return this.#unbound()
    const judged = await this.#judge()
    const wrong = [...judged.faults, ...this.#unmet(judged)]
    return wrong.length > 0
      ? { kind: 'wrong', faults: wrong }
      : { kind: 'measured', figures: this.#figures(judged, before, after) }
  }

  /** Comes before the clearing up, so that nothing of that is the scheduler's work. */
  async stop(): Promise<void> {
    await this.#scheduler?.stop()
    await this.#recorder?.stop()
  }

  async clear(): Promise<void> {
    const { server, place } = this.#given
    await deletePods(server, place.namespace, [...podNames(this.#written), PROBE], () => this.#isServerGoing())
    await this.#remove([...this.#written.flatMap(({ objects }) => objects), ...this.#shared])
  }

  async #share(first: readonly Written[]): Promise<void> {
    const { adapter, place, server } = this.#given
    const shared = adapter.shared(
      place,
      first.map(({ gang }) => gang),
      await listNodes(server),
    )
    this.#shared.push(...shared)
    for (const { type, object } of shared) take(await server.client.create(type, object))
  }

  /** A running scheduler that has bound a pod has read the cluster. */
  async #warm(start: () => Promise<MeasuredScheduler>): Promise<void> {
    const { server, place, adapter, signal } = this.#given
    const group = { name: 'a', pods: [PROBE], gpu: 0, cpu: 0.001, memoryGi: 0.01, required: null }
    const probe = {
      name: PROBE,
      kind: PROBE,
      groups: [group],
      required: null,
      preferred: null,
      isSingle: true,
      fits: true,
    }
    this.#recorder = await record(server, place.namespace)
    this.#scheduler = await start()
    const written = write(probe, adapter, place)
    for (const { type, object } of written.objects) take(await server.client.create(type, object))
    take(await server.client.create(PODS, written.pods[0]!))
    const isReady = await this.#recorder.until(1, { idleMs: IDLE_MS, untilMs: this.#untilMs, signal, tell: () => {} })
    await this.#recorder.stop()
    await deletePods(server, place.namespace, [PROBE])
    await this.#remove(written.objects)
    if (!isReady && !signal.aborted)
      throw new Refused(
        `no pod of schedulerName ${place.schedulerName} is bound here: does it run? ${this.#scheduler.said()}`,
        1,
      )
  }

  async #create(works: readonly Written[], what: 'all' | 'objects'): Promise<void> {
    const { client } = this.#given.server
    this.#written.push(...works)
    for (const pod of podNames(works.filter(({ gang }) => !gang.fits))) this.#hopeless.add(pod)
    const byType = Map.groupBy(
      works.flatMap(({ objects }) => objects),
      ({ type }) => type,
    )
    for (const [type, objects] of byType) {
      await createAll(
        client,
        type,
        objects.map(({ object }) => object),
      )
      this.#ownWrites += objects.length
    }
    if (what === 'all')
      await createAll(
        client,
        PODS,
        works.flatMap(({ pods }) => pods),
      )
  }

  /** The pods come, and are waited for; in waves, again and again. */
  async #arrive(first: readonly Written[]): Promise<boolean> {
    const { arrival } = this.#given
    if (arrival.kind === 'one-by-one') {
      for (const work of first) {
        await this.#create([work], 'objects')
        if (!(await this.#pods([work]))) return false
      }
      return true
    }
    if (arrival.kind === 'before') return this.#wait(first)
    if (!(await this.#pods(first))) return false
    if (arrival.kind === 'live') return true
    for (let wave = 1; wave <= arrival.waves; wave++)
      if (!(await this.#replace(wave, arrival.replacedPercent))) return false
    return true
  }

  /** Creates pods, noting when each gang's last one was there, and waits until they are bound. */
  async #pods(works: readonly Written[]): Promise<boolean> {
    const { client } = this.#given.server
    const pods = works.flatMap(({ gang, pods: own }) => own.map((pod) => ({ gang: gang.name, pod })))
    const waiting = this.#wait(works)
    waiting.catch(() => {}) // where the creation fails first, nobody is left to wait for it
    await inParallel(pods.length, async (i) => {
      take(await client.create(PODS, pods[i]!.pod))
      this.#createdMs.set(pods[i]!.gang, performance.now())
    })
    this.#ownWrites += pods.length
    return waiting
  }

  #wait(works: readonly Written[]): Promise<boolean> {
    const { signal, scenario, gangs } = this.#given
    const { bound } = scenario.expect
    const fitting = works.filter(({ gang }) => gang.fits).reduce((sum_, { pods }) => sum_ + pods.length, 0)
    this.#expected += bound === 'all' ? fitting : Math.floor((bound * fitting) / Math.max(1, fittingPods(gangs)))
    const tell = (count: number): void => this.#given.tell(`  ${count} of ${this.#expected} pods bound`)
    return this.#recorder!.until(this.#expected, { idleMs: IDLE_MS, untilMs: this.#untilMs, signal, tell })
  }

  /** A share of the gangs goes, and as many of the same shapes come. */
  async #replace(wave: number, percent: number): Promise<boolean> {
    const { server, place, adapter, gangs, scenario } = this.#given
    const random = seededRandom(scenario.seed + 1_000 * wave)
    const going = new Set(this.#written.filter(({ gang }) => gang.fits && random() * 100 < percent))
    this.#written = this.#written.filter((work) => !going.has(work))
    await deletePods(server, place.namespace, podNames([...going]))
    await this.#remove([...going].flatMap(({ objects }) => objects))
    this.#ownWrites += [...going].reduce((sum_, { objects, pods }) => sum_ + objects.length + pods.length, 0)
    const counts = Map.groupBy([...going], ({ gang }) => gang.kind)
    const anew = gangs.flatMap((kind) => ({ ...kind, count: counts.get(kind.name)?.length ?? 0 }))
    const works = gangsOf(anew, `r${this.#given.round}w${wave}-`, random).map((gang) => write(gang, adapter, place))
    await this.#create(works, 'objects')
    return this.#pods(works)
  }

  /** With all that is on it: after a Ctrl-C nothing need be cleared there. */
  #isServerGoing(): boolean {
    const { signal, server } = this.#given
    return signal.aborted && server.isOurs
  }

  async #remove(objects: readonly TypedObject[]): Promise<void> {
    const { client } = this.#given.server
    await inParallel(objects.length, async (i) => {
      if (this.#isServerGoing()) return
      const { type, object } = objects[i]!
      const { namespace = '', name = '' } = object.metadata
      await client.delete(type, { namespace, name })
    })
  }

  async #judge(): Promise<Judged> {
    const { server, place, adapter } = this.#given
    const gangs = this.#written.map(({ gang }) => gang)
    const [nodes, pods] = [await listNodes(server), await listPods(server)]
    return judge({ nodes, pods, namespace: place.namespace, gangs, words: adapter.words })
  }

  #unmet({ boundPods, domainsPerGang }: Judged): string[] {
    const { scenario, adapter } = this.#given
    const fitting = this.#written.filter(({ gang }) => gang.fits).reduce((sum_, { gang }) => sum_ + podsIn(gang), 0)
    const { bound, domainsPerGangAtMost } = scenario.expect
    const few = bound === 'all' && boundPods < fitting ? [`${boundPods} of ${fitting} pods that fit are bound`] : []
    if (adapter.words.required === 'nothing') return few
    const wide = Object.entries(domainsPerGangAtMost).flatMap(([level, most]) => {
      const found = domainsPerGang[level as keyof typeof domainsPerGang] ?? 0
      return most !== undefined && found > most
        ? [`${found} domains of ${level} a gang, at most ${most} are expected`]
        : []
    })
    return [...few, ...wide]
  }

  #unbound(): Outcome {
    const bound = this.#recorder?.bound.size ?? 0
    const seconds = rounded((performance.now() - this.#startMs) / 1_000)
    return { kind: 'unbound', bound, of: this.#expected, seconds, words: this.#scheduler?.said() ?? '' }
  }

  async #costs(): Promise<Costs> {
    const { server } = this.#given
    const { apiServer, etcd } = server.pids()
    const writes = server.countsRequests ? await writesOf(server) : null
    const costs = { scheduler: costOf(this.#scheduler?.pid), apiServer: costOf(apiServer), etcd: costOf(etcd) }
    return { ...costs, writes, ownWrites: this.#ownWrites }
  }

  /** Processor time as of now; writes once they have come to rest: a status is written after the last binding. */
  async #settledCosts(): Promise<Costs> {
    const now = await this.#costs()
    let writes = now.writes
    for (let look = 0; look < SETTLE_LOOKS && writes !== null; look++) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
      const next = await writesOf(this.#given.server)
      if (sum(since(writes, next)) === 0) break
      writes = next
    }
    return { ...now, writes }
  }

  #figures(judged: Judged, before: Costs, after: Costs): Figures {
    const { scenario, arrival } = this.#given
    const bound = this.#recorder!.bound
    const times = [...bound.values()]
    const [firstMs, lastMs] = [times[0] ?? 0, times.at(-1) ?? 0]
    const ms = rounded(lastMs - firstMs)
    const originMs = arrival.kind === 'before' ? this.#startMs : Math.min(...this.#createdMs.values())
    const writes = before.writes === null || after.writes === null ? null : since(before.writes, after.writes)
    const own = after.ownWrites - before.ownWrites
    const used = (of: 'scheduler' | 'apiServer' | 'etcd'): number | null => {
      const now = after[of]
      return now === null ? null : now.cpuMs - (before[of]?.cpuMs ?? 0)
    }
    return {
      pods: times.length,
      nodes: scenario.cluster.levels.reduce((product, { count }) => product * count, scenario.cluster.nodes),
      ms,
      podsPerSecond: rounded(times.length < 2 ? 0 : ((times.length - 1) / Math.max(1, ms)) * 1_000),
      firstMs: rounded(firstMs - originMs),
      gangMs: spreadOf(this.#gangTimes()),
      schedulerCpuMs: used('scheduler'),
      apiServerCpuMs: used('apiServer'),
      etcdCpuMs: used('etcd'),
      schedulerMegabytes: after.scheduler?.residentMegabytes ?? null,
      apiServerMegabytes: after.apiServer?.residentMegabytes ?? null,
      writes,
      writesPerPod: writes === null ? null : rounded((sum(writes) - own) / times.length, 2),
      domainsPerGang: judged.domainsPerGang,
      domainCounts: judged.domainCounts,
      brokenPreferences: judged.brokenPreferences,
      partialGangs: judged.partialGangs,
      brokenUntold: judged.brokenUntold,
      curve: curveOf(times, originMs),
      trace: null,
    }
  }

  /** Of the gangs that are there at the end. */
  #gangTimes(): number[] {
    const bound = this.#recorder!.bound
    return this.#written
      .filter(({ gang }) => gang.fits)
      .map(({ gang, pods }) => {
        const lastMs = Math.max(...pods.map(({ metadata }) => bound.get(metadata.name ?? '') ?? 0))
        return Math.max(0, lastMs - (this.#createdMs.get(gang.name) ?? this.#startMs))
      })
  }
}

interface Costs {
  readonly scheduler: Cost | null
  readonly apiServer: Cost | null
  readonly etcd: Cost | null
  readonly writes: ReadonlyMap<string, number> | null
  readonly ownWrites: number
}

const podNames = (works: readonly Written[]): string[] =>
  works.flatMap(({ pods }) => pods.map(({ metadata }) => metadata.name ?? ''))

const podsIn = ({ groups }: Written['gang']): number => groups.reduce((sum_, { pods }) => sum_ + pods.length, 0)
