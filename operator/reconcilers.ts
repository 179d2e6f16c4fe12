import { budgetReconciler } from './reconcile/budget.ts'
import { cliqueReconciler } from './reconcile/clique.ts'
import { dynamoReconciler } from './reconcile/dynamo.ts'
import { podGangReconciler } from './reconcile/pod-gang.ts'
import { podGangSetReconciler } from './reconcile/pod-gang-set.ts'
import { scalingGroupReconciler } from './reconcile/scaling-group.ts'
import { setReconciler } from './reconcile/set.ts'
import { topologyBindingReconciler } from './reconcile/topology-binding.ts'
import type { MakeReconciler } from './reconciler.ts'

/** Everything that the operator looks after, a line a kind. A new one joins here and nowhere else. */
export const RECONCILERS: readonly MakeReconciler[] = [
  setReconciler,
  scalingGroupReconciler,
  cliqueReconciler,
  podGangReconciler,
  budgetReconciler,
  dynamoReconciler,
  podGangSetReconciler,
  topologyBindingReconciler,
]
