import type { Pod, Service } from '../../api/kinds/kubernetes.ts'
import { keyOf } from './controller.ts'

type Labels = Readonly<Record<string, string>>

/** The pods that each Service selects, kept by change: a pod costs its labels, not the number of services. */
export class SelectedPods {
  /** By `namespace/key=value`: the services whose selector begins so. */
  readonly #byLabel = new Map<string, Map<string, Service>>()
  /** By service key, then by pod uid. */
  readonly #selected = new Map<string, Map<string, Pod>>()

  /** In byte order of names. */
  of(service: string): readonly Pod[] {
    const pods = [...(this.#selected.get(service)?.values() ?? [])]
    return pods.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  }

  putService(service: Service, before: Service | null, pods: Iterable<Pod>): void {
    if (before !== null) this.removeService(before)
    const label = firstLabel(service)
    if (label === null) return
    const services = this.#byLabel.get(label) ?? new Map<string, Service>()
    services.set(keyOf(service), service)
    this.#byLabel.set(label, services)
    const selected = [...pods].filter((pod) => selects(service, pod))
    this.#selected.set(keyOf(service), new Map(selected.map((pod) => [pod.metadata.uid, pod])))
  }

  removeService(service: Service): void {
    const label = firstLabel(service)
    if (label === null) return
    const services = this.#byLabel.get(label)
    services?.delete(keyOf(service))
    if (services?.size === 0) this.#byLabel.delete(label)
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

  #servicesOf(pod: Pod): readonly string[] {
    const { namespace = '', labels = {} } = pod.metadata
    const candidates = Object.entries(labels).flatMap(([key, value]) => [
      ...(this.#byLabel.get(labelKey(namespace, key, value))?.values() ?? []),
    ])
    return candidates.filter((service) => selects(service, pod)).map(keyOf)
  }
}

const selectorOf = (service: Service): Labels => service.spec?.selector ?? {}

const labelKey = (namespace: string, key: string, value: string): string => `${namespace}/${key}=${value}`

/** Null: a service without a selector selects nothing. */
function firstLabel(service: Service): string | null {
  const first = Object.entries(selectorOf(service))[0]
  return first === undefined ? null : labelKey(service.metadata.namespace ?? '', ...first)
}

const selects = (service: Service, pod: Pod): boolean =>
  service.metadata.namespace === pod.metadata.namespace &&
  Object.entries(selectorOf(service)).every(([key, value]) => pod.metadata.labels?.[key] === value)
