/** One scheduler over a trace in virtual time: what comes, what ends, where it ran, how long it waited. */
import type { Pod } from '../../api/kinds/kubernetes.ts'
import type { Rival } from '../occupancy/rivals.ts'
import type { Words } from '../peers/adapter.ts'
import { podGang } from '../peers/pod-gang.ts'
import type { Seated } from '../planner/virtual-scheduler.ts'
import { judge } from '../runs/checker.ts'
import { PLACE } from '../runs/plan-once.ts'
import { rounded, spreadOf, type TraceFigures } from '../runs/result.ts'
import { write } from '../runs/work.ts'
import type { TraceWork } from '../scenario/scenario.ts'
import type { TraceJob } from './jobs.ts'
import { fewestDomains, gangOf } from './packs.ts'
import type { World } from './world.ts'

const HOUR_MS = 3_600_000
/** All that runs is judged once in so many starts, and every job when it starts. */
const JUDGED_EVERY = 100

export interface TraceCourse {
  readonly world: World
  readonly jobs: readonly TraceJob[]
  readonly packs: TraceWork['packs']
  /** By what placements are judged: a blind scheduler is not asked for domains. */
  readonly words: Words
}

/** Throws where the checker finds a fault. */
export function runCourse(rival: Rival<TraceJob>, course: TraceCourse): TraceFigures {
  return new Running(rival, course).run()
}

class Running {
  readonly #rival: Rival<TraceJob>
  readonly #course: TraceCourse
  readonly #running = new Map<TraceJob, { readonly seated: Seated<TraceJob>; readonly endsMs: number }>()
  readonly #free: Int32Array
  readonly #waits: number[] = []
  readonly #hours: [hour: number, percent: number][] = []
  #usedGpus = 0
  #busyMs = 0
  #fragmented = 0
  #samples = 0
  #domains = 0
  #fewest = 0
  #brokenPreferences = 0
  #evictions = 0

  constructor(rival: Rival<TraceJob>, course: TraceCourse) {
    this.#rival = rival
    this.#course = course
    this.#free = new Int32Array(course.world.nodes.length).fill(course.world.gpusANode)
  }

  run(): TraceFigures {
    const { jobs, world } = this.#course
    const horizonMs = jobs.at(-1)?.arrivesMs ?? 0
    let nowMs = 0
    for (let next = 0; next < jobs.length || this.#running.size > 0; ) {
      const endMs = Math.min(...[...this.#running.values()].map(({ endsMs }) => endsMs))
      const thenMs = Math.min(jobs[next]?.arrivesMs ?? Number.POSITIVE_INFINITY, endMs)
      this.#pass(nowMs, thenMs, horizonMs)
      nowMs = thenMs
      this.#endDue(nowMs)
      for (; (jobs[next]?.arrivesMs ?? Number.POSITIVE_INFINITY) <= nowMs; next++) this.#rival.offer(jobs[next]!)
      for (const seated of this.#rival.settle(nowMs)) this.#begin(seated, nowMs)
    }
    const mean = this.#waits.reduce((sum, wait) => sum + wait, 0) / Math.max(1, this.#waits.length)
    return {
      jobs: jobs.length,
      started: this.#waits.length,
      occupancyPercent: rounded(
        (100 * this.#busyMs) / (world.nodes.length * world.gpusANode * Math.max(1, horizonMs)),
        2,
      ),
      waitMinutes: { ...spreadOf(this.#waits), mean: rounded(mean) },
      fragmentationPercent: rounded((100 * this.#fragmented) / Math.max(1, this.#samples), 2),
      domainsByFewest: rounded(this.#domains / Math.max(1, this.#fewest), 3),
      brokenPreferences: this.#brokenPreferences,
      evictions: this.#evictions,
      serving: null,
      occupancy: this.#hours,
    }
  }

  /** Time goes by in which nothing changes; what comes after the last arrival is not counted. */
  #pass(fromMs: number, toMs: number, horizonMs: number): void {
    this.#busyMs += this.#usedGpus * Math.max(0, Math.min(toMs, horizonMs) - Math.min(fromMs, horizonMs))
    for (let hour = Math.ceil(fromMs / HOUR_MS); hour * HOUR_MS < Math.min(toMs, horizonMs); hour++) this.#sample(hour)
  }

  /** Of the free GPUs, how many lie on nodes of which others use a part. */
  #sample(hour: number): void {
    const { gpusANode, nodes } = this.#course.world
    const total = gpusANode * nodes.length
    const broken = this.#free.reduce((sum, free) => sum + (free < gpusANode ? free : 0), 0)
    const free = total - this.#usedGpus
    if (free > 0) {
      this.#fragmented += broken / free
      this.#samples++
    }
    this.#hours.push([hour, rounded((100 * this.#usedGpus) / total)])
  }

  #endDue(nowMs: number): void {
    for (const [job, { seated, endsMs }] of this.#running) {
      if (endsMs > nowMs) continue
      const now = this.#rival.nodesOf(job)
      if (now === null || now.some((at, i) => at !== seated.nodes[i])) this.#evictions++
      this.#running.delete(job)
      this.#rival.end(job)
      this.#use(seated, -1)
    }
  }

  #use({ gang, nodes }: Seated<TraceJob>, sign: 1 | -1): void {
    for (const at of nodes) this.#free[at]! -= sign * gang.gpusAPod
    this.#usedGpus += sign * gang.pods * gang.gpusAPod
  }

  #begin(seated: Seated<TraceJob>, nowMs: number): void {
    const { world, packs } = this.#course
    const { gang: job, nodes } = seated
    this.#running.set(job, { seated, endsMs: nowMs + job.durationMs })
    this.#use(seated, 1)
    this.#waits.push((nowMs - job.arrivesMs) / 60_000)
    const used = this.#domainsUsed(nodes)
    const fewest = fewestDomains(job, world)
    this.#domains += used
    this.#fewest += fewest
    if (packs === 'preferred' && fewest === 1 && used > 1) this.#brokenPreferences++
    this.#check([seated])
    if (this.#waits.length % JUDGED_EVERY === 0) this.#check([...this.#running.values()].map((each) => each.seated))
  }

  #domainsUsed(nodes: readonly number[]): number {
    const narrowest = this.#course.world.levels.at(-1)?.domains ?? []
    const on = new Set(nodes)
    return narrowest.filter((domain) => domain.some((at) => on.has(at))).length
  }

  #check(seats: readonly Seated<TraceJob>[]): void {
    const { world, packs, words } = this.#course
    const gangs = seats.map(({ gang }) => gangOf(gang, world, packs))
    const pods = seats.flatMap(({ nodes }, i) =>
      write(gangs[i]!, podGang, PLACE).pods.map((pod, p) => {
        const nodeName = world.nodes[nodes[p] ?? -1]?.metadata.name ?? ''
        return { ...pod, spec: { ...(pod['spec'] as object), nodeName } } as unknown as Pod
      }),
    )
    const { faults, boundPods } = judge({ nodes: world.nodes, pods, namespace: PLACE.namespace, gangs, words })
    const missing = boundPods === pods.length ? [] : [`${boundPods} of ${pods.length} pods have a node`]
    if (faults.length + missing.length > 0)
      throw new Error(`${this.#rival.name}: ${[...faults, ...missing].join('; ')}`)
  }
}
