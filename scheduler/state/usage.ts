/**
 * What is used on each node, kept by taking up and giving back one pod's amounts at a time. All amounts are integers
 * below 2^53, so that adding and taking away in any order comes out the same.
 */
export interface Charge {
  readonly node: string
  readonly requests: Readonly<Record<string, number>>
}

export class Usage {
  readonly #charges = new Map<string, Charge>()
  readonly #used = new Map<string, Map<string, number>>()
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

  used(node: string, resource: string): number {
    return this.#used.get(node)?.get(resource) ?? 0
  }

  /** For tests: all that is charged, in no order. */
  charges(): ReadonlyMap<string, Charge> {
    return this.#charges
  }

  #add({ node, requests }: Charge, sign: 1 | -1): void {
    let used = this.#used.get(node)
    if (used === undefined) this.#used.set(node, (used = new Map()))
    for (const resource in requests) {
      const sum = (used.get(resource) ?? 0) + sign * (requests[resource] ?? 0)
      if (sum === 0) used.delete(resource)
      else used.set(resource, sum)
    }
    if (used.size === 0) this.#used.delete(node)
  }
}

function isSame(a: Charge | null, b: Charge | null): boolean {
  if (a === b) return true
  if (a === null || b === null || a.node !== b.node) return false
  if (a.requests === b.requests) return true
  const names = Object.keys(a.requests)
  return names.length === Object.keys(b.requests).length && names.every((name) => a.requests[name] === b.requests[name])
}
