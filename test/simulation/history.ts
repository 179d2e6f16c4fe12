import type { KubeObject, Node, Pod } from '../../api/kinds/kubernetes.ts'
import type { PodGang } from '../../api/generated/kinds.ts'
import type { WriteRecord } from '../../sim/server/core.ts'
import { gangName, groupName, groupsOf, nodeOf } from './facts.ts'
import type { Kept } from './mirror.ts'
import { PodTable } from './pod-table.ts'

export interface Write extends WriteRecord {
  readonly atMs: number
  /** `kubelet`, `user`, `scheduler-a/2/117` (process, life, request); '' for the cluster's own controllers. */
  readonly sender: string
}

const PODS = '/pods'
const NODES = '/nodes'
const GANGS = 'scheduler.grove.io/podgangs'
const LEASES = 'coordination.k8s.io/leases'
export const SETS = 'grove.io/podcliquesets'
export const CLIQUES = 'grove.io/podcliques'
export const SCALINGS = 'grove.io/podcliquescalinggroups'
/** How long a process may go by what was asked for before. */
const LATE_MS = 60_000

interface Asked {
  readonly atMs: number
  readonly replicas: number
}

/** What the API server did, in order, and what it holds now: the truth that the observer judges by. */
export class History {
  readonly pods: PodTable = new PodTable()
  readonly nodes: Map<string, Node> = new Map()
  readonly gangs: Map<string, PodGang> = new Map()
  /** Uids of PodGangs that were ever recorded whole. */
  readonly everWhole: Set<string> = new Set()
  /** By a PodGang's uid, the lowest minimum that each of its groups ever had. */
  readonly lowest: Map<string, Map<string, number>> = new Map()
  /** By uid every pod that ever had a node, as it was then; by its labels `gang group`. */
  readonly everBound: Map<string, Map<string, Pod>> = new Map()
  /** By the name of the Lease. */
  readonly leaseHolders: Map<string, string> = new Map()
  readonly writes: Write[] = []
  /** Writes of pods and PodGangs so far. */
  changes = 0
  readonly #kept = new Map<string, Map<string, KubeObject>>()
  /** By the uid of what can be scaled. */
  readonly #asked = new Map<string, Asked[]>()
  readonly #seeded: { readonly collection: string; readonly object: KubeObject }[] = []
  readonly #listeners: ((write: Write) => void)[] = []
  readonly #nowMs: () => number
  #sender = ''

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Who asks for what is carried out next: the server tells before it carries out. */
  announce(sender: string): void {
    this.#sender = sender
  }

  listen(listener: (write: Write) => void): void {
    this.#listeners.push(listener)
  }

  /** Lines of a streaming list of the kind as it was after so many writes. */
  listAfter(writes: number, kept: Kept): string[] {
    const collection = { pods: PODS, nodes: NODES, podgangs: GANGS }[kept]
    const objects = new Map<string, KubeObject>()
    for (const seeded of this.#seeded)
      if (seeded.collection === collection) objects.set(seeded.object.metadata.uid, seeded.object)
    const past = this.writes.slice(0, writes)
    for (const write of past)
      if (write.collection === collection) put(objects, (write.after ?? write.before)!.metadata.uid, write.after)
    const resourceVersion = past.findLast(({ after }) => after !== null)?.after?.metadata.resourceVersion ?? '1'
    const metadata = { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } }
    return [
      ...[...objects.values()].map((object) => JSON.stringify({ type: 'ADDED', object })),
      JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Pod', apiVersion: 'v1', metadata } }),
    ]
  }

  seed(object: KubeObject): void {
    const collection = object.kind === 'Node' ? NODES : PODS
    this.#seeded.push({ collection, object })
    this.#keep(collection, object, null)
  }

  /** The newest that was written; of a delete nothing is kept. */
  get version(): number {
    const last = this.writes.findLast(({ after }) => after !== null)
    return Number(last?.after?.metadata.resourceVersion ?? 0)
  }

