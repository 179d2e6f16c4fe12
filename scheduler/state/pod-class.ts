import type { ReasonCode } from '../../api/reasons.ts'
import { firstFailing, isJudgedByKind, PREDICATES } from '../predicates/list.ts'
import type { PodClassView } from '../planner/request.ts'
import type { ChangeLog } from './change-log.ts'
import type { Demand } from './demand.ts'
import type { NodeFacts } from './node-facts.ts'
import type { Layout, NodeTable } from './node-table.ts'

/** Classes not asked for longest go first. 1,000 classes × 5,000 nodes × 1 byte = 5 MB. */
const CLASSES_MAX = 1_000

/**
 * Pods that ask for the same thing: which nodes pass every predicate for them. Kept from turn to turn and brought up
 * to date from the log of changed nodes: O(changed nodes), O(nodes) when cold, when the log forgot, or when nodes
 * came or went.
 */
export interface PodClass {
  readonly demand: Demand
  /** Per column of the layout. */
  requests: Float64Array
  /** Per NodeIx: 0 where every predicate passes, else 1 + the position in PREDICATES of the first that fails, or MISSING. */
  verdicts: Uint8Array
  /** Some resource that it asks for has no column: no node has it. */
  isMissing: boolean
  /** What the planner is shown, made from the verdicts when it is asked for. */
  view: PodClassView | null
  generation: number
  epoch: number
}

export class PodClasses {
  readonly #classes = new Map<string, PodClass>()
  readonly #nodes: NodeTable
  readonly #changes: ChangeLog

  /** `changes`: nodes whose labels, taints or cordon changed. */
  constructor(nodes: NodeTable, changes: ChangeLog) {
    this.#nodes = nodes
    this.#changes = changes
  }

  get size(): number {
    return this.#classes.size
  }

  /** The class of a demand, true for `layout`. Call NodeTable.require for all demands before the layout is read. */
  read(demand: Demand, layout: Layout): PodClass {
    const known = this.#classes.get(demand.key)
    const podClass = known ?? this.#create(demand)
    if (known !== undefined) this.#classes.delete(demand.key)
    this.#classes.set(demand.key, podClass)
    if (podClass.generation !== layout.generation) this.#compute(podClass, layout)
    else this.#refresh(podClass, layout)
    podClass.epoch = this.#changes.epoch
    return podClass
  }

  #create(demand: Demand): PodClass {
    if (this.#classes.size >= CLASSES_MAX) {
      const [oldest] = this.#classes.keys()
      if (oldest !== undefined) this.#classes.delete(oldest)
    }
    const none = { requests: new Float64Array(), verdicts: new Uint8Array(), isMissing: false }
    return { demand, ...none, view: null, generation: -1, epoch: -1 }
  }

  #compute(podClass: PodClass, layout: Layout): void {
    podClass.generation = layout.generation
    podClass.view = null
    podClass.requests = Float64Array.from(layout.resources, (name) => podClass.demand.requests[name] ?? 0)
    const { requests } = podClass.demand
    podClass.isMissing = Object.keys(requests).some((name) => requests[name] !== 0 && !layout.columnOf.has(name))
    podClass.verdicts = podClass.isMissing
      ? new Uint8Array(layout.facts.length).fill(MISSING)
      : verdictsOf(podClass.demand, layout)
  }

  #refresh(podClass: PodClass, layout: Layout): void {
    const changed = this.#changes.since(podClass.epoch)
    if (changed === 'forgotten') return this.#compute(podClass, layout)
    if (podClass.isMissing) return
    for (const name of changed) {
      const at = layout.ixOf.get(name)
      if (at === undefined) continue
      podClass.verdicts[at] = this.#verdict(podClass.demand, name)
      podClass.view = null
    }
  }

  #verdict(demand: Demand, name: string): number {
    const node = this.#nodes.get(name)
    return node === undefined ? 1 : 1 + firstFailing(demand, node)
  }
}

/** Verdict on all nodes for a class that asks for what none has. */
const MISSING = PREDICATES.length + 1

/** What a node is told off for by a verdict; null: by none. */
export const codeOfVerdict = (verdict: number): ReasonCode | null =>
  verdict === MISSING ? 'ResourceMissing' : (PREDICATES[verdict - 1]?.code ?? null)

/** Nodes of one kind are judged once, unless the demand asks for labels. */
function verdictsOf(demand: Demand, { facts, kinds }: Layout): Uint8Array {
  const verdicts = new Uint8Array(facts.length)
  const judge = (row: number): number => 1 + firstFailing(demand, facts[row] as NodeFacts)
  if (!isJudgedByKind(demand)) {
    for (let row = 0; row < verdicts.length; row++) verdicts[row] = judge(row)
    return verdicts
  }
  const ofKind = new Map<number, number>()
  for (let row = 0; row < verdicts.length; row++) {
    const kind = kinds[row] as number
    // Most nodes are of one kind, and most others stand together.
    if (row > 0 && kinds[row - 1] === kind) verdicts[row] = verdicts[row - 1] as number
    else {
      const known = ofKind.get(kind) ?? judge(row)
      ofKind.set(kind, known)
      verdicts[row] = known
    }
  }
  return verdicts
}

/** O(nodes) after a change, else nothing. The same object until the class changes. */
export function viewOf(podClass: PodClass): PodClassView {
  if (podClass.view !== null) return podClass.view
  const { verdicts, requests } = podClass
  let feasible: Uint8Array = new Uint8Array(verdicts.length)
  const counts = new Int32Array(MISSING + 1)
  for (let n = 0; n < verdicts.length; n++) {
    const verdict = verdicts[n] ?? 1
    feasible[n] = verdict === 0 ? 1 : 0
    counts[verdict] = (counts[verdict] ?? 0) + 1
  }
  const excluded = new Map<string, number>()
  for (let verdict = 1; verdict <= MISSING; verdict++) {
    const [code, count] = [codeOfVerdict(verdict), counts[verdict] ?? 0]
    if (code !== null && count > 0) excluded.set(code, count)
  }
  feasible = alike(feasible)
  podClass.view = { requests, feasible, excluded }
  return podClass.view
}

/** Most classes pass on the same nodes: they share an array, so that comparing two of them is comparing identity. */
const SHARED_MAX = 16
const shared: Uint8Array[] = []

function alike(feasible: Uint8Array): Uint8Array {
  const at = shared.findIndex((each) => each.length === feasible.length && Buffer.compare(each, feasible) === 0)
  const found = at < 0 ? feasible : (shared.splice(at, 1)[0] ?? feasible)
  shared.push(found)
  if (shared.length > SHARED_MAX) shared.shift()
  return found
}
