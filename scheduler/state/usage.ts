/**
 * What is used on each node, kept by taking up and giving back one pod's amounts at a time. All amounts are integers
 * below 2^53, so that adding and taking away in any order comes out the same.
 */
export interface Charge {
  readonly node: string
  readonly requests: Readonly<Record<string, number>>
}

/** So many resources have a cell on every node that uses one; host ports and the like stay sparse beyond it. */
const DENSE = 16

/** What is used on one node, by the column that Usage gave each resource. */
class Amounts {
  readonly #dense = new Float64Array(DENSE)
  #sparse: Map<number, number> | null = null
  charges = 0

  get(column: number): number {
    return (column < DENSE ? this.#dense[column] : this.#sparse?.get(column)) ?? 0
  }

  add(column: number, amount: number): void {
    if (column < DENSE) this.#dense[column] = this.get(column) + amount
    else (this.#sparse ??= new Map()).set(column, this.get(column) + amount)
  }
}

type Requests = Charge['requests']

/** The same requests as positions: walked once a charge, where a record would be looked up name by name. */
interface Packed {
  readonly columns: readonly number[]
  readonly amounts: readonly number[]
}

export class Usage {
  readonly #charges = new Map<string, Charge>()
  readonly #columns = new Map<string, number>()
  readonly #packed = new WeakMap<Requests, Packed>()
  /** Of nodes with a charge. */
  readonly #used = new Map<string, Amounts>()
  readonly #onChange: (node: string, hasShrunk: boolean) => void

  /** `onChange` is told each node whose use changed, and whether anything on it was given back. */
  constructor(onChange: (node: string, hasShrunk: boolean) => void) {
    this.#onChange = onChange
  }

  /** Makes `charge` the one thing that the pod `uid` uses; null: nothing. */
  set(uid: string, charge: Charge | null): void {
    const before = this.#charges.get(uid) ?? null
    if (isSame(before, charge)) return
    if (before !== null) this.#add(before, -1)
    if (charge !== null) this.#add(charge, 1)
    if (charge === null) this.#charges.delete(uid)
    else this.#charges.set(uid, charge)
    if (before !== null) this.#onChange(before.node, true)
    if (charge !== null && charge.node !== before?.node) this.#onChange(charge.node, false)
  }

  chargeOf(uid: string): Charge | null {
    return this.#charges.get(uid) ?? null
  }

  /** Null: nothing is used there. By `columnOf`; changed in place by later charges. */
  amountsOn(node: string): Pick<Amounts, 'get'> | null {
    return this.#used.get(node) ?? null
  }

  columnOf(resource: string): number {
    const known = this.#columns.get(resource)
    if (known !== undefined) return known
    this.#columns.set(resource, this.#columns.size)
    return this.#columns.size - 1
  }

  /** For tests: all that is charged, in no order. */
  charges(): ReadonlyMap<string, Charge> {
    return this.#charges
  }

  #add({ node, requests }: Charge, sign: 1 | -1): void {
    const { columns, amounts } = this.#pack(requests)
    let used = this.#used.get(node)
    if (used === undefined) this.#used.set(node, (used = new Amounts()))
    for (let i = 0; i < columns.length; i++) used.add(columns[i] as number, sign * (amounts[i] as number))
    used.charges += sign
    if (used.charges === 0) this.#used.delete(node)
  }

  /** Pods of one class share their requests, so they are packed once a class. */
  #pack(requests: Requests): Packed {
    const known = this.#packed.get(requests)
    if (known !== undefined) return known
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
