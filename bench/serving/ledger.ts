/** What came, waited, ran and went, told by a watch on pods; in virtual time. */
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { SCALING_GROUP, SCALING_GROUP_REPLICA_INDEX } from '../../api/names.ts'
import type { Delta } from '../../kube/reflector/types.ts'
import { isFinished, isReady } from '../../operator/observed-pod.ts'
import { rounded, type ServingFigures, spreadOf, type TraceFigures } from '../runs/result.ts'
import type { ServingWork } from '../scenario/scenario.ts'
import type { World } from '../traces/world.ts'
import { gpusOf } from './gpus.ts'
import { ENGINES } from './service.ts'

/** What serves only as a whole: an engine of a leader and its workers, or a pod that belongs to none. */
export interface Piece {
  readonly name: string
  readonly pods: Map<string, Pod>
  /** Pods that it has when it is whole. */
  readonly size: number
  /** Null: not yet. */
  createdMs: number | null
  boundMs: number | null
  readyMs: number | null
  /** Domains of the narrowest level that it used when all of it was bound. */
  racks: number
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

export class Ledger {
  readonly #world: World
  readonly #packs: ServingWork['packs']
  readonly #nowMs: () => number
  readonly #pieces: Piece[] = []
  readonly #open = new Map<string, Piece>()
  readonly #position: ReadonlyMap<string, number>
  readonly #used: Int32Array
  readonly #sums = { bound: 0, asked: 0, ready: 0 }
  readonly #areas = { bound: 0, asked: 0, ready: 0 }
  readonly #hours: [hour: number, percent: number][] = []
  readonly #fragmented: number[] = []
  #sinceMs = 0
  #hourMs = 0
  #hourArea = 0

  constructor(world: World, packs: ServingWork['packs'], nowMs: () => number) {
    this.#world = world
    this.#packs = packs
    this.#nowMs = nowMs
    this.#position = new Map(world.nodes.map(({ metadata: { name = '' } }, at) => [name, at]))
    this.#used = new Int32Array(world.nodes.length)
  }

