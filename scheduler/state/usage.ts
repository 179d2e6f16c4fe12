/**
 * What is used on each node, kept by taking up and giving back one pod's amounts at a time. All amounts are integers
 * below 2^53, so that adding and taking away in any order comes out the same.
 */
export interface Charge {
  readonly node: string
  readonly requests: Readonly<Record<string, number>>
}

/** A node by name, known here or not, and where its use is counted. */
export interface NodeUse {
  readonly name: string
  /** In the node table as it is laid out; -1: not there. */
  row: number
  /** In the amounts; -1: nothing is used. */
  slot: number
  charges: number
  /** By the columns that have no cell. */
  sparse: Map<number, number> | null
}

/** So many resources have a cell on every node that uses one; host ports and the like stay sparse beyond it. */
const DENSE = 16
const SLOTS_FIRST = 256

type Requests = Charge['requests']

/** The same requests as positions: walked once a charge, where a record would be looked up name by name. */
interface Packed {
  readonly columns: readonly number[]
  readonly amounts: readonly number[]
}

export class Usage {
  readonly #columns = new Map<string, number>()
  readonly #packed = new WeakMap<Requests, Packed>()
  /** Pods of one class come one after another. */
  #last: { readonly requests: Requests; readonly packed: Packed } | null = null
  /** Nodes with a charge or a row. */
  readonly #uses = new Map<string, NodeUse>()
  #lastUse: NodeUse | null = null
  /** [slot * DENSE + column] */
  #amounts = new Float64Array(SLOTS_FIRST * DENSE)
  #slots = 0
  readonly #freeSlots: number[] = []
  readonly #onChange: (use: NodeUse, hasShrunk: boolean) => void

  /** `onChange` is told each node whose use changed, and whether anything on it was given back. */
  constructor(onChange: (use: NodeUse, hasShrunk: boolean) => void) {
    this.#onChange = onChange
  }

  /** Counts `after` where `before` was counted; null: nothing. */
  change(before: Charge | null, after: Charge | null): void {
    if (isSame(before, after)) return
    const from = before === null ? null : this.#add(before, -1)
    const to = after === null ? null : this.#add(after, 1)
    if (from !== null) this.#onChange(from, true)
    if (to !== null && to !== from) this.#onChange(to, false)
    if (from !== null) this.#forgetIdle(from)
  }

  /** The node's record, from now on known by that name. */
  useOf(name: string): NodeUse {
    if (this.#lastUse?.name === name) return this.#lastUse
    let use = this.#uses.get(name)
    if (use === undefined) this.#uses.set(name, (use = { name, row: -1, slot: -1, charges: 0, sparse: null }))
    this.#lastUse = use
    return use
  }

  /** Null: nothing is used there and the node is not in the table. */
  find(name: string): NodeUse | null {
    return this.#uses.get(name) ?? null
  }

  /** The node left the table. */
  leaveTable(use: NodeUse): void {
    use.row = -1
    this.#forgetIdle(use)
  }

  /** By `columnOf`. */
  amount({ slot, sparse }: NodeUse, column: number): number {
    if (slot < 0) return 0
    return (column < DENSE ? this.#amounts[slot * DENSE + column] : sparse?.get(column)) ?? 0
  }

  columnOf(resource: string): number {
    const known = this.#columns.get(resource)
    if (known !== undefined) return known
    this.#columns.set(resource, this.#columns.size)
    return this.#columns.size - 1
  }

  #add({ node, requests }: Charge, sign: 1 | -1): NodeUse {
    const { columns, amounts } = this.#pack(requests)
    const use = this.useOf(node)
    if (use.slot < 0) use.slot = this.#takeSlot()
    const first = use.slot * DENSE
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i] as number
      const amount = sign * (amounts[i] as number)
      if (column < DENSE) this.#amounts[first + column] = (this.#amounts[first + column] as number) + amount
      else (use.sparse ??= new Map()).set(column, (use.sparse.get(column) ?? 0) + amount)
    }
    use.charges += sign
    if (use.charges === 0) this.#giveSlotBack(use)
    return use
  }

  /** All cells of a free slot are 0: what was taken up was given back. */
  #takeSlot(): number {
    const free = this.#freeSlots.pop()
    if (free !== undefined) return free
    if (this.#slots * DENSE === this.#amounts.length) {
      const more = new Float64Array(2 * this.#amounts.length)
      more.set(this.#amounts)
      this.#amounts = more
    }
    return this.#slots++
  }

  #giveSlotBack(use: NodeUse): void {
    this.#freeSlots.push(use.slot)
    use.slot = -1
    use.sparse = null
  }

  #forgetIdle(use: NodeUse): void {
    if (use.charges > 0 || use.row >= 0) return
    this.#uses.delete(use.name)
    if (this.#lastUse === use) this.#lastUse = null
  }

  /** Pods of one class share their requests, so they are packed once a class. */
  #pack(requests: Requests): Packed {
    if (this.#last?.requests === requests) return this.#last.packed
    const packed = this.#packed.get(requests) ?? this.#packAnew(requests)
    this.#last = { requests, packed }
    return packed
  }

  #packAnew(requests: Requests): Packed {
    const names = Object.keys(requests)
    const packed = {
      columns: names.map((name) => this.columnOf(name)),
      amounts: names.map((name) => requests[name] ?? 0),
    }
    this.#packed.set(requests, packed)
    return packed
  }
}

function isSame(a: Charge | null, b: Charge | null): boolean {
  if (a === b) return true
  if (a === null || b === null || a.node !== b.node) return false
  if (a.requests === b.requests) return true
  const names = Object.keys(a.requests)
  return names.length === Object.keys(b.requests).length && names.every((name) => a.requests[name] === b.requests[name])
}