  take(record: WriteRecord): void {
    const write: Write = { ...record, atMs: this.#nowMs(), sender: this.#sender }
    this.writes.push(write)
    this.#keep(record.collection, record.after, record.before)
    for (const listener of this.#listeners) listener(write)
  }

  #keep(collection: string, after: KubeObject | null, before: KubeObject | null): void {
    const { metadata } = (after ?? before)!
    if (collection === PODS || collection === GANGS) this.changes++
    if (collection === PODS) this.#keepPod(metadata.uid, after as Pod | null)
    else if (collection === NODES) put(this.nodes, metadata.name, after as Node | null)
    else if (collection === GANGS) this.#keepGang(metadata.uid, after as PodGang | null)
    else if (collection === LEASES) this.leaseHolders.set(metadata.name, holderOf(after))
    else if (!collection.endsWith('/events')) this.#keepOther(collection, metadata.uid, after)
  }

  #keepPod(uid: string, pod: Pod | null): void {
    put(this.pods, uid, pod)
    if (pod === null || nodeOf(pod) === null) return
    const key = labelsOf(gangName(pod) ?? '', groupName(pod) ?? '')
    const ofGroup = this.everBound.get(key) ?? new Map<string, Pod>()
    this.everBound.set(key, ofGroup.set(uid, pod))
  }

  #keepGang(uid: string, gang: PodGang | null): void {
    put(this.gangs, uid, gang)
    if (gang !== null) this.#keepMinimums(gang)
    const conditions = gang?.status?.conditions ?? []
    if (conditions.some(({ type, status }) => type === 'PlacementComplete' && status === 'True'))
      this.everWhole.add(uid)
  }

  #keepMinimums(gang: PodGang): void {
    const lowest = this.lowest.get(gang.metadata.uid) ?? new Map<string, number>()
    for (const { name, minimum } of groupsOf(gang)) lowest.set(name, Math.min(minimum, lowest.get(name) ?? minimum))
    this.lowest.set(gang.metadata.uid, lowest)
  }

  #keepOther(collection: string, uid: string, object: KubeObject | null): void {
    const ofKind = this.#kept.get(collection) ?? new Map<string, KubeObject>()
    this.#kept.set(collection, ofKind)
    put(ofKind, uid, object)
    if (object === null || ![SETS, CLIQUES, SCALINGS].includes(collection)) return
    const asked = this.#asked.get(uid) ?? []
    const replicas = replicasOf(object)
    if (asked.at(-1)?.replicas === replicas) return
    this.#asked.set(uid, [...asked, { atMs: this.#nowMs(), replicas }])
  }

  /** What there is of another kind, by uid. */
  kept(collection: string): ReadonlyMap<string, KubeObject> {
    return this.#kept.get(collection) ?? new Map()
  }

  /** The fewest replicas that it asked for within the last minute: what a process may have been told. */
  fewestAsked(uid: string): number {
    const asked = this.#asked.get(uid) ?? []
    const sinceMs = this.#nowMs() - LATE_MS
    const valid = asked.filter((_, at) => (asked[at + 1]?.atMs ?? Number.POSITIVE_INFINITY) > sinceMs)
    return Math.min(...valid.map(({ replicas }) => replicas))
  }
}

function put<T>(map: Map<string, T>, key: string, value: T | null): void {
  if (value === null) map.delete(key)
  else map.set(key, value)
}

const holderOf = (lease: KubeObject | null): string =>
  (lease?.['spec'] as { holderIdentity?: string } | undefined)?.holderIdentity ?? ''

export const replicasOf = (object: KubeObject): number => (object['spec'] as { replicas?: number }).replicas ?? 1

export const labelsOf = (gang: string, group: string): string => `${gang} ${group}`

export const isPodWrite = ({ collection }: Write): boolean => collection === PODS
export const isNodeWrite = ({ collection }: Write): boolean => collection === NODES
export const isGangWrite = ({ collection }: Write): boolean => collection === GANGS
export const isLeaseWrite = ({ collection }: Write): boolean => collection === LEASES