  /** Those that are there now. */
  get open(): readonly Piece[] {
    return [...this.#open.values()]
  }

  /** At this moment. */
  get boundPercent(): number {
    return rounded((100 * this.#sums.bound) / (this.#world.nodes.length * this.#world.gpusANode))
  }

  /** Throws where a node gets more pods than it has GPUs. */
  take({ kind, object, before }: Delta<Pod>): void {
    this.#pass()
    if (before !== null) this.#count(before, -1)
    if (kind !== 'deleted') this.#count(object, 1)
    const key = pieceOf(object)
    const piece = this.#open.get(key) ?? this.#begin(key, object)
    if (kind === 'deleted') piece.pods.delete(object.metadata.uid)
    else piece.pods.set(object.metadata.uid, object)
    if (piece.pods.size === 0) this.#open.delete(key)
    else this.#date(piece)
  }

  /** At the end of an hour: the GPU time in use since the one before. */
  closeHour(): void {
    this.#pass()
    const hour = Math.round(this.#nowMs() / HOUR_MS)
    const gpuMs = this.#world.nodes.length * this.#world.gpusANode * (this.#sinceMs - this.#hourMs)
    this.#hours.push([hour, rounded((100 * (this.#areas.bound - this.#hourArea)) / Math.max(1, gpuMs), 2)])
    this.#hourMs = this.#sinceMs
    this.#hourArea = this.#areas.bound
  }

  /** How broken the nodes are now; not where a window ends, when autoscalers have heard of the next one or have not. */
  sample(): void {
    const free = [...this.#used].map((used) => ({ used, free: this.#world.gpusANode - used }))
    const all = free.reduce((sum, node) => sum + node.free, 0)
    const broken = free.filter(({ used }) => used > 0).reduce((sum, node) => sum + node.free, 0)
    if (all > 0) this.#fragmented.push((100 * broken) / all)
  }

  figures(): Omit<TraceFigures, 'evictions' | 'serving'> & { readonly serving: Omit<ServingFigures, 'scaled'> } {
    this.#pass()
    const gpus = this.#world.nodes.length * this.#world.gpusANode
    const placed = this.#pieces.filter(({ boundMs }) => boundMs !== null)
    const minutes = (of: (piece: Piece) => number | null): number[] =>
      placed.flatMap((piece) => {
        const ms = of(piece)
        return ms === null || piece.createdMs === null ? [] : [(ms - piece.createdMs) / MINUTE_MS]
      })
    const spread = (values: readonly number[]): TraceFigures['waitMinutes'] => ({
      ...spreadOf(values),
      mean: rounded(values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length), 2),
    })
    const racks = placed.filter(({ size }) => size > 1).map((engine) => engine.racks)
    return {
      jobs: this.#pieces.length,
      started: placed.length,
      occupancyPercent: rounded((100 * this.#areas.bound) / (gpus * Math.max(1, this.#sinceMs)), 2),
      waitMinutes: spread(minutes(({ boundMs }) => boundMs)),
      fragmentationPercent: rounded(mean(this.#fragmented), 2),
      domainsByFewest: rounded(mean(racks), 3),
      brokenPreferences: this.#packs === 'required' ? 0 : racks.filter((count) => count > 1).length,
      occupancy: this.#hours,
      serving: {
        wholeMinutes: spread(minutes(({ readyMs }) => readyMs)),
        notReadyPercent: rounded(100 * (1 - this.#areas.ready / Math.max(1, this.#areas.asked)), 2),
      },
    }
  }

  #begin(key: string, pod: Pod): Piece {
    const size = ENGINES.get(engineOf(pod)) ?? 1
    const piece = { name: key, pods: new Map(), size, createdMs: null, boundMs: null, readyMs: null, racks: 1 }
    this.#open.set(key, piece)
    this.#pieces.push(piece)
    return piece
  }

  #date(piece: Piece): void {
    const nowMs = this.#nowMs()
    const count = (is: (pod: Pod) => boolean): number => [...piece.pods.values()].filter(is).length
    if (piece.pods.size >= piece.size) piece.createdMs ??= nowMs
    if (piece.boundMs === null && count(({ spec }) => (spec.nodeName ?? '') !== '') >= piece.size) {
      piece.boundMs = nowMs
      piece.racks = this.#racksOf(piece)
    }
    if (count(isReady) >= piece.size) piece.readyMs ??= nowMs
  }

  #count(pod: Pod, sign: 1 | -1): void {
    if (isFinished(pod)) return
    const gpus = sign * gpusOf(pod)
    this.#sums.asked += gpus
    if (isReady(pod)) this.#sums.ready += gpus
    const at = this.#position.get(pod.spec.nodeName ?? '')
    if (at === undefined) return
    this.#sums.bound += gpus
    this.#used[at]! += gpus
    if (this.#used[at]! > this.#world.gpusANode)
      throw new Error(`${pod.spec.nodeName} has ${this.#world.gpusANode} GPUs, ${this.#used[at]} are used`)
  }

  #pass(): void {
    const nowMs = this.#nowMs()
    const passedMs = nowMs - this.#sinceMs
    for (const name of ['bound', 'asked', 'ready'] as const) this.#areas[name] += this.#sums[name] * passedMs
    this.#sinceMs = nowMs
  }

  #racksOf({ pods }: Piece): number {
    const nodes = [...pods.values()].map(({ spec }) => this.#position.get(spec.nodeName ?? ''))
    const { domains = [] } = this.#world.levels.at(-1) ?? {}
    return domains.filter((domain) => nodes.some((at) => at !== undefined && domain.includes(at))).length
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)

/** The engine of a pod of a scaling group, as `service.ts` names them; empty: a pod by itself. */
const engineOf = ({ metadata: { labels = {} } }: Pod): string => labels[SCALING_GROUP]?.split('-').at(-1) ?? ''

function pieceOf({ metadata: { labels = {}, uid } }: Pod): string {
  const group = labels[SCALING_GROUP]
  return group === undefined ? uid : `${group}-${labels[SCALING_GROUP_REPLICA_INDEX]}`
}
