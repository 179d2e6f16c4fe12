import type { KubeObject, Node, Pod } from '../../api/kinds/kubernetes.ts'
import type { PodGang } from '../../api/generated/kinds.ts'
import { asksFor, ATTEMPT, isFailed, isOurs, nodeOf } from './facts.ts'
import { PodTable } from './pod-table.ts'

const isRefusal = (reason: string): boolean =>
  reason.startsWith('OutOf') || ['UnexpectedAdmissionError', 'TopologyAffinityError', 'NodeAffinity'].includes(reason)

/** Reads that tell the same of these are one, the latest. */
const minimumsOf = ({ spec }: PodGang): string => JSON.stringify(spec?.podgroups.map(({ minReplicas }) => minReplicas))

export type Kept = 'pods' | 'nodes' | 'podgangs'

/** What one process has been told so far, and no more: a write of its is judged by this. */
export class Mirror {
  /** By uid. */
  readonly pods: PodTable = new PodTable()
  /** By name. */
  readonly nodes: Map<string, Node> = new Map()
  /** By uid. */
  readonly gangs: Map<string, PodGang> = new Map()
  /** Uids of pods that it was told are gone, in this term. */
  readonly gone: Set<string> = new Set()
  /** When a pod was heard of first, and what reads of a PodGang have told of its minimums, the newest last; by uid. */
  readonly firstHeardMs: Map<string, number> = new Map()
  readonly gangReads: Map<string, readonly { readonly atMs: number; readonly gang: PodGang }[]> = new Map()
  /** When a pod was read by its name last; by uid. */
  readonly readMs: Map<string, number> = new Map()
  /** When a pod that was pending under our name was heard to be on a node without an attempt; by namespace. */
  readonly rivalHeardMs: Map<string, number> = new Map()
  /** When a kubelet was heard to have refused a pod: node → what such pods ask for → when. */
  readonly refusalHeardMs: Map<string, Map<string, number>> = new Map()
  /** Whether the process has tried to bind the pod to that node itself: then nobody can tell who did. */
  hasTried: (uid: string, node: string) => boolean = () => false
  /** How far what was told by lists and watches has come, by kind. */
  readonly #floors = new Map<Kept, number>()
  /** Of which it has heard all that there are, in this term. */
  readonly listed: Set<Kept> = new Set()
  #recent: { readonly atMs: number; readonly before: Map<string, Pod> } = { atMs: -1, before: new Map() }
  readonly #nowMs: () => number
  /** On its way into the process's hands; whether it has looked at it yet cannot be seen from outside. */
  readonly #handed: (() => void)[] = []

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Elected anew, a process lists anew and remembers nothing; what it was handed before, nobody takes any more. */
  forgetPast(): void {
    this.#handed.length = 0
    for (const known of [this.pods, this.nodes, this.gangs, this.firstHeardMs, this.gangReads]) known.clear()
    this.gone.clear() // a server that lags may list them to it again
    this.rivalHeardMs.clear()
    this.refusalHeardMs.clear()
    this.#floors.clear()
    this.listed.clear()
  }

  hand(apply: () => void): void {
    this.#handed.push(apply)
  }

  get isBetween(): boolean {
    return this.#handed.length > 0
  }

