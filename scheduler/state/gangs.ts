import { byBytes } from './bytes.ts'
import { type GangFacts, type GangShape, NO_CONSTRAINT } from './gang-facts.ts'
import type { KnownPod } from './known-pod.ts'
import type { PodFacts } from './pod-facts.ts'

/** namespace/name of a PodGang, or `pod:` and a uid for a pod of no gang. */
export type GangKey = string

export const gangOfPod = (pod: PodFacts): GangKey => pod.gangKey

const NO_STATUS: GangFacts['status'] = { phase: null, placementScore: null, conditions: [] }

const SHAPE_OF_ONE: GangShape = { text: 'a pod of no gang', requiringCount: 0, isLookingAround: false }
const SHAPE_OF_MISSING: GangShape = { text: '', requiringCount: 0, isLookingAround: false }
const NO_GROUPS: GangFacts['constraintGroups'] = []
const NO_REFERENCES: GangFacts['foreignReferences'] = []

/** A pod of no gang is a gang of one. */
const gangOfOne = (pod: PodFacts): GangFacts => ({
  key: pod.gangKey,
  uid: pod.uid,
  namespace: pod.namespace,
  name: pod.name,
  createdAt: pod.createdAt,
  isPlain: true,
  isScaled: false,
  topologyName: null,
  groups: [{ name: pod.name, minimum: 1, references: [pod.name], constraint: NO_CONSTRAINT }],
  constraint: NO_CONSTRAINT,
  constraintGroups: NO_GROUPS,
  sameDomainAs: null,
  foreignReferences: NO_REFERENCES,
  invalid: null,
  isTerminating: false,
  status: NO_STATUS,
  shape: SHAPE_OF_ONE,
})

/** Stands for a PodGang that does not exist: pods that name it wait for it. */
const missingGang = (namespace: string, name: string): GangFacts => ({
  key: `${namespace}/${name}`,
  uid: '',
  namespace,
  name,
  createdAt: '',
  isPlain: false,
  isScaled: false,
  topologyName: null,
  groups: [],
  constraint: NO_CONSTRAINT,
  constraintGroups: [],
  sameDomainAs: null,
  foreignReferences: [],
  invalid: null,
  isTerminating: false,
  status: NO_STATUS,
  shape: SHAPE_OF_MISSING,
})

export const isMissing = (gang: GangFacts): boolean => gang.uid === ''

interface Members {
  /** In no order; each knows its place. */
  readonly pods: KnownPod[]
  /** Null: not sorted since a pod came, went or changed. */
  inOrder: readonly KnownPod[] | null
  /** Of a pod of no gang; null: not made yet. */
  ofOne: GangFacts | null
}

const NONE: readonly KnownPod[] = []
const byIndex = ({ facts: a }: KnownPod, { facts: b }: KnownPod): number => a.index - b.index || byBytes(a.name, b.name)

/** More pods than this are worth a sort; fewer are put in their places one by one. */
const FEW = 16

function inOrder(pods: readonly KnownPod[]): readonly KnownPod[] {
  const placed = byPlace(pods)
  if (placed !== null) return placed
  if (pods.length > FEW) return pods.toSorted(byIndex)
  const sorted = pods.slice()
  for (let i = 1; i < sorted.length; i++) {
    const pod = sorted[i] as KnownPod
    let at = i
    for (; at > 0 && byIndex(pod, sorted[at - 1] as KnownPod) < 0; at--) sorted[at] = sorted[at - 1] as KnownPod
    sorted[at] = pod
  }
  return sorted
}

/** Where the indices are those of a list without gaps, each pod in its place; null: they are not. */
function byPlace(pods: readonly KnownPod[]): readonly KnownPod[] | null {
  if (pods.length < 2) return pods.slice()
  const places: (KnownPod | null)[] = pods.map(() => null)
  for (const pod of pods) {
    const { index } = pod.facts
    if (places[index] !== null) return null
    places[index] = pod
  }
  return places as KnownPod[]
}

/** PodGangs, the pods that say they are in one, and which of them have to be looked at again. */
export class Gangs {
  readonly #gangs = new Map<GangKey, GangFacts>()
  readonly #keyOfUid = new Map<string, GangKey>()
  readonly #pods = new Map<GangKey, Members>()
  /** Namespace → keys, for what is counted over a namespace: spread units and ties. */
  readonly #byNamespace = new Map<string, Set<GangKey>>()
  /** Namespace → keys of gangs that share a domain with another by what they say themselves. */
  readonly #tying = new Map<string, Set<GangKey>>()
  readonly #dirty = new Set<GangKey>()

  /** PodGangs that there are. */
  get size(): number {
    return this.#gangs.size
  }

  get(key: GangKey): GangFacts | undefined {
    return this.#gangs.get(key)
  }

  byUid(uid: string): GangFacts | undefined {
    const key = this.#keyOfUid.get(uid)
    return key === undefined ? undefined : this.#gangs.get(key)
  }

