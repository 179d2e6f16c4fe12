import type { Pod } from '../../api/kinds/kubernetes.ts'
import { gangName, nodeOf } from './facts.ts'

/** Pods by uid, found by node and by gang as well: what a checker asks for at every write must not look at all. */
export class PodTable extends Map<string, Pod> {
  readonly #onNode = new Map<string, Map<string, Pod>>()
  readonly #ofGang = new Map<string, Map<string, Pod>>()

  readonly #changes = new Map<string, number>()

  /** How often something of the gang's pods changed. */
  changesOf(gang: string): number {
    return this.#changes.get(gang) ?? 0
  }

  onNode(name: string): Iterable<Pod> {
    return this.#onNode.get(name)?.values() ?? []
  }

  /** Those that carry the gang's label. */
  ofGang(name: string): Iterable<Pod> {
    return this.#ofGang.get(name)?.values() ?? []
  }

  override set(uid: string, pod: Pod): this {
    const before = this.get(uid)
    move(this.#onNode, uid, pod, before === undefined ? null : nodeOf(before), nodeOf(pod))
    move(this.#ofGang, uid, pod, before === undefined ? null : gangName(before), gangName(pod))
    if (before !== undefined) this.#note(before)
    this.#note(pod)
    return super.set(uid, pod)
  }

  override delete(uid: string): boolean {
    const before = this.get(uid)
    if (before === undefined) return false
    move(this.#onNode, uid, before, nodeOf(before), null)
    move(this.#ofGang, uid, before, gangName(before), null)
    this.#note(before)
    return super.delete(uid)
  }

  #note(pod: Pod): void {
    const gang = gangName(pod)
    if (gang !== null) this.#changes.set(gang, this.changesOf(gang) + 1)
  }

  override clear(): void {
    super.clear()
    this.#onNode.clear()
    this.#ofGang.clear()
  }
}

function move(
  places: Map<string, Map<string, Pod>>,
  uid: string,
  pod: Pod,
  from: string | null,
  to: string | null,
): void {
  if (from !== null && from !== to) places.get(from)?.delete(uid)
  if (to === null) return
  const there = places.get(to)
  if (there === undefined) places.set(to, new Map([[uid, pod]]))
  else there.set(uid, pod)
}
