import { byName } from '../declaration.ts'
import { headOf } from './compile.ts'
import type { CompiledLevel } from './index-types.ts'
import { IntList } from './int-list.ts'

// Positions below come from searches in the same arrays, so `!` is used freely in this file.

/**
 * One level that takes nodes in and out in place: no path is worked out again, no domain sorted. What `read` gave is
 * true until the next change, which writes into the same arrays; the level read after it is another object, so what is
 * kept by level (nesting, sums per domain) is never taken for the changed one.
 *
 * A node that moves between two domains costs O(log domains) and the cells between both, moved as a block; a domain
 * that comes or goes, or a node that does, one pass over the nodes: every position behind it grows or shrinks by one.
 */
export class LevelPatch {
  #level: CompiledLevel
  #isRead = true
  readonly #domainOf: IntList
  readonly #starts: IntList
  readonly #nodes: IntList
  readonly #paths: string[]
  readonly #values: string[]

  /** Takes the level's arrays over. */
  constructor(level: CompiledLevel) {
    this.#level = level
    this.#domainOf = new IntList(level.domainOf)
    this.#starts = new IntList(level.starts)
    this.#nodes = new IntList(level.nodes)
    this.#paths = level.paths as string[]
    this.#values = level.values as string[]
  }

  read(): CompiledLevel {
    if (this.#isRead) return this.#level
    this.#isRead = true
    const lists = { domainOf: this.#domainOf.view(), starts: this.#starts.view(), nodes: this.#nodes.view() }
    this.#level = { ...headOf(this.#level), paths: this.#paths, values: this.#values, ...lists }
    return this.#level
  }

  /** A node comes to stand at `node`, in no domain yet; those from there on move up by one. O(nodes). */
  insertNode(node: number): void {
    this.#isRead = false
    this.#nodes.addAbove(node, 1)
    this.#domainOf.insert(node, -1)
  }

  /** O(nodes). */
  removeNode(node: number): void {
    this.place(node, null)
    this.#isRead = false
    this.#domainOf.remove(node)
    this.#nodes.addAbove(node, -1)
  }

  /** Puts a node in the domain of this path; null: in none. A domain without nodes is no domain. */
  place(node: number, path: string | null): void {
    const from = this.#domainOf.at(node)
    if (from >= 0 ? this.#paths[from] === path : path === null) return
    this.#isRead = false
    if (from >= 0) this.#takeOut(node, from)
    if (path !== null) this.#putIn(node, path)
  }

  #takeOut(node: number, domain: number): void {
    this.#nodes.remove(this.#positionOf(node, domain))
    this.#starts.addBehind(domain + 1, -1)
    this.#domainOf.set(node, -1)
    if (this.#starts.at(domain) < this.#starts.at(domain + 1)) return
    this.#starts.remove(domain)
    this.#paths.splice(domain, 1)
    this.#values.splice(domain, 1)
    this.#domainOf.addAbove(domain, -1)
  }

  #putIn(node: number, path: string): void {
    const domain = firstWhere(0, this.#paths.length, (d) => byName(this.#paths[d]!, path) >= 0)
    if (this.#paths[domain] !== path) this.#insertDomain(domain, path)
    this.#nodes.insert(this.#positionOf(node, domain), node)
    this.#starts.addBehind(domain + 1, 1)
    this.#domainOf.set(node, domain)
  }

  #insertDomain(domain: number, path: string): void {
    this.#starts.insert(domain, this.#starts.at(domain))
    this.#paths.splice(domain, 0, path)
    this.#values.splice(domain, 0, this.#level.within === 'cluster' ? path : path.slice(path.lastIndexOf('/') + 1))
    this.#domainOf.addAbove(domain, 1)
  }

  /** Where in `nodes` it stands, or would. */
  #positionOf(node: number, domain: number): number {
    return firstWhere(this.#starts.at(domain), this.#starts.at(domain + 1), (i) => this.#nodes.at(i) >= node)
  }
}

/** The first of [from, to) for which it holds, else `to`; it holds for all behind the first. O(log). */
export function firstWhere(from: number, to: number, holds: (i: number) => boolean): number {
  let [low, high] = [from, to]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
