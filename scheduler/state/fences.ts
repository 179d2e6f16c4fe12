import { matches } from '../../api/selector.ts'
import { ChangeLog } from './change-log.ts'
import type { PodFacts } from './pod-facts.ts'
import { type Repelled, type Repulsion, selectorOf } from './repulsion.ts'

/** A required anti-affinity term, and where pods run that carry it: replicas of one workload share a fence. */
export interface Fence {
  readonly id: number
  readonly repulsion: Repulsion
  /** Node → how many of the pods run there. */
  readonly nodes: ReadonlyMap<string, number>
  /** Grows whenever `nodes` gains or loses one. */
  readonly version: number
}

interface Kept extends Fence {
  readonly text: string
  readonly nodes: Map<string, number>
  version: number
}

/** What of a pod's repulsions stands in the fences. */
interface Post {
  readonly node: string
  readonly repulsions: readonly Repulsion[]
  readonly fences: readonly Kept[]
}

/**
 * Bound pods whose required anti-affinity keeps others out. Whom a fence is against is found by namespace and by one
 * label that its selector asks for, so a pod is compared with few of them however many pods run.
 */
export class Fences {
  readonly #posts = new Map<string, Post>()
  readonly #fences = new Map<string, Kept>()
  /** By namespace of whom they keep out; null: of any. */
  readonly #index = new Map<string | null, Index>()
  #lastId = 0
  /** Fences of which a pod ended, or may hold in another domain than before: what they keep out may come in now. */
  readonly openings: ChangeLog<Fence> = new ChangeLog()

  get isEmpty(): boolean {
    return this.#posts.size === 0
  }

  /** `node` null: the pod runs nowhere. True: it keeps nobody out any more, and did. */
  set({ uid, repulsions }: Pick<PodFacts, 'uid' | 'repulsions'>, node: string | null): boolean {
    const before = this.#posts.get(uid)
    const isPosted = node !== null && repulsions.length > 0
    if (before === undefined ? !isPosted : before.node === node && isSame(before.repulsions, repulsions)) return false
    if (before !== undefined) this.#takeDown(uid, before)
    if (isPosted) this.#put(uid, node, repulsions)
    return before !== undefined && !isPosted
  }

  /** The node's labels, which say in which domain the anti-affinity of its pods holds, are others now, or gone. */
  move(node: string): void {
    if (this.isEmpty) return
    for (const fence of this.#fences.values()) if (fence.nodes.has(node)) this.openings.add(fence)
  }

  /** Those that keep the pod out of their domains, by id. O(label keys that fences ask for + what they find). */
  against(pod: Repelled): readonly Fence[] {
    if (this.isEmpty) return NONE
    const found = [
      ...(this.#index.get(pod.namespace)?.against(pod) ?? NONE),
      ...(this.#index.get(null)?.against(pod) ?? NONE),
    ]
    return found.length > 1 ? [...new Set(found)].sort((a, b) => a.id - b.id) : found
  }

  #put(uid: string, node: string, repulsions: readonly Repulsion[]): void {
    const fences = repulsions.map((repulsion) => this.#fenceOf(repulsion))
    for (const fence of fences) {
      const count = fence.nodes.get(node) ?? 0
      fence.nodes.set(node, count + 1)
      if (count === 0) fence.version++
    }
    this.#posts.set(uid, { node, repulsions, fences })
  }

  #takeDown(uid: string, { node, fences }: Post): void {
    this.#posts.delete(uid)
    for (const fence of fences) {
      const left = (fence.nodes.get(node) ?? 1) - 1
      this.openings.add(fence)
      if (left > 0) fence.nodes.set(node, left)
      else {
        fence.nodes.delete(node)
        fence.version++
      }
      if (fence.nodes.size === 0) this.#remove(fence)
    }
  }

  #fenceOf(repulsion: Repulsion): Kept {
    const text = JSON.stringify(repulsion)
    const known = this.#fences.get(text)
    if (known !== undefined) return known
    const fence = { id: ++this.#lastId, text, repulsion, nodes: new Map(), version: 0 }
    this.#fences.set(text, fence)
    for (const namespace of namespacesOf(repulsion)) {
      const index = this.#index.get(namespace) ?? new Index()
      this.#index.set(namespace, index)
      index.add(fence)
    }
    return fence
  }

  #remove(fence: Kept): void {
    this.#fences.delete(fence.text)
    for (const namespace of namespacesOf(fence.repulsion)) {
      const index = this.#index.get(namespace)
      index?.remove(fence)
      if (index?.isEmpty === true) this.#index.delete(namespace)
    }
  }
}

const NONE: readonly Fence[] = []

const isSame = (a: readonly Repulsion[], b: readonly Repulsion[]): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b)

const namespacesOf = ({ isAnyNamespace, namespaces }: Repulsion): ReadonlySet<string | null> =>
  isAnyNamespace ? new Set([null]) : new Set(namespaces)

/** Equal for fences that keep out the same, for as long as the labels of nodes stay as they are. */
export const signatureOf = (fences: readonly Fence[]): string =>
  fences.length === 0 ? '' : fences.map(({ id, version }) => `${id}.${version}`).join(' ')

/** The fences against one namespace: by a label that the selector asks for, and those that ask for none. */
class Index {
  readonly #byLabel = new Map<string, Map<string, Set<Fence>>>()
  readonly #rest = new Set<Fence>()

  get isEmpty(): boolean {
    return this.#byLabel.size === 0 && this.#rest.size === 0
  }

  add(fence: Fence): void {
    const asked = labelAsked(fence)
    if (asked === null) this.#rest.add(fence)
    for (const value of asked?.values ?? []) {
      const byValue = this.#byLabel.get(asked!.key) ?? new Map<string, Set<Fence>>()
      this.#byLabel.set(asked!.key, byValue.set(value, (byValue.get(value) ?? new Set()).add(fence)))
    }
  }

  remove(fence: Fence): void {
    const asked = labelAsked(fence)
    this.#rest.delete(fence)
    const byValue = asked === null ? undefined : this.#byLabel.get(asked.key)
    for (const value of asked?.values ?? []) {
      const fences = byValue?.get(value)
      fences?.delete(fence)
      if (fences?.size === 0) byValue?.delete(value)
    }
    if (asked !== null && byValue?.size === 0) this.#byLabel.delete(asked.key)
  }

  against({ labels }: Repelled): Fence[] {
    const found: Fence[] = []
    const look = (fence: Fence): void => {
      if (matches(selectorOf(fence.repulsion), labels)) found.push(fence)
    }
    for (const [key, byValue] of this.#byLabel) byValue.get(labels[key] ?? '')?.forEach(look)
    this.#rest.forEach(look)
    return found
  }
}

/** One label without which nothing is selected; null: there is no such label. */
function labelAsked({ repulsion }: Fence): { readonly key: string; readonly values: readonly string[] } | null {
  const { requirements } = selectorOf(repulsion)
  return requirements.find(({ operator }) => operator === 'In') ?? null
}
