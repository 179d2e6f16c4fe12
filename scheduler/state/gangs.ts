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

/** All that stands under one key: the PodGang, the pods that say they are in it, and whether it has to be looked at. */
export interface GangRecord {
  readonly key: GangKey
  /** Null: there is no PodGang. */
  facts: GangFacts | null
  /** In no order; each knows its place. Null: none came yet. */
  pods: KnownPod[] | null
  /** Null: not sorted since a pod came, went or changed. */
  inOrder: readonly KnownPod[] | null
  /** Of a pod of no gang; null: not made yet. */
  ofOne: GangFacts | null
  isDirty: boolean
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

/** Its pods by index, then name: one list until a pod of the gang comes, goes or changes. */
export const podsInOrder = (record: GangRecord): readonly KnownPod[] =>
  record.pods === null ? NONE : (record.inOrder ??= inOrder(record.pods))

/** The PodGang, or what its pods are in where there is none: each a gang of one, or one that they wait for. Null: no pods. */
export function gangOf(record: GangRecord): GangFacts | null {
  if (record.facts !== null) return record.facts
  const pod = record.pods?.[0]?.facts
  if (pod === undefined) return null
  return pod.gang === null ? (record.ofOne ??= gangOfOne(pod)) : missingGang(pod.namespace, pod.gang)
}

const isEmpty = ({ facts, pods }: GangRecord): boolean => facts === null && pods === null

/** PodGangs, the pods that say they are in one, and which of them have to be looked at again. */
export class Gangs {
  readonly #records = new Map<GangKey, GangRecord>()
  readonly #ofUid = new Map<string, GangRecord>()
  /** Namespace → PodGangs, for what is counted over a namespace: spread units and ties. */
  readonly #byNamespace = new Map<string, Set<GangRecord>>()
  /** Namespace → gangs that share a domain with another by what they say themselves. */
  readonly #tying = new Map<string, Set<GangRecord>>()
  /** Touched since the last sweep began; some were looked at since, and some of them touched again. */
  #touched: GangRecord[] = []
  #dirtyCount = 0
  #size = 0

  /** PodGangs that there are. */
  get size(): number {
    return this.#size
  }

  get(key: GangKey): GangFacts | undefined {
    return this.#records.get(key)?.facts ?? undefined
  }

  /** For the moment: what has gone begins anew when it comes again. */
  find(key: GangKey): GangRecord | undefined {
    return this.#records.get(key)
  }

  byUid(uid: string): GangFacts | undefined {
    const facts = this.#ofUid.get(uid)?.facts
    return facts?.uid === uid ? facts : undefined
  }

