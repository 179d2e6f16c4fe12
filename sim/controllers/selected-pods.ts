import type { Pod, Service } from '../../api/kinds/kubernetes.ts'
import { keyOf } from './controller.ts'

type Labels = Readonly<Record<string, string>>

/** Services and pods of one namespace that agree: what the former ask of some keys is what the latter have there. */
interface Agreeing {
  /** Keys of services. */
  readonly services: Set<string>
  /** By uid. */
  readonly pods: Map<string, Pod>
}

/** The services of one namespace whose selectors ask for the same keys: each finds its pods by one look-up, and they it. */
interface SameKeys {
  /** In byte order. */
  readonly keys: readonly string[]
  readonly services: Set<string>
  /** By the values of the keys, in their order. */
  readonly byValues: Map<string, Agreeing>
}

/** The pods that each Service selects, kept by change: a pod costs its labels, not the number of services, and a service nothing. */
export class SelectedPods {
  /** By namespace, then by the keys. */
  readonly #byKeys = new Map<string, Map<string, SameKeys>>()
  /** By service key. */
  readonly #selections = new Map<string, Selection>()

  /** In byte order of names. */
  of(service: string): readonly Pod[] {
    const selection = this.#selections.get(service)
    if (selection === undefined) return []
    const pods = [...(this.#sameAs(selection)?.byValues.get(selection.values)?.pods.values() ?? [])]
    return pods.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  }

  /** `pods`, all that there are, are looked at only for the first service of a namespace that asks for its keys. */
  putService(service: Service, before: Service | null, pods: Iterable<Pod>): void {
    if (before !== null) this.removeService(before)
    const selection = selectionOf(service)
    if (selection === null) return
    this.#selections.set(keyOf(service), selection)
    const { services, byValues } = this.#sameAs(selection) ?? this.#begin(selection, pods)
    services.add(keyOf(service))
    agreeingOn(byValues, selection.values).services.add(keyOf(service))
  }

  removeService(service: Service): void {
    const selection = selectionOf(service)
    const same = selection === null ? undefined : this.#sameAs(selection)
    if (selection === null || same === undefined) return
    this.#selections.delete(keyOf(service))
    same.services.delete(keyOf(service))
    leave(same.byValues, selection.values, ({ services }) => services.delete(keyOf(service)))
    if (same.services.size > 0) return
    const ofNamespace = this.#byKeys.get(selection.namespace)
    ofNamespace?.delete(selection.keys.join())
    if (ofNamespace?.size === 0) this.#byKeys.delete(selection.namespace)
  }

  /** Keys of the services that select the pod, or did. Null for `after`: it is gone. */
  movePod(before: Pod | null, after: Pod | null): readonly string[] {
    const touched = new Set<string>()
    const note = ({ services }: Agreeing): void => services.forEach((key) => touched.add(key))
    if (before !== null) {
      const { uid } = before.metadata
      for (const [byValues, values] of this.#placesOf(before)) {
        leave(byValues, values, (agreeing) => {
          note(agreeing)
          agreeing.pods.delete(uid)
        })
      }
    }
    for (const [byValues, values] of after === null ? [] : this.#placesOf(after)) {
      const agreeing = agreeingOn(byValues, values)
      note(agreeing)
      if (after !== null) agreeing.pods.set(after.metadata.uid, after)
    }
    return [...touched]
  }

  #placesOf({ metadata: { namespace = '', labels = {} } }: Pod): [SameKeys['byValues'], string][] {
    return [...(this.#byKeys.get(namespace)?.values() ?? [])].flatMap(({ keys, byValues }) => {
      const values = valuesOf(labels, keys)
      return values === null ? [] : [[byValues, values] as [SameKeys['byValues'], string]]
    })
  }

  #sameAs({ namespace, keys }: Selection): SameKeys | undefined {
    return this.#byKeys.get(namespace)?.get(keys.join())
  }

  /** O(pods). */
  #begin({ namespace, keys }: Selection, pods: Iterable<Pod>): SameKeys {
    const same: SameKeys = { keys, services: new Set(), byValues: new Map() }
    for (const pod of pods) {
      const values = pod.metadata.namespace === namespace ? valuesOf(pod.metadata.labels ?? {}, keys) : null
      if (values !== null) agreeingOn(same.byValues, values).pods.set(pod.metadata.uid, pod)
    }
    const ofNamespace = this.#byKeys.get(namespace) ?? new Map<string, SameKeys>()
    this.#byKeys.set(namespace, ofNamespace.set(keys.join(), same))
    return same
  }
}

function agreeingOn(byValues: SameKeys['byValues'], values: string): Agreeing {
  const known = byValues.get(values)
  if (known !== undefined) return known
  const made: Agreeing = { services: new Set(), pods: new Map() }
  byValues.set(values, made)
  return made
}

/** What nothing agrees on any more is forgotten. */
function leave(byValues: SameKeys['byValues'], values: string, change: (agreeing: Agreeing) => void): void {
  const agreeing = byValues.get(values)
  if (agreeing === undefined) return
  change(agreeing)
  if (agreeing.services.size === 0 && agreeing.pods.size === 0) byValues.delete(values)
}

interface Selection {
  readonly namespace: string
  /** In byte order. */
  readonly keys: readonly string[]
  /** As `valuesOf` gives them. */
  readonly values: string
}

/** Null: a service without a selector selects nothing. */
function selectionOf({ metadata: { namespace = '' }, spec }: Service): Selection | null {
  const selector = spec?.selector ?? {}
  const keys = Object.keys(selector).sort()
  const values = valuesOf(selector, keys)
  return keys.length === 0 || values === null ? null : { namespace, keys, values }
}

/** Null: one of the labels is not there. No label's value holds a comma. */
function valuesOf(labels: Labels, keys: readonly string[]): string | null {
  let values = ''
  for (const key of keys) {
    const value = labels[key]
    if (value === undefined) return null
    values += `${value},`
  }
  return values
}
