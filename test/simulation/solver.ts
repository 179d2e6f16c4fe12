import type { Node, Pod } from '../../api/kinds/kubernetes.ts'
import type { PodGang } from '../../api/generated/kinds.ts'
import {
  type Amounts,
  asksFor,
  fits,
  groupsOf,
  isAlive,
  isGated,
  isMember,
  isOurs,
  minus,
  nodeOf,
  requiredOf,
} from './facts.ts'

/** A node that may be used, with what is free on it. */
export interface Room {
  readonly name: string
  readonly node: Node
  free: Amounts
}

/** All there are, by name: also one that takes no pods any more says in which domain its pods are. */
export type Nodes = ReadonlyMap<string, Node>

interface Item {
  readonly amounts: Amounts
  readonly group: number
}

const STEPS_MAX = 100_000

/**
 * Whether what a gang's minimum lacks can be seated: an exhaustive search over nodes and domains, on its own. Null: it
 * gave up. What only waits for pods or gates is `false`: it does not fit yet.
 */
export function fitsNow(gang: PodGang, pods: readonly Pod[], rooms: readonly Room[], nodes: Nodes): boolean | null {
  const groups = groupsOf(gang)
  const members = groups.map((group) => pods.filter((pod) => isMember(gang, group, pod) && isAlive(pod)))
  const items: Item[] = []
  for (const [at, group] of groups.entries()) {
    const own = members[at] ?? []
    const missing = group.minimum - own.filter((pod) => nodeOf(pod) !== null).length
    const ready = own.filter((pod) => nodeOf(pod) === null && !isGated(pod) && isOurs(pod))
    if (missing > ready.length) return false
    for (const pod of ready.slice(0, Math.max(0, missing))) items.push({ amounts: asksFor(pod), group: at })
  }
  if (items.length === 0) return false
  const boundNodes = (some: readonly Pod[]): string[] => some.map(nodeOf).filter((name) => name !== null)
  const search = new Search(
    [...items].sort((a, b) => b.amounts[0] - a.amounts[0] || b.amounts[1] - a.amounts[1] || a.group - b.group),
    rooms.map((room) => ({ ...room })),
    new Scope(requiredOf(gang), boundNodes(members.flat()), nodes),
    groups.map((group, at) => new Scope(group.required, boundNodes(members[at] ?? []), nodes)),
  )
  return search.run()
}

/** One surplus pod of a gang whose minimum is bound. */
export function surplusFits(
  gang: PodGang,
  pod: Pod,
  pods: readonly Pod[],
  rooms: readonly Room[],
  nodes: Nodes,
): boolean {
  const groups = groupsOf(gang)
  const own = groups.find((group) => isMember(gang, group, pod))
  if (own === undefined) return false
  const nodesOf = (some: typeof groups): string[] =>
    pods
      .filter((each) => isAlive(each) && some.some((group) => isMember(gang, group, each)))
      .flatMap((each) => nodeOf(each) ?? [])
  const scopes = [new Scope(requiredOf(gang), nodesOf(groups), nodes), new Scope(own.required, nodesOf([own]), nodes)]
  return rooms.some(({ node, free }) => fits(asksFor(pod), free) && scopes.every((scope) => scope.allows(node)))
}

/** Which domain a scope uses: none yet, or where its pods are. */
class Scope {
  readonly #key: string | null
  readonly #domains: string[]

  constructor(key: string | null, boundNodes: readonly string[], nodes: Nodes) {
    this.#key = key
    this.#domains = key === null ? [] : [...new Set(boundNodes.flatMap((name) => this.#of(nodes.get(name)) ?? []))]
  }

  #of(node: Node | undefined): string | null {
    return this.#key === null ? null : (node?.metadata.labels?.[this.#key] ?? null)
  }

  allows(node: Node): boolean {
    if (this.#key === null) return true
    const domain = this.#of(node)
    return domain !== null && (this.#domains.length === 0 || this.#domains.includes(domain))
  }

  /** Uses the node's domain; undone by what it returns. */
  use(node: Node): () => void {
    const domain = this.#of(node)
    if (domain === null || this.#domains.includes(domain)) return () => {}
    this.#domains.push(domain)
    return () => void this.#domains.pop()
  }
}

class Search {
  readonly #items: readonly Item[]
  readonly #rooms: readonly Room[]
  readonly #gang: Scope
  readonly #groups: readonly Scope[]
  #steps = 0

  constructor(items: readonly Item[], rooms: readonly Room[], gang: Scope, groups: readonly Scope[]) {
    this.#items = items
    this.#rooms = rooms
    this.#gang = gang
    this.#groups = groups
  }

  run(): boolean | null {
    const found = this.#seat(0)
    return this.#steps > STEPS_MAX ? null : found
  }

  #seat(at: number): boolean {
    const item = this.#items[at]
    if (item === undefined) return true
    const tried = new Set<string>()
    for (const room of this.#rooms) {
      if (++this.#steps > STEPS_MAX) return false
      if (!this.#mayUse(item, room)) continue
      const alike = `${room.node.metadata.labels?.['example.com/rack']} ${room.free.join(' ')}`
      if (tried.has(alike)) continue
      tried.add(alike)
      if (this.#try(item, room, at)) return true
    }
    return false
  }

  #mayUse({ amounts, group }: Item, { free, node }: Room): boolean {
    return fits(amounts, free) && this.#gang.allows(node) && this.#groups[group]?.allows(node) === true
  }

  #try({ amounts, group }: Item, room: Room, at: number): boolean {
    const before = room.free
    const undo = [this.#gang.use(room.node), this.#groups[group]?.use(room.node)]
    room.free = minus(room.free, amounts)
    if (this.#seat(at + 1)) return true
    room.free = before
    for (const each of undo.reverse()) each?.()
    return false
  }
}
