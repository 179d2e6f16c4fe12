import type { Pod } from '../../api/kinds/kubernetes.ts'
import { labelSelectorFrom, matches, NOTHING, type Selector } from '../../api/selector.ts'

/**
 * One required anti-affinity term of a pod: where that pod runs, pods that it selects stay out of the domain. Plain
 * data, so that two of them can be compared.
 */
export interface Repulsion {
  readonly topologyKey: string
  /** A LabelSelector as written; null selects nothing. */
  readonly labelSelector: object | null
  /** Namespaces whose pods are meant. */
  readonly namespaces: readonly string[]
  /** A namespaceSelector stands there: taken as every namespace, so that too much is kept out and never too little. */
  readonly isAnyNamespace: boolean
}

interface Term {
  topologyKey?: string
  labelSelector?: object | null
  namespaces?: string[]
  namespaceSelector?: object | null
}

export function repulsionsOf(pod: Pod): Repulsion[] {
  const required = pod.spec.affinity?.podAntiAffinity?.['requiredDuringSchedulingIgnoredDuringExecution']
  if (!Array.isArray(required)) return []
  return (required as Term[]).map((term) => ({
    topologyKey: term.topologyKey ?? '',
    labelSelector: term.labelSelector ?? null,
    namespaces: term.namespaces?.length ? term.namespaces : [pod.metadata.namespace ?? ''],
    isAnyNamespace: term.namespaceSelector !== undefined && term.namespaceSelector !== null,
  }))
}

const selectors = new WeakMap<object, Selector>()

/** What a term's label selector selects; nothing where none is written. */
export function selectorOf({ labelSelector }: Repulsion): Selector {
  if (labelSelector === null) return NOTHING
  const known = selectors.get(labelSelector)
  if (known !== undefined) return known
  const selector = labelSelectorFrom(labelSelector)
  selectors.set(labelSelector, selector)
  return selector
}

export interface Repelled {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

export function repels(repulsion: Repulsion, pod: Repelled): boolean {
  if (!repulsion.isAnyNamespace && !repulsion.namespaces.includes(pod.namespace)) return false
  return matches(selectorOf(repulsion), pod.labels)
}
