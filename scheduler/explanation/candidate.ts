import type { Change, ChangeKind } from '../../api/explanation.ts'
import { changedCounters } from '../planner/counters.ts'
import type { PlanRequest, PlanView, Verdict } from '../planner/request.ts'
import type { Failing } from './failing.ts'

export type Touches = Change['touches']
export type Seats = Extract<Verdict, { kind: 'plan' }>['seats']
/** What the planner is asked with a change applied. */
export interface Asked {
  readonly request: PlanRequest
  readonly view: PlanView
}

/** A change that may let the gang in, and what the world would be like with it. Nothing is changed in place. */
export interface Candidate {
  readonly kind: ChangeKind
  readonly what: string
  /** As far as it can be told before it is tried. */
  readonly touches: Touches
  readonly apply: (asked: Asked) => Asked
  /** What it touches by the plan that was found; absent: as said above. */
  readonly touched?: (seats: Seats) => Touches
}

/** On these nodes there is more free room, or more passes. Counters hold for the view as it is: the changed one has copies. */
export function changedView(
  view: PlanView,
  change: Pick<PlanView, 'free'> | Pick<PlanView, 'classes'>,
  nodes: readonly number[],
): PlanView {
  const { counters, ...shown } = view
  const changed = { ...shown, ...change }
  return counters === undefined ? changed : { ...changed, counters: changedCounters(counters, changed, nodes) }
}

export const missingPods = (failing: Failing | null): number =>
  failing === null ? 1 : failing.nearest.podsNeeded - failing.nearest.podsFitting

export const scopeText = (name: string): string => (name === 'gang' ? 'the gang' : name)
