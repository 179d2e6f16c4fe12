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

/** What keeps a pod out of their domains. */
export interface Against {
  /** By id. */
  readonly fences: readonly Fence[]
  /** Equal where the same is kept out, for as long as the labels of nodes stay as they are; '': nothing. */
  readonly signature: string
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
  /** By namespace of the pods, what was found for those with the same labels of all that fences there ask for. */
  readonly #found = new Map<string, Alike>()
  /** By namespace of the pods the label keys that fences there ask for. */
  readonly #keys = new Map<string, readonly string[]>()
  /** Of all namespaces together: what was found, and the steps to it. */
  #foundSize = 0
  #lastId = 0
  /** Fences of which a pod ended, or may hold in another domain than before: what they keep out may come in now. */
  readonly openings: ChangeLog<Fence> = new ChangeLog()

  get isEmpty(): boolean {
    return this.#posts.size === 0
  }

  get namespacesKnown(): number {
    return Math.max(this.#found.size, this.#keys.size)
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

  /** O(label keys that fences ask for + what they find); O(label keys) for pods with the same labels as one before. */
  against(pod: Repelled): Against {
    if (this.isEmpty) return NOTHING
    const known = this.#found.get(pod.namespace)?.find(pod.labels)
    return known ?? this.#keep(pod, this.#look(pod))
  }

  #keep(pod: Repelled, against: Against): Against {
    if (this.#foundSize >= FOUND_MAX) this.#forgetFound()
    const alike = this.#found.get(pod.namespace) ?? this.#alikeIn(pod.namespace)
    this.#foundSize += alike.keep(pod.labels, against)
    return against
  }

  #forgetFound(): void {
    this.#found.clear()
    this.#foundSize = 0
  }

  #alikeIn(namespace: string): Alike {
    const keys = this.#keys.get(namespace) ?? this.#keysIn(namespace)
    if (this.#keys.size >= NAMESPACES_MAX) this.#keys.clear() // what was found is forgotten far more often
    this.#keys.set(namespace, keys)
    const alike = new Alike(keys)
    this.#found.set(namespace, alike)
    this.#foundSize++
    return alike
  }

  /** O(fences). */
  #keysIn(namespace: string): readonly string[] {
    const keys = new Set<string>()
    for (const index of [this.#index.get(namespace), this.#index.get(null)]) {
      for (const { repulsion } of index?.all() ?? []) {
        for (const { key } of selectorOf(repulsion).requirements) keys.add(key)
      }
    }
    return [...keys]
  }

  #look(pod: Repelled): Against {
    const found = new Set([
      ...(this.#index.get(pod.namespace)?.against(pod) ?? []),
      ...(this.#index.get(null)?.against(pod) ?? []),
    ])
    const fences = [...found].sort((a, b) => a.id - b.id)
    return fences.length === 0 ? NOTHING : { fences, signature: signatureOf(fences) }
  }

  #put(uid: string, node: string, repulsions: readonly Repulsion[]): void {
    this.#forgetFound()
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
    this.#forgetFound()
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
    this.#keys.clear()
    for (const namespace of namespacesOf(repulsion)) {
      const index = this.#index.get(namespace) ?? new Index()
      this.#index.set(namespace, index)
      index.add(fence)
    }
    return fence
  }

  #remove(fence: Kept): void {
    this.#fences.delete(fence.text)
    this.#keys.clear()
    for (const namespace of namespacesOf(fence.repulsion)) {
      const index = this.#index.get(namespace)
      index?.remove(fence)
      if (index?.isEmpty === true) this.#index.delete(namespace)
    }
  }
}

const NOTHING: Against = { fences: [], signature: '' }

const isSame = (a: readonly Repulsion[], b: readonly Repulsion[]): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b)

const namespacesOf = ({ isAnyNamespace, namespaces }: Repulsion): ReadonlySet<string | null> =>
  isAnyNamespace ? new Set([null]) : new Set(namespaces)

const signatureOf = (fences: readonly Fence[]): string => fences.map(({ id, version }) => `${id}.${version}`).join(' ')

type Labels = Repelled['labels']

/** Values of the first label → values of the next → … → what was found for pods with all of them. */
interface Branch {
  readonly by: Map<string | undefined, Branch>
  against: Against | null
}

/** More than this begins anew: namespaces come and go, and pods have labels of their own. */
const FOUND_MAX = 100_000
const NAMESPACES_MAX = 10_000

/** What was found for pods of a namespace, by the labels that decide it. */
class Alike {
  readonly #keys: readonly string[]
  readonly #root: Branch = { by: new Map(), against: null }

  constructor(keys: readonly string[]) {
    this.#keys = keys
  }

  find(labels: Labels): Against | null {
    let branch: Branch | undefined = this.#root
    for (let i = 0; i < this.#keys.length && branch !== undefined; i++) {
      branch = branch.by.get(labels[this.#keys[i] as string])
    }
    return branch?.against ?? null
  }

  /** Says how many steps were made for it. */
  keep(labels: Labels, against: Against): number {
    let branch = this.#root
    let made = 0
    for (const key of this.#keys) {
      let next = branch.by.get(labels[key])
      if (next === undefined) {
        branch.by.set(labels[key], (next = { by: new Map(), against: null }))
        made++
      }
      branch = next
    }
    branch.against = against
    return made
  }
}

/** The fences against one namespace: by a label that the selector asks for, and those that ask for none. */
class Index {
  readonly #byLabel = new Map<string, Map<string, Set<Fence>>>()
  readonly #rest = new Set<Fence>()

  get isEmpty(): boolean {
    return this.#byLabel.size === 0 && this.#rest.size === 0
  }

  all(): Fence[] {
    const labelled = [...this.#byLabel.values()].flatMap((byValue) => [...byValue.values()])
    return [...this.#rest, ...labelled.flatMap((fences) => [...fences])]
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
