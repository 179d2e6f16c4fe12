import { matchesNodeSelectorTerms } from '../../api/node-affinity.ts'
import type { ReasonCode } from '../../api/reasons.ts'
import { tolerates } from '../../api/taint.ts'
import type { Demand } from '../state/demand.ts'
import type { NodeFacts } from '../state/node-facts.ts'

/** One test of a node for a pod class, resources aside. */
export interface Predicate {
  /** What an excluded node is counted under. */
  readonly code: ReasonCode
  readonly passes: (demand: Demand, node: NodeFacts) => boolean
  /** It looks at the node's labels or name, and only where the demand asks for some; else at what `kindOf` tells. */
  readonly readsLabels?: (demand: Demand) => boolean
}

const UNSCHEDULABLE = { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' }

/** Cordoned; a pod that tolerates the taint of that name may run there all the same, as in kube-scheduler. */
const unschedulable: Predicate = {
  code: 'NodeUnschedulable',
  passes: (demand, node) => !node.isUnschedulable || tolerates(demand.tolerations, UNSCHEDULABLE),
}

/** NoSchedule and NoExecute; node facts hold no other effects. */
const taints: Predicate = {
  code: 'TaintNotTolerated',
  passes: (demand, node) => node.taints.every((taint) => tolerates(demand.tolerations, taint)),
}

const nodeSelector: Predicate = {
  code: 'NodeSelectorMismatch',
  readsLabels: (demand) => Object.keys(demand.nodeSelector).length > 0,
  passes: (demand, node) => {
    for (const key in demand.nodeSelector) if (node.labels[key] !== demand.nodeSelector[key]) return false
    return true
  },
}

const nodeAffinity: Predicate = {
  code: 'NodeAffinityMismatch',
  readsLabels: (demand) => demand.nodeAffinity !== null,
  passes: (demand, node) =>
    demand.nodeAffinity === null || matchesNodeSelectorTerms(demand.nodeAffinity, node.labels, node.name),
}

/**
 * Every predicate on a node alone, in the order in which a node is told off: the first that fails gives the code.
 * Host ports are counted as resources, required anti-affinity of running pods and refusals of a kubelet are laid over
 * this by state/view.ts, and what is not evaluated at all stands in unsupported.ts.
 */
export const PREDICATES: readonly Predicate[] = [unschedulable, taints, nodeSelector, nodeAffinity]

/** Position in PREDICATES of the first predicate that fails, or -1. */
export function firstFailing(demand: Demand, node: NodeFacts): number {
  for (let at = 0; at < PREDICATES.length; at++) if (PREDICATES[at]?.passes(demand, node) === false) return at
  return -1
}

export const isCordoned = ({ isUnschedulable, taints: all }: NodeFacts): boolean =>
  isUnschedulable || all.some(({ key }) => key === UNSCHEDULABLE.key)

/** A cordoned node as it would be if it were not: `kubectl uncordon` takes the taint off too. */
export const asUncordoned = (node: NodeFacts): NodeFacts => ({
  ...node,
  isUnschedulable: false,
  taints: node.taints.filter(({ key }) => key !== UNSCHEDULABLE.key),
})

/** Equal for nodes that no predicate tells apart but by their labels and names; '' for most: nothing against them. */
export function kindOf({ isUnschedulable, taints }: NodeFacts): string {
  if (!isUnschedulable && taints.length === 0) return ''
  return JSON.stringify([isUnschedulable, taints.map(({ key, value, effect }) => [key, value, effect])])
}

/** Whether the verdict on a node follows from its kind. */
export const isJudgedByKind = (demand: Demand): boolean =>
  PREDICATES.every(({ readsLabels }) => readsLabels === undefined || !readsLabels(demand))
