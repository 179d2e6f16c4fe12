import type { NodeIx } from '../../topology/compiled/index-types.ts'
import { Room } from './bounds.ts'
import { budget } from './budget.ts'
import { placementScore } from './compare.ts'
import { explain } from './explain.ts'
import { bestSolution } from './preferences.ts'
import { prepare } from './prepared.ts'
import type { Plan, PlanRequest, PlanView, Verdict } from './request.ts'
import type { ScopeTree } from './scopes.ts'
import type { Solution } from './search.ts'

/**
 * Where every pod of a gang goes, or the proof that it has no place, or neither because steps ran out. Pure: the same
 * request and view give the same verdict.
 */
export const plan: Plan = (request: PlanRequest, view: PlanView): Verdict => planned(request, view).verdict

/** As `plan`, with what was found out on the way, for who tells more of a refusal. */
export function planned(
  request: PlanRequest,
  view: PlanView,
): { readonly verdict: Verdict; readonly tree: ScopeTree; readonly room: Room } {
  const { tree, room, answer } = decide(request, view)
  const verdict = answer.kind === 'unplaceable' ? explain(tree, room, answer.steps) : answer
  return { verdict, tree, room }
}

type Answer = Exclude<Verdict, { kind: 'unplaceable' }> | Readonly<{ kind: 'unplaceable'; steps: number }>

/** As `plan`, without a word why not: for who only asks whether. */
export const placeable = (request: PlanRequest, view: PlanView): Answer => decide(request, view).answer

function decide(request: PlanRequest, view: PlanView): { tree: ScopeTree; room: Room; answer: Answer } {
  const prepared = prepare(request, view)
  const { tree } = prepared
  const room = new Room(prepared.asked)
  const steps = budget(request.maxSteps)
  const { outcome, solution } = bestSolution(prepared, room, steps)
  if (solution === null) {
    const kind = outcome === 'undecided' ? 'undecided' : 'unplaceable'
    return { tree, room, answer: { kind, steps: steps.used } }
  }
  const seats = seatsOf(request, solution)
  const answer: Answer = { kind: 'plan', seats, placementScore: placementScore(tree, solution), steps: steps.used }
  return { tree, room, answer }
}

type Seats = Extract<Verdict, { kind: 'plan' }>['seats']

function seatsOf({ groups }: PlanRequest, solution: Solution): Seats {
  const [only] = groups
  if (groups.length === 1 && only !== undefined) return seatsIn(only, solution[0]!)
  const placed: Seats[number][] = []
  for (let g = 0; g < groups.length; g++) for (const seat of seatsIn(groups[g]!, solution[g]!)) placed.push(seat)
  return placed
}

const seatsIn = ({ seats }: PlanRequest['groups'][number], nodes: readonly number[]): Seats =>
  seats.map(({ pod }, i) => ({ pod, node: nodes[i] as NodeIx }))
