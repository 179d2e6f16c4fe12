import { Room } from './bounds.ts'
import { budget } from './budget.ts'
import { placementScore } from './compare.ts'
import { explain } from './explain.ts'
import { bestSolution } from './preferences.ts'
import type { Plan, PlanRequest, PlanView, Verdict } from './request.ts'
import { requestRules } from './rules.ts'
import { scopeTree } from './scopes.ts'
import type { Solution } from './search.ts'

/**
 * Where every pod of a gang goes, or the proof that it has no place, or neither because steps ran out. Pure: the same
 * request and view give the same verdict.
 */
export const plan: Plan = (request: PlanRequest, view: PlanView): Verdict => {
  const tree = scopeTree(request, view)
  const room = new Room(tree)
  const steps = budget(request.maxSteps)
  const { outcome, solution } = bestSolution(tree, room, requestRules(tree), steps)
  if (solution !== null) {
    return {
      kind: 'plan',
      seats: seatsOf(request, solution),
      placementScore: placementScore(tree, solution),
      steps: steps.used,
    }
  }
  return outcome === 'undecided' ? { kind: 'undecided', steps: steps.used } : explain(tree, room, steps.used)
}

type Seats = Extract<Verdict, { kind: 'plan' }>['seats']

function seatsOf({ groups }: PlanRequest, solution: Solution): Seats {
  return groups.flatMap(({ seats }, g) =>
    seats.map(({ pod }, i) => ({ pod, node: solution[g]![i]! as Seats[number]['node'] })),
  )
}
