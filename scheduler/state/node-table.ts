import { byBytes } from './bytes.ts'
import { ChangeLog } from './change-log.ts'
import { HOST_PORT_PREFIX } from './demand.ts'
import { kindOf } from '../predicates/list.ts'
import type { NodeFacts } from './node-facts.ts'
import type { NodeUse, Usage } from './usage.ts'

/**
 * Nodes and their free room as the planner reads them: nodes in byte order of names, one row a node, one column a
 * resource that somebody of ours asks for. A change of use touches one row; a node that comes or goes, or a resource
 * asked for the first time, lays the table out anew at the next read.
 * `!` stands on positions that the loop bounds.
 */
export class NodeTable {
  readonly #facts = new Map<string, NodeFacts>()
  readonly #usage: Usage
  #columns = new Set<string>(ALWAYS)
  /** What some node has something of; null: nodes changed since it was found out. */
  #offered: ReadonlySet<string> | null = null
  /** The last that were made sure of: pods of one class share theirs and come together. */
  #required: Requests | null = null
  /** Rows to be filled anew at the next read: nodes that changed, and nodes whose use did. */
  readonly #changed = new Set<number>()
  #used: number[] = []
  /** Rows of the layout that were filled anew. */
  readonly rows: ChangeLog<number> = new ChangeLog()
  #layout: Layout | null = null
  /** Of the last layout. */
  #uses: readonly NodeUse[] = []
  readonly #kinds = new Map<string, number>()
  #lastKind = PLAIN_KIND
  #generation = 0
  #allocatableEpoch = 0

  constructor(usage: Usage) {
    this.#usage = usage
  }

  get size(): number {
    return this.#facts.size
  }

  /** Changes when a node did, or nodes came or went: use alone leaves it as it is. */
  get allocatableEpoch(): number {
    return this.#allocatableEpoch
  }

  get(name: string): NodeFacts | undefined {
    return this.#facts.get(name)
  }

  facts(): IterableIterator<NodeFacts> {
    return this.#facts.values()
  }