  /** It has taken all that was handed to it. */
  taken(): void {
    for (const apply of this.#handed.splice(0)) apply()
  }

  /** A read by name found it; who bore the name before is gone. */
  hearRead(kept: Kept, object: KubeObject): void {
    const { uid, name } = object.metadata
    if (kept === 'pods') {
      this.readMs.set(uid, this.#nowMs())
      this.hearMissing(name, uid)
    }
    if (kept === 'podgangs') this.#noteRead(object as PodGang)
    this.hear(kept, object, false)
  }

  #noteRead(gang: PodGang): void {
    const before = this.gangReads.get(gang.metadata.uid) ?? []
    const others = before.filter((read) => minimumsOf(read.gang) !== minimumsOf(gang))
    this.gangReads.set(gang.metadata.uid, [...others, { atMs: this.#nowMs(), gang }])
  }

  hear(kept: Kept, object: KubeObject, isDeleted: boolean): void {
    if (kept === 'pods') this.#hearPod(object as Pod, isDeleted)
    else if (kept === 'nodes') this.#hearNode(object as Node, isDeleted)
    else hearNamed(this.gangs, object.metadata.uid, object as PodGang, isDeleted)
  }

  /** A watch has come so far. */
  hearVersion(kept: Kept, version: string): void {
    this.#floors.set(kept, Math.max(this.#floors.get(kept) ?? 0, Number(version)))
  }

  /** A whole list, which is not believed where it is older than what was told before: what is not in it is gone. */
  hearListed(kept: Kept, objects: readonly KubeObject[], version: string): void {
    this.listed.add(kept)
    if (Number(version) < (this.#floors.get(kept) ?? 0)) return
    this.hearVersion(kept, version)
    const uids = new Set(objects.map(({ metadata }) => metadata.uid))
    const isMissing = ({ metadata: { uid, resourceVersion } }: KubeObject): boolean =>
      !uids.has(uid) && Number(resourceVersion) <= Number(version) // a read may have told of one that came later
    for (const known of [...this.#known(kept).values()]) if (isMissing(known)) this.hear(kept, known, true)
    for (const object of objects) this.hear(kept, object, false)
  }

  #known(kept: Kept): ReadonlyMap<string, KubeObject> {
    return kept === 'pods' ? this.pods : kept === 'nodes' ? this.nodes : this.gangs
  }

  /** A read by name found none, or none but `found`. */
  hearMissing(name: string, found: string | null = null): void {
    for (const pod of [...this.pods.values()])
      if (pod.metadata.name === name && pod.metadata.uid !== found) this.#hearPod(pod, true)
  }

  /** Pods of which something was told in this very instant, as they were before: nobody may have looked at the news yet. */
  get beforeNow(): readonly Pod[] {
    return this.#recent.atMs === this.#nowMs() ? [...this.#recent.before.values()] : []
  }

  #noteBefore(known: Pod | undefined): void {
    const atMs = this.#nowMs()
    if (this.#recent.atMs !== atMs) this.#recent = { atMs, before: new Map() }
    const { before } = this.#recent
    if (known !== undefined && !before.has(known.metadata.uid)) before.set(known.metadata.uid, known)
  }

  #hearPod(pod: Pod, isDeleted: boolean): void {
    const { uid } = pod.metadata
    this.#noteBefore(this.pods.get(uid))
    if (!this.firstHeardMs.has(uid)) this.firstHeardMs.set(uid, this.#nowMs())
    if (isDeleted) this.gone.add(uid)
    if (isDeleted) this.pods.delete(uid)
    else if (!this.gone.has(uid) && isNewer(this.pods.get(uid), pod)) {
      this.#note(this.pods.get(uid), pod)
      this.pods.set(uid, pod)
    }
  }

  #hearNode(node: Node, isDeleted: boolean): void {
    const { name, uid } = node.metadata
    if (isDeleted || this.nodes.get(name)?.metadata.uid !== uid) this.refusalHeardMs.delete(name)
    hearNamed(this.nodes, name, node, isDeleted)
  }

  #note(before: Pod | undefined, pod: Pod): void {
    const node = nodeOf(pod)
    if (before === undefined || node === null || !isOurs(pod)) return
    const isRival = nodeOf(before) === null && pod.metadata.annotations?.[ATTEMPT] === undefined
    if (isRival && !this.hasTried(pod.metadata.uid, node))
      this.rivalHeardMs.set(pod.metadata.namespace ?? '', this.#nowMs())
    if (isFailed(before) || !isFailed(pod) || !isRefusal(pod.status?.reason ?? '')) return
    const ofNode = this.refusalHeardMs.get(node) ?? new Map<string, number>()
    this.refusalHeardMs.set(node, ofNode.set(asksFor(pod).join(), this.#nowMs()))
  }
}

const isNewer = (known: KubeObject | undefined, told: KubeObject): boolean =>
  known === undefined || Number(told.metadata.resourceVersion) >= Number(known.metadata.resourceVersion)

function hearNamed<T extends KubeObject>(map: Map<string, T>, key: string, object: T, isDeleted: boolean): void {
  const known = map.get(key)
  if (!isDeleted && isNewer(known, object)) map.set(key, object)
  if (isDeleted && known?.metadata.uid === object.metadata.uid) map.delete(key)
}
