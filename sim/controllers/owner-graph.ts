import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { ResourceType } from '../../kube/resources.ts'

export interface Item {
  readonly uid: string
  readonly type: ResourceType
  readonly object: KubeObject
}

/** Who owns whom, by uid. An owner need not be known to have dependents. */
export class OwnerGraph {
  readonly #items = new Map<string, Item>()
  readonly #dependents = new Map<string, Set<string>>()

  get(uid: string): Item | undefined {
    return this.#items.get(uid)
  }

  put(item: Item): void {
    this.#unlink(item.uid)
    this.#items.set(item.uid, item)
    for (const owner of item.object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid) ?? new Set<string>()
      dependents.add(item.uid)
      this.#dependents.set(owner.uid, dependents)
    }
  }

  remove(uid: string): void {
    this.#unlink(uid)
    this.#items.delete(uid)
  }

  /** In the order in which they became dependents. */
  dependentsOf(uid: string): readonly Item[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#items.get(dependent) ?? [])
  }

  /** O(1), where `dependentsOf` makes a list: a set of 500 replicas has a thousand and more, and each that goes asks. */
  hasDependents(uid: string): boolean {
    return this.#dependents.has(uid)
  }

  #unlink(uid: string): void {
    for (const owner of this.#items.get(uid)?.object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid)
      dependents?.delete(uid)
      if (dependents?.size === 0) this.#dependents.delete(owner.uid)
    }
  }
}
