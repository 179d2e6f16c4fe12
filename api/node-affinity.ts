import type { NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from './kinds/kubernetes.ts'
import { meets, requirementFrom } from './selector.ts'

/** nodeSelector and required node affinity: on which nodes a pod may be. */

type Labels = Readonly<Record<string, string>>

/** An operator that is not known, or a Gt or Lt without one whole number, matches no node. */
function meetsExpression(written: NodeSelectorRequirement, labels: Labels): boolean {
  const requirement = requirementFrom(written)
  return requirement !== null && meets(requirement, labels)
}

/** metadata.name is the one field that nodes are chosen by; In and NotIn the operators that it has. */
function meetsField({ key, operator, values }: NodeSelectorRequirement, nodeName: string): boolean {
  if (key !== 'metadata.name' || (operator !== 'In' && operator !== 'NotIn')) return false
  return (values ?? []).includes(nodeName) === (operator === 'In')
}

/** All of a term holds. A term that says nothing matches no node. */
function matchesTerm({ matchExpressions, matchFields }: NodeSelectorTerm, labels: Labels, nodeName: string): boolean {
  const expressions = matchExpressions ?? []
  const fields = matchFields ?? []
  if (expressions.length === 0 && fields.length === 0) return false
  return (
    expressions.every((expression) => meetsExpression(expression, labels)) &&
    fields.every((field) => meetsField(field, nodeName))
  )
}

/** One of the terms holds; without any, no node matches. */
export const matchesNodeSelectorTerms = (
  terms: readonly NodeSelectorTerm[],
  labels: Labels,
  nodeName: string,
): boolean => terms.some((term) => matchesTerm(term, labels, nodeName))

export const matchesNodeSelector = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)

/** Both, as kube-scheduler judges them. */
export function mayBeOn(spec: PodSpec, node: { readonly name: string; readonly labels: Labels }): boolean {
  if (!matchesNodeSelector(spec.nodeSelector ?? {}, node.labels)) return false
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined || matchesNodeSelectorTerms(required.nodeSelectorTerms, node.labels, node.name)
}

/** The one node that the required affinity leaves, as a DaemonSet's pods have it; null where it leaves more. */
export function pinnedNode(spec: PodSpec): string | null {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const names = new Set<string | null>(terms.map(nameOfTerm))
  const [only] = names
  return names.size === 1 ? (only ?? null) : null
}

function nameOfTerm({ matchFields }: NodeSelectorTerm): string | null {
  const field = (matchFields ?? []).find(
    ({ key, operator, values }) => key === 'metadata.name' && operator === 'In' && values?.length === 1,
  )
  return field?.values?.[0] ?? null
}
