import { dynamoReconciler } from './reconcile/dynamo.ts'
import { podGangSetReconciler } from './reconcile/pod-gang-set.ts'
import type { MakeReconciler } from './reconciler.ts'

/** Everything that the operator looks after, a line a kind. A new one joins here and nowhere else. */
export const RECONCILERS: readonly MakeReconciler[] = [dynamoReconciler, podGangSetReconciler]