  set(node: NodeFacts): void {
    if (!this.#facts.has(node.name)) this.#layout = null
    this.#facts.set(node.name, node)
    this.#allocatableEpoch++
    this.#offered = null
    this.#required = null
    const row = this.#layout?.ixOf.get(node.name)
    if (row !== undefined) this.#changed.add(row)
  }

  delete(name: string): void {
    if (this.#facts.delete(name)) this.#layout = null
  }

  /** The use of a node changed. */
  touch({ row }: NodeUse): void {
    if (this.#layout === null || row < 0 || this.#layout.isUsed[row] === 1) return
    this.#layout.isUsed[row] = 1
    this.#used.push(row)
  }

  /** Of what is asked for, the node has as much as is used there, the asking counted already: it may have shrunk since. */
  bears(name: string, asked: Readonly<Record<string, number>>): boolean {
    const node = this.#facts.get(name)
    const use = this.#usage.find(name)
    if (node === undefined || use === null) return node !== undefined
    const used = (resource: string): number => this.#usage.amount(use, this.#usage.columnOf(resource))
    return Object.entries(asked).every(
      ([resource, amount]) => amount === 0 || used(resource) <= allocatableOf(node, resource),
    )
  }

  /**
   * Makes sure that each of these resources has a column. Where there are many already, what no node has anything of gets
   * none, and pods that ask for it pass nowhere: anybody can write names, and each column costs every plan O(nodes).
   */
  require(resources: Requests): void {
    if (resources === this.#required) return
    this.#required = resources
    for (const name in resources) {
      if (this.#columns.has(name) || !this.#isCounted(name)) continue
      this.#columns.add(name)
      this.#layout = null
    }
  }

  #isCounted(name: string): boolean {
    if (this.#columns.size < COLUMNS_MANY || name.startsWith(HOST_PORT_PREFIX)) return true
    this.#offered ??= offeredBy(this.#facts.values())
    return this.#offered.has(name)
  }

  /** Where there are many columns, those that nobody of `asking` needs are given up, if they are most. */
  forgetUnasked(asking: () => Iterable<Requests>): void {
    const [columns, layout] = [this.#columns, this.#layout]
    if (columns.size <= COLUMNS_MANY) return
    this.#columns = new Set(ALWAYS)
    for (const resources of asking()) this.require(resources)
    this.#required = null
    this.#layout = null
    if (2 * this.#columns.size <= columns.size) return
    this.#columns = columns
    this.#layout = layout
  }

  /** Up to date. Its arrays are changed in place by later reads: for the turn in hand only. */
  read(): Layout {
    const layout = this.#layout ?? this.#layOut()
    if (this.#changed.size > 0) this.#readChanged(layout)
    if (this.#used.length === 0) return layout
    for (const row of this.#used) {
      layout.isUsed[row] = 0
      this.#fillFree(layout, row)
      this.rows.add(row)
    }
    this.#used.length = 0
    return layout
  }

  #readChanged(layout: Layout): void {
    for (const row of this.#changed) {
      this.#fill(layout, row)
      this.rows.add(row)
    }
    this.#changed.clear()
  }

  /** O(nodes × columns). */
  #layOut(): Layout {
    const nodeNames = [...this.#facts.keys()].sort(byBytes)
    const resources = [...this.#columns].sort(byBytes)
    const cells = nodeNames.length * resources.length
    const layout: Layout = {
      generation: ++this.#generation,
      nodeNames,
      ixOf: new Map(nodeNames.map((name, at) => [name, at])),
      resources,
      columnOf: new Map(resources.map((name, at) => [name, at])),
      free: new Float64Array(cells),
      allocatable: new Float64Array(cells),
      facts: nodeNames.map((name) => this.#facts.get(name)!),
      kinds: new Int32Array(nodeNames.length),
      isUsed: new Uint8Array(nodeNames.length),
      uses: this.#usesOf(nodeNames),
      usageColumns: resources.map((name) => this.#usage.columnOf(name)),
    }
    for (let row = 0; row < nodeNames.length; row++) this.#fill(layout, row)
    this.#changed.clear()
    this.#used.length = 0
    this.#layout = layout
    return layout
  }

  /** In their rows; those of nodes that are gone are given up. Both lists are in byte order of names. */
  #usesOf(nodeNames: readonly string[]): readonly NodeUse[] {
    const before = this.#uses
    for (const use of before) if (!this.#facts.has(use.name)) this.#usage.leaveTable(use)
    let at = 0
    this.#uses = nodeNames.map((name, row) => {
      while (at < before.length && byBytes(before[at]!.name, name) < 0) at++
      const use = before[at]?.name === name ? before[at]! : this.#usage.useOf(name)
      use.row = row
      return use
    })
    return this.#uses
  }

  #fill(layout: Layout, row: number): void {
    const { nodeNames, facts, resources, allocatable } = layout
    const node = this.#facts.get(nodeNames[row]!)!
    facts[row] = node
    layout.kinds[row] = this.#kindOf(node)
    const first = row * resources.length
    for (let column = 0; column < resources.length; column++) {
      const resource = resources[column]!
      allocatable[first + column] = allocatableOf(node, resource)
    }
    this.#fillFree(layout, row)
  }

  /** Numbers start anew where there were too many kinds; rows filled before then may share a kind under two numbers. */
  #kindOf(node: NodeFacts): number {
    const kind = kindOf(node)
    if (kind === '') return PLAIN_KIND
    const known = this.#kinds.get(kind)
    if (known !== undefined) return known
    if (this.#kinds.size >= KINDS_MAX) this.#kinds.clear()
    this.#kinds.set(kind, ++this.#lastKind)
    return this.#lastKind
  }

  /** The use of the node changed and nothing else. */
  #fillFree({ uses, free, allocatable, usageColumns }: Layout, row: number): void {
    const use = uses[row]!
    const first = row * usageColumns.length
    for (let column = 0; column < usageColumns.length; column++) {
      free[first + column] = allocatable[first + column]! - this.#usage.amount(use, usageColumns[column]!)
    }
  }
}

type Requests = Readonly<Record<string, number>>

const ALWAYS = ['cpu', 'memory', 'pods'] as const
/** More than clusters have kinds of devices. */
const COLUMNS_MANY = 32

function offeredBy(nodes: Iterable<NodeFacts>): ReadonlySet<string> {
  const offered = new Set<string>()
  for (const { allocatable } of nodes) {
    for (const name in allocatable) if ((allocatable[name] ?? 0) > 0) offered.add(name)
  }
  return offered
}

const allocatableOf = ({ allocatable }: NodeFacts, resource: string): number =>
  resource.startsWith(HOST_PORT_PREFIX) ? 1 : (allocatable[resource] ?? 0)

/** Of nodes that have nothing against anybody. */
export const PLAIN_KIND = 0
const KINDS_MAX = 10_000

export interface Layout {
  /** Changes when nodes come or go or a column joins: positions of another generation mean something else. */
  readonly generation: number
  readonly nodeNames: readonly string[]
  readonly ixOf: ReadonlyMap<string, number>
  readonly resources: readonly string[]
  readonly columnOf: ReadonlyMap<string, number>
  /** [node * resources.length + column] */
  readonly free: Float64Array
  readonly allocatable: Float64Array
  /** Per row. */
  readonly facts: NodeFacts[]
  readonly uses: readonly NodeUse[]
  /** Per row a number: nodes with the same one are told apart by no predicate, but by their labels and names. */
  readonly kinds: Int32Array
  /** Per row 1 where use changed since the last read. */
  readonly isUsed: Uint8Array
  /** Per column where Usage counts the resource. */
  readonly usageColumns: readonly number[]
}