  /** In no order. */
  keys(): GangKey[] {
    return [...this.#records.values()].flatMap((record) => (isEmpty(record) ? [] : record.key))
  }

  /** The PodGangs of a namespace, in no order. */
  inNamespace(namespace: string): GangFacts[] {
    return factsOf(this.#byNamespace.get(namespace))
  }

  /** Whether there is any with `sameDomainAs`. */
  isAnyTyingIn(namespace: string): boolean {
    return this.#tying.has(namespace)
  }

  /** Those of them with `sameDomainAs`, in no order. */
  tyingIn(namespace: string): GangFacts[] {
    return factsOf(this.#tying.get(namespace))
  }

  /** Those of all namespaces, in no order. */
  tying(): GangFacts[] {
    return [...this.#tying.values()].flatMap(factsOf)
  }

  /** Pods that say they are in this gang, in no order. */
  podsOf(key: GangKey): readonly PodFacts[] {
    return (this.#records.get(key)?.pods ?? NONE).map(({ facts }) => facts)
  }

  /** What stood there before; null: no PodGang. */
  set(gang: GangFacts): GangFacts | null {
    const record = this.#recordOf(gang.key)
    const before = record.facts
    record.facts = gang
    this.#ofUid.set(gang.uid, record)
    if (before === null) {
      this.#size++
      addTo(this.#byNamespace, gang.namespace, record)
    }
    if (gang.sameDomainAs !== null) addTo(this.#tying, gang.namespace, record)
    else if (before !== null && before.sameDomainAs !== null) takeFrom(this.#tying, gang.namespace, record)
    this.#touch(record)
    return before
  }

  /** By uid: a gang that was made again under the same name stays. */
  delete(uid: string): void {
    const record = this.#ofUid.get(uid)
    this.#ofUid.delete(uid)
    const gang = record?.facts
    if (record === undefined || gang?.uid !== uid) return
    record.facts = null
    this.#size--
    takeFrom(this.#byNamespace, gang.namespace, record)
    if (gang.sameDomainAs !== null) takeFrom(this.#tying, gang.namespace, record)
    this.#touch(record)
  }

  /** The pod is in no gang here. */
  addPod(pod: KnownPod): void {
    const record = this.#recordOf(gangOfPod(pod.facts))
    if (record.pods === null) record.pods = [pod]
    else record.pods.push(pod)
    pod.member = record.pods.length - 1
    record.inOrder = null
    this.#touch(record)
  }

  /** Something is told of the pod that was not before, its gang aside. */
  changePod({ facts }: KnownPod): void {
    const record = this.#recordOf(gangOfPod(facts))
    record.inOrder = null
    record.ofOne = null
    this.#touch(record)
  }

  /** From the gang that it was in by `facts`. */
  removePod(pod: KnownPod, facts: PodFacts): void {
    const record = this.#recordOf(gangOfPod(facts))
    this.#touch(record)
    const { pods } = record
    if (pods === null || pod.member < 0) return
    const last = pods.pop() as KnownPod
    if (last !== pod) {
      pods[pod.member] = last
      last.member = pod.member
    }
    pod.member = -1
    record.inOrder = null
    record.ofOne = null
    if (pods.length === 0) record.pods = null
  }

  #recordOf(key: GangKey): GangRecord {
    const known = this.#records.get(key)
    if (known !== undefined) return known
    const record: GangRecord = { key, facts: null, pods: null, inOrder: null, ofOne: null, isDirty: false }
    this.#records.set(key, record)
    return record
  }

  /** Also what is not there: that it has gone may not have been seen yet. */
  touch(key: GangKey): void {
    this.#touch(this.#recordOf(key))
  }

  #touch(record: GangRecord): void {
    if (record.isDirty) return
    record.isDirty = true
    this.#dirtyCount++
    this.#touched.push(record)
  }

  get hasDirty(): boolean {
    return this.#dirtyCount > 0
  }

  /** Keys to look at again, in no order. */
  get dirty(): GangKey[] {
    return this.#touched.flatMap(({ key, isDirty }) => (isDirty ? key : []))
  }

  /** The gang has been looked at as it is now. */
  settle(key: GangKey): void {
    const record = this.#records.get(key)
    if (record !== undefined) this.#settle(record)
  }

  #settle(record: GangRecord): void {
    if (!record.isDirty) return
    record.isDirty = false
    this.#dirtyCount--
    if (isEmpty(record)) this.#records.delete(record.key)
  }

  /** Keys to look at again since the last call, in no order. */
  takeDirty(): readonly GangKey[] {
    const touched = this.#touched
    this.#touched = []
    const keys: GangKey[] = []
    for (const record of touched) {
      if (record.isDirty) keys.push(record.key)
      this.#settle(record)
    }
    return keys
  }
}

const factsOf = (records: ReadonlySet<GangRecord> | undefined): GangFacts[] =>
  records === undefined ? [] : [...records].flatMap(({ facts }) => facts ?? [])

function addTo(index: Map<string, Set<GangRecord>>, namespace: string, record: GangRecord): void {
  const records = index.get(namespace)
  if (records === undefined) index.set(namespace, new Set([record]))
  else records.add(record)
}

function takeFrom(index: Map<string, Set<GangRecord>>, namespace: string, record: GangRecord): void {
  const records = index.get(namespace)
  if (records?.delete(record) === true && records.size === 0) index.delete(namespace)
}
