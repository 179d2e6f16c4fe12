import type { Change, ChangeKind, Changes } from '../../api/explanation.ts'
import { placeable } from '../planner/plan.ts'
import type { Asked, Candidate } from './candidate.ts'
import type { Failing } from './failing.ts'
import { freed } from './freed.ts'
import { lowered, relaxed, softened } from './loosened.ts'
import type { Subject } from './subject.ts'
import type { Survey } from './survey.ts'
import { uncordoned } from './uncordoned.ts'

/** Each is planned again, which is what an explanation costs most for. */
const TRIES_MAX = 8
/** Those not tried are told so; of hundreds nobody reads more. */
const LISTED_MAX = 8
/** Steps of one search: enough to place gangs that are not puzzles, in milliseconds. */
const stepsFor = (pods: number): number => 2_000 + 50 * pods

/** Of equals the one that takes least away goes first. */
const RANK: Readonly<Record<ChangeKind, number>> = {
  uncordon: 0,
  relaxLevel: 1,
  relaxSpread: 2,
  lowerMinimum: 3,
  free: 4,
}

/**
 * The smallest change that lets a gang in, of those that were planned again with the change applied. Pure, but that
 * `isOver` may end it early: what was not tried is said.
 */
export function changesFor(
  subject: Subject,
  survey: Survey,
  failing: readonly Failing[],
  isOver: () => boolean,
): Changes {
  const all = inTurn(candidates(subject, survey, failing))
  const tried: Change[] = []
  for (const candidate of all) {
    if (tried.length === TRIES_MAX || isOver()) break
    tried.push(verified(candidate, subject))
  }
  const fitting = tried.filter(({ outcome }) => outcome === 'fits')
  fitting.sort(bySize)
  const rest = all.slice(tried.length)
  return {
    smallest: fitting[0] ?? null,
    tried,
    notTried: rest
      .slice(0, LISTED_MAX)
      .map(({ kind, what, touches }) => ({ kind, what, touches, outcome: 'notTried' })),
    unlisted: Math.max(0, rest.length - LISTED_MAX),
  }
}

/** Every change of the known kinds that might do, in no order. */
function candidates(subject: Subject, survey: Survey, failing: readonly Failing[]): readonly Candidate[] {
  const near = failing.length === 0 ? [null] : failing
  const all = [
    ...near.flatMap((each) => [
      ...uncordoned(subject, survey, each),
      ...relaxed(subject, survey, each),
      ...lowered(subject, each),
      ...freed(subject, survey, each),
    ]),
    ...softened(subject),
  ]
  return [...new Map(all.map((each) => [each.what, each])).values()]
}

/** The smallest of each kind, then the second of each: one kind with many candidates leaves the others their tries. */
function inTurn(all: readonly Candidate[]): readonly Candidate[] {
  const seen = new Map<ChangeKind, number>()
  const numbered = all.toSorted(bySize).map((candidate) => {
    const turn = seen.get(candidate.kind) ?? 0
    seen.set(candidate.kind, turn + 1)
    return { candidate, turn }
  })
  return numbered.toSorted((a, b) => a.turn - b.turn).map(({ candidate }) => candidate)
}

const bySize = (a: Pick<Change, 'kind' | 'touches'>, b: Pick<Change, 'kind' | 'touches'>): number =>
  weight(a.touches) - weight(b.touches) || RANK[a.kind] - RANK[b.kind]

const weight = ({ pods, nodes }: Change['touches']): number => pods + nodes

const OUTCOMES = { plan: 'fits', unplaceable: 'doesNotFit', undecided: 'undecided' } as const

function verified({ kind, what, touches, apply, touched }: Candidate, subject: Subject): Change {
  const { request, view } = apply(bare(subject))
  const verdict = placeable(request, view)
  const found = verdict.kind === 'plan' && touched !== undefined ? touched(verdict.seats) : touches
  return { kind, what, touches: found, outcome: OUTCOMES[verdict.kind] }
}

/** Whether there is a place is asked, not which is best. */
export function bare({ request, view }: Asked): Asked {
  const pods = request.groups.reduce((sum, { seats }) => sum + seats.length, 0)
  const scopes = request.scopes.map((scope) => ({ ...scope, preferred: null }))
  return { request: { ...request, scopes, defaultPack: 'none', maxSteps: stepsFor(pods) }, view }
}