  keys(): Iterable<GangKey> {
    return new Set([...this.#gangs.keys(), ...this.#pods.keys()])
  }

  /** The PodGangs of a namespace, in no order. */
  inNamespace(namespace: string): GangFacts[] {
    return [...(this.#byNamespace.get(namespace) ?? [])].flatMap((key) => this.#gangs.get(key) ?? [])
  }

  /** Whether there is any with `sameDomainAs`. */
  isAnyTyingIn(namespace: string): boolean {
    return this.#tying.has(namespace)
  }

  /** Those of them with `sameDomainAs`, in no order. */
  tyingIn(namespace: string): GangFacts[] {
    const keys = this.#tying.get(namespace)
    return keys === undefined ? [] : [...keys].flatMap((key) => this.#gangs.get(key) ?? [])
  }

  /** Those of all namespaces, in no order. */
  tying(): GangFacts[] {
    return [...this.#tying.values()].flatMap((keys) => [...keys].flatMap((key) => this.#gangs.get(key) ?? []))
  }

  /** What its pods are in where there is no PodGang: each a gang of one, or one that they wait for. Null: no pods. */
  unnamed(key: GangKey): GangFacts | null {
    const members = this.#pods.get(key)
    const pod = members?.pods[0]?.facts
    if (members === undefined || pod === undefined) return null
    return pod.gang === null ? (members.ofOne ??= gangOfOne(pod)) : missingGang(pod.namespace, pod.gang)
  }

  /** Pods that say they are in this gang, in no order. */
  podsOf(key: GangKey): readonly PodFacts[] {
    return (this.#pods.get(key)?.pods ?? NONE).map(({ facts }) => facts)
  }

  /** The same by index, then name: one list until a pod of the gang comes, goes or changes. */
  podsInOrder(key: GangKey): readonly KnownPod[] {
    const members = this.#pods.get(key)
    return members === undefined ? NONE : (members.inOrder ??= inOrder(members.pods))
  }

  set(gang: GangFacts): void {
    const { key } = gang
    this.#gangs.set(key, gang)
    this.#keyOfUid.set(gang.uid, key)
    const keys = this.#byNamespace.get(gang.namespace) ?? new Set()
    this.#byNamespace.set(gang.namespace, keys.add(key))
    this.#noteTie(gang, gang.sameDomainAs !== null)
    this.touch(key)
  }

  /** By uid: a gang that was made again under the same name stays. */
  delete(uid: string): void {
    const key = this.#keyOfUid.get(uid)
    this.#keyOfUid.delete(uid)
    const gang = key === undefined ? undefined : this.#gangs.get(key)
    if (key === undefined || gang === undefined || gang.uid !== uid) return
    this.#gangs.delete(key)
    const keys = this.#byNamespace.get(gang.namespace)
    keys?.delete(key)
    if (keys?.size === 0) this.#byNamespace.delete(gang.namespace)
    this.#noteTie(gang, false)
    this.touch(key)
  }

  #noteTie(gang: GangFacts, isTying: boolean): void {
    if (!isTying && !this.#tying.has(gang.namespace)) return
    const keys = this.#tying.get(gang.namespace) ?? new Set()
    if (isTying) this.#tying.set(gang.namespace, keys.add(gang.key))
    else if (keys.delete(gang.key) && keys.size === 0) this.#tying.delete(gang.namespace)
  }

  /** The pod is in no gang here. */
  addPod(pod: KnownPod): void {
    const key = gangOfPod(pod.facts)
    const members = this.#pods.get(key)
    if (members === undefined) this.#pods.set(key, { pods: [pod], inOrder: null, ofOne: null })
    else members.inOrder = null
    pod.member = members === undefined ? 0 : members.pods.push(pod) - 1
    this.touch(key)
  }

  /** Something is told of the pod that was not before, its gang aside. */
  changePod({ facts }: KnownPod): void {
    const key = gangOfPod(facts)
    const members = this.#pods.get(key)
    if (members !== undefined) {
      members.inOrder = null
      members.ofOne = null
    }
    this.touch(key)
  }

  /** From the gang that it was in by `facts`. */
  removePod(pod: KnownPod, facts: PodFacts): void {
    const key = gangOfPod(facts)
    this.touch(key)
    const members = this.#pods.get(key)
    if (members === undefined || pod.member < 0) return
    const last = members.pods.pop() as KnownPod
    if (last !== pod) {
      members.pods[pod.member] = last
      last.member = pod.member
    }
    pod.member = -1
    members.inOrder = null
    if (members.pods.length === 0) this.#pods.delete(key)
  }

  touch(key: GangKey): void {
    this.#dirty.add(key)
  }

  get hasDirty(): boolean {
    return this.#dirty.size > 0
  }

  /** Keys to look at again, in no order. */
  get dirty(): Iterable<GangKey> {
    return this.#dirty
  }

  /** The gang has been looked at as it is now. */
  settle(key: GangKey): void {
    this.#dirty.delete(key)
  }

  /** Keys to look at again since the last call, in no order. */
  takeDirty(): readonly GangKey[] {
    const keys = [...this.#dirty]
    this.#dirty.clear()
    return keys
  }
}
