import type { Pod, Service } from '../../api/kinds/kubernetes.ts'
import { keyOf } from './controller.ts'

type Labels = Readonly<Record<string, string>>

/** Services of one namespace whose selectors ask for the same keys: a pod finds its own among them by one look-up. */
interface SameKeys {
  /** In byte order. */
  readonly keys: readonly string[]
  /** Keys of services, by the values that they ask for, in the order of `keys`. */
  readonly byValues: Map<string, Set<string>>
}

/** The pods that each Service selects, kept by change: a pod costs its labels, not the number of services. */
export class SelectedPods {
  /** By namespace, then by the keys. */
  readonly #byKeys = new Map<string, Map<string, SameKeys>>()
  /** By service key, then by pod uid. */
  readonly #selected = new Map<string, Map<string, Pod>>()

  /** In byte order of names. */
  of(service: string): readonly Pod[] {
    const pods = [...(this.#selected.get(service)?.values() ?? [])]
    return pods.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  }

  putService(service: Service, before: Service | null, pods: Iterable<Pod>): void {
    if (before !== null) this.removeService(before)
    const selection = selectionOf(service)
    if (selection === null) return
    this.#sameAs(selection, (names) => names.add(keyOf(service)))
    const selected = [...pods].filter((pod) => selects(selection, pod))
    this.#selected.set(keyOf(service), new Map(selected.map((pod) => [pod.metadata.uid, pod])))
  }

  removeService(service: Service): void {
    const selection = selectionOf(service)
    if (selection === null) return
    this.#sameAs(selection, (names) => names.delete(keyOf(service)))
    this.#selected.delete(keyOf(service))
  }

  /** Keys of the services that select the pod, or did. Null for `after`: it is gone. */
  movePod(before: Pod | null, after: Pod | null): readonly string[] {
    const left = before === null ? [] : this.#servicesOf(before)
    const joined = after === null ? [] : this.#servicesOf(after)
    for (const key of left) this.#selected.get(key)?.delete(before?.metadata.uid ?? '')
    for (const key of joined) if (after !== null) this.#selected.get(key)?.set(after.metadata.uid, after)
    return [...new Set([...left, ...joined])]
  }

  #servicesOf({ metadata: { namespace = '', labels = {} } }: Pod): readonly string[] {
    return [...(this.#byKeys.get(namespace)?.values() ?? [])].flatMap(({ keys, byValues }) => {
      const values = valuesOf(labels, keys)
      return values === null ? [] : [...(byValues.get(values) ?? [])]
    })
  }

  /** The services that select just that, to be changed. */
  #sameAs({ namespace, keys, values }: Selection, change: (names: Set<string>) => void): void {
    const ofNamespace = this.#byKeys.get(namespace) ?? new Map<string, SameKeys>()
    const { byValues } = ofNamespace.get(keys.join()) ?? { byValues: new Map<string, Set<string>>() }
    const names = byValues.get(values) ?? new Set<string>()
    change(names)
    putUnlessEmpty(byValues, values, names, names.size)
    putUnlessEmpty(ofNamespace, keys.join(), { keys, byValues }, byValues.size)
    putUnlessEmpty(this.#byKeys, namespace, ofNamespace, ofNamespace.size)
  }
}

function putUnlessEmpty<V>(map: Map<string, V>, key: string, value: V, size: number): void {
  if (size === 0) map.delete(key)
  else map.set(key, value)
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

const selects = ({ namespace, keys, values }: Selection, { metadata }: Pod): boolean =>
  metadata.namespace === namespace && valuesOf(metadata.labels ?? {}, keys) === values
