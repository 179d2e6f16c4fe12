import type { NodeFacts } from '../../scheduler/state/node-facts.ts'
import type { PodFacts } from '../../scheduler/state/pod-facts.ts'
import { faultsOf } from '../planner/checker.ts'
import { NODE_GPUS } from '../planner/objects.ts'
import type { Level, Scenario } from '../planner/scenario.ts'
import { objectsOf, type Packs } from './espalier.ts'
import type { Rival, Start } from './rivals.ts'
import { BLOCK, DOMAIN, DOMAIN_NODES, levelOf, nodesNeeded, type StreamGang } from './stream.ts'

const TICK_MS = 60_000
/** What runs is judged as a whole every so many ticks, and each gang when it starts. */
const JUDGED_EVERY = 60

export interface Course {
  readonly stream: readonly StreamGang[]
  readonly nodes: readonly NodeFacts[]
  readonly horizonMs: number
  /** Not counted: the cluster fills. */
  readonly warmUpMs: number
  /** So many gangs always wait; null: they arrive when the stream says. */
  readonly backlog: number | null
  /** What placements are judged by; null: nothing but what the nodes hold. */
  readonly judgedBy: Packs | null
}

export interface Measured {
  readonly name: string
  /** GPU time used by GPU time there is, after the warm-up. */
  readonly occupancyPercent: number
  readonly started: number
  readonly ended: number
  /** NVLink domains used by the fewest that would do, over the gangs started. */
  readonly domainsByFewest: number
  readonly waitMinutes: number
}

/** Runs one scheduler over the stream in ticks of a minute. Throws where the independent checker finds a fault. */
export function course(
  rival: Rival<StreamGang>,
  { stream, horizonMs, warmUpMs, backlog, nodes, judgedBy }: Course,
): Measured {
  const running = new Map<StreamGang, { readonly start: Start; readonly endsMs: number }>()
  const judge = new Judge(nodes, judgedBy)
  let [next, waiting, used, busyMs, ended, domains, fewest, waitMs, started] = [0, 0, 0, 0, 0, 0, 0, 0, 0]
  for (let nowMs = 0; nowMs < horizonMs; nowMs += TICK_MS) {
    for (const [gang, { endsMs }] of running) {
      if (endsMs > nowMs) continue
      running.delete(gang)
      rival.end(gang)
      used -= gang.pods * gang.gpusAPod
      ended++
    }
    const isDue = (gang: StreamGang): boolean => (backlog === null ? gang.arrivesMs <= nowMs : waiting < backlog)
    for (; next < stream.length && isDue(stream[next]!); next++, waiting++) rival.offer(stream[next]!)
    for (const start of rival.settle(nowMs)) {
      const { gang } = start
      running.set(gang, { start, endsMs: nowMs + gang.durationMs })
      waiting--
      used += gang.pods * gang.gpusAPod
      judge.judge([start])
      started++
      waitMs += nowMs - Math.min(nowMs, gang.arrivesMs)
      domains += new Set(start.nodes.map((n) => Math.floor(n / DOMAIN_NODES))).size
      fewest += Math.ceil(nodesNeeded(gang) / DOMAIN_NODES)
    }
    if (nowMs >= warmUpMs) busyMs += used * TICK_MS
    if ((nowMs / TICK_MS) % JUDGED_EVERY === 0) judge.judge([...running.values()].map(({ start }) => start))
  }
  if (started === 0 || ended === 0) throw new Error(`${rival.name} did nothing`)
  if (backlog !== null && next >= stream.length) throw new Error('the stream ended before the time did')
  return {
    name: rival.name,
    occupancyPercent: round((100 * busyMs) / (nodes.length * NODE_GPUS * (horizonMs - warmUpMs))),
    started,
    ended,
    domainsByFewest: round(domains / fewest),
    waitMinutes: round(waitMs / started / 60_000),
  }
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000

/** Asks the planner's independent checker about what runs: nothing over-committed, required domains kept. */
class Judge {
  readonly #nodes: readonly NodeFacts[]
  readonly #packs: Packs | null

  constructor(nodes: readonly NodeFacts[], packs: Packs | null) {
    this.#nodes = nodes
    this.#packs = packs
  }

  judge(starts: readonly Start[]): void {
    const placed = new Map<string, string>()
    const pods: PodFacts[] = []
    const byLevel = new Map<Level, PodFacts[]>([
      [DOMAIN, []],
      [BLOCK, []],
    ])
    for (const { gang, nodes } of starts) {
      const own = objectsOf(gang, 'required').pods
      if (nodes.length !== own.length)
        throw new Error(`${gang.name}: ${nodes.length} of ${own.length} pods have a node`)
      own.forEach((pod, i) => placed.set(pod.name, this.#nodes[nodes[i]!]!.name))
      pods.push(...own)
      byLevel.get(levelOf(gang))!.push(...own)
    }
    const faults = this.#faults(pods, placed, null)
    if (this.#packs === 'required') {
      for (const [level, own] of byLevel) faults.push(...this.#faults(own, placed, level))
    }
    if (faults.length > 0) throw new Error(faults.slice(0, 5).join('; '))
  }

  #faults(pods: readonly PodFacts[], placed: ReadonlyMap<string, string>, required: Level | null): string[] {
    const scenario = { groups: [], ...(required === null ? {} : { required }) }
    return faultsOf(scenario as unknown as Scenario, this.#nodes, pods, placed)
  }
}
