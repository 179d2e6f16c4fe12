import { NODE_GPUS } from '../planner/objects.ts'
import type { Seated } from '../planner/virtual-scheduler.ts'
import { BLOCK_DOMAINS, DOMAIN, DOMAIN_NODES, levelOf, type StreamGang } from './stream.ts'

export type Start = Seated<StreamGang>

/** One scheduler on a stream. All try what waits in order of arrival and let a later gang pass where it fits. */
export interface Rival<G> {
  readonly name: string
  offer(gang: G): void
  end(gang: G): void
  /** Seats what can be seated at this time. */
  settle(nowMs: number): readonly Seated<G>[]
  /** Where a gang that runs is; null: not all of it has a node. */
  nodesOf(gang: G): readonly number[] | null
}

/** All pods of a gang are alike here. */
export interface PlainGang {
  readonly pods: number
  readonly gpusAPod: number
}

/** Where a baseline may put a gang: lists of node positions to try. */
export type Regions<G> = (gang: G, free: Int32Array) => readonly (readonly number[])[]

export class Baseline<G extends PlainGang> implements Rival<G> {
  readonly name: string
  readonly #free: Int32Array
  readonly #regions: Regions<G>
  readonly #waiting: G[] = []
  readonly #running = new Map<G, readonly number[]>()

  constructor(name: string, nodes: number, gpusANode: number, regions: Regions<G>) {
    this.name = name
    this.#free = new Int32Array(nodes).fill(gpusANode)
    this.#regions = regions
  }

  offer(gang: G): void {
    this.#waiting.push(gang)
  }

  end(gang: G): void {
    for (const n of this.#running.get(gang) ?? []) this.#free[n]! += gang.gpusAPod
    this.#running.delete(gang)
  }

  nodesOf(gang: G): readonly number[] | null {
    return this.#running.get(gang) ?? null
  }

  settle(): readonly Seated<G>[] {
    const starts: Seated<G>[] = []
    for (const gang of [...this.#waiting]) {
      const nodes = this.#place(gang)
      if (nodes === null) continue
      this.#waiting.splice(this.#waiting.indexOf(gang), 1)
      this.#running.set(gang, nodes)
      starts.push({ gang, nodes })
    }
    return starts
  }

  #place(gang: G): readonly number[] | null {
    for (const region of this.#regions(gang, this.#free)) {
      const nodes = bestFit(gang, region, this.#free)
      if (nodes === null) continue
      for (const n of nodes) this.#free[n]! -= gang.gpusAPod
      return nodes
    }
    return null
  }
}

/** The fullest nodes first. */
function bestFit({ pods, gpusAPod }: PlainGang, region: readonly number[], free: Int32Array): readonly number[] | null {
  const open = region.filter((n) => free[n]! >= gpusAPod).sort((a, b) => free[a]! - free[b]! || a - b)
  const nodes: number[] = []
  for (const n of open) {
    for (let left = free[n]!; left >= gpusAPod && nodes.length < pods; left -= gpusAPod) nodes.push(n)
    if (nodes.length === pods) return nodes
  }
  return null
}

/** Knows nothing of topology: its occupancy is what the hardware allows. */
export function blind(nodes: number): Rival<StreamGang> {
  const all = Array.from({ length: nodes }, (_, n) => n)
  return new Baseline('blind', nodes, NODE_GPUS, () => [all])
}

/** The region with the least room that suffices in sum, the first of equal ones; null: none does. */
export function tightest(
  regions: readonly (readonly number[])[],
  free: Int32Array,
  asked: number,
): readonly number[] | null {
  const room = (region: readonly number[]): number => region.reduce((sum, n) => sum + free[n]!, 0)
  const enough = regions.map((region) => ({ region, room: room(region) })).filter((each) => each.room >= asked)
  return enough.sort((a, b) => a.room - b.room)[0]?.region ?? null
}

/** The field's way: the domain with the least room whose free GPUs suffice in sum, pods onto its fullest nodes; if they do
 * not fit there the gang waits. */
export function greedy(nodes: number): Rival<StreamGang> {
  const parts = (size: number): number[][] =>
    Array.from({ length: Math.ceil(nodes / size) }, (_, d) =>
      Array.from({ length: Math.min(size, nodes - d * size) }, (__, i) => d * size + i),
    )
  const domains = parts(DOMAIN_NODES)
  const blocks = parts(DOMAIN_NODES * BLOCK_DOMAINS)
  return new Baseline('greedy', nodes, NODE_GPUS, (gang, free) => {
    const region = tightest(levelOf(gang) === DOMAIN ? domains : blocks, free, gang.pods * gang.gpusAPod)
    return region === null ? [] : [region]
  })
}
