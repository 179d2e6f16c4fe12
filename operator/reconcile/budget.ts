import type { PodClique } from '../../api/generated/kinds.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { POD_CLIQUE } from '../../api/names.ts'
import { BUDGETS, POD_CLIQUES } from '../../kube/resources.ts'
import type { Reconciled } from '../../kube/work-queue.ts'
import { expandBudget } from '../expansion/budget.ts'
import { desiredOf } from '../expansion/set.ts'
import { isTerminating } from '../observed-pod.ts'
import { type Key, keyOf, type MakeReconciler, type Reconciler, splitKey, watch } from '../reconciler.ts'
import { labelled, MANAGED, setOf, observeWorld } from '../world.ts'
import { childLanes, type ChildrenOptions, syncChildren } from './children.ts'
import { isEdited } from './edited.ts'

/** Nobody tells us when somebody else's budget frees its name. */
const LOOK_AGAIN_MS = 30_000

/** One PodDisruptionBudget a clique where the configuration asks for it; elsewhere those made before are taken away. */
export const budgetReconciler: MakeReconciler = (context): Reconciler => {
  const world = observeWorld(context.view)
  const budgets = context.view.observe<KubeObject>(BUDGETS, { labelSelector: MANAGED })
  const lanes = childLanes()

  async function reconcile(key: Key): Promise<Reconciled | void> {
    const { namespace, name } = splitKey(key)
    const clique = world.cliques.get(namespace, name)
    const set = clique === undefined || isTerminating(clique) ? undefined : setOf(world, clique)
    if (clique === undefined || set === undefined) return
    const wanted = context.config.disruptionBudgets ? [expandBudget(set.metadata.name, clique)] : []
    const options: ChildrenOptions = {
      context,
      lanes,
      owner: clique,
      storeOf: () => budgets,
      pruned: [budgets],
      events: {},
    }
    const { taken } = await syncChildren(
      options,
      wanted.map((object) => desiredOf(BUDGETS, name, null, () => object)),
    )
    if (taken.length === 0) return
    const message = `PodDisruptionBudget ${name} exists and belongs to somebody else`
    context.events.event(clique, 'Warning', 'NameTaken', message)
    return { again: LOOK_AGAIN_MS, wake: 'background' }
  }

  return {
    name: 'disruption-budget',
    concurrency: 10,
    watches: [
      watch<PodClique>(POD_CLIQUES, (clique, before, isGone) =>
        !isGone && isEdited(clique, before) ? [keyOf(clique)] : [],
      ),
      watch(BUDGETS, (budget, before) => labelled(budget, POD_CLIQUE, before), { labelSelector: MANAGED }),
    ],
    reconcile,
  }
}
