import { reason } from '../../api/reasons.ts'
import type { NodeIx } from '../../topology/compiled/index-types.ts'
import { Claims } from '../gang/claims.ts'
import { type HeldQuestion, heldQuestions } from '../gang/held-question.ts'
import { HOLD_MS } from '../gang/holding.ts'
import type { Questions } from '../gang/questions.ts'
import type { Question, Wanted } from '../gang/request.ts'
import { topologyFault } from '../gang/topology-fault.ts'
import type { Plan, Verdict } from '../planner/request.ts'
import type { ClusterState } from '../state/cluster.ts'
import type { PodFacts } from '../state/pod-facts.ts'
import type { Due } from './due.ts'
import { type Entry, nextSurplus, type Refusal } from './entry.ts'
import type { Item } from './order.ts'
import type { Proof, Refused } from './refused.ts'
import { triedNow } from './wake.ts'

/** Pods of one plan and the nodes that they go to. */
export interface Placement {
  readonly entry: Entry
  readonly item: Item
  readonly pods: readonly PodFacts[]
  /** One for each pod; nodes by their rows in the node table as it is laid out now. */
  readonly seats: readonly { readonly node: NodeIx }[]
}

export interface RoundOptions {
  readonly cluster: ClusterState
  readonly plan: Plan
  readonly defaultPack: 'narrowest' | 'none'
  readonly maxSteps: number
  readonly nowMs: number
  /** Number of the 60 s round. */
  readonly round: number
  /** True: something was told of the gang after it was looked at for this round, and it has been looked at again. */
  readonly lookAgain: (entry: Entry) => boolean
  /** Seats are taken before the next gang is planned: assumes them, and looks at an entry with surplus anew. */
  readonly onPlacement: (placement: Placement) => void
  /** The entry's refusal is another one now. */
  readonly onRefusal: (entry: Entry) => void
  /** A gang whose planning threw: a defect of ours, which must not stand in the way of the others. */
  readonly onBroken: (entry: Entry, error: unknown) => void
  /** Ends a round early; what is left is planned in the next one. */
  readonly isOver: () => boolean
}

/** A search to the last step takes a fifth of a second: others come in between, also where something grows all the time. */
const UNDECIDED_REST_MS = 10_000

export interface RoundResult {
  readonly decisions: number
  /** Not everything was looked at. */
  readonly isCut: boolean
  /** Milliseconds until some gang may be planned; null: none waits. */
  readonly waitMs: number | null
}

/** Plans what is due, first things first, until nothing is left or the round is over. */
export function planRound(due: Due, kept: Kept, options: RoundOptions): RoundResult {
  const known: Known = { ...kept, claims: new Claims(options.cluster) }
  const waitMs = due.begin(options.nowMs, options.round)
  let decisions = 0
  for (let next = due.next(options.nowMs); next !== undefined; next = due.next(options.nowMs)) {
    const { entry } = next
    if (options.lookAgain(entry)) {
      if (!entry.isOver) due.offer(entry, options.nowMs, options.round)
    } else {
      decisions++
      const isPlaced = decideSafely(entry, next, options, known)
      if (!isPlaced) options.onRefusal(entry)
      const isSurplus = next.kind === 'surplus'
      if (isPlaced && !isSurplus) due.placed(entry, options.nowMs)
      if (!isPlaced || isSurplus) due.rest(entry)
      if (isPlaced && isSurplus) due.offer(entry, options.nowMs, options.round)
    }
    if (options.isOver()) return { decisions, isCut: due.hasMore, waitMs }
  }
  return { decisions, isCut: false, waitMs: due.heldMs === null ? waitMs : Math.min(due.heldMs, waitMs ?? due.heldMs) }
}

/** What is found out for the gangs that come after, also in later rounds. */
interface Kept {
  readonly questions: Questions
  readonly refused: Refused
}

interface Known extends Kept {
  readonly claims: Claims
}

/** True: placed. */
function decideSafely(entry: Entry, item: Item, options: RoundOptions, known: Known): boolean {
  try {
    return decide(entry, item, options, known)
  } catch (error) {
    options.onBroken(entry, error)
    const tried = triedNow(options.cluster, entry.situation, options.round)
    const why = reason('PlanningFailed', { error: String(error) })
    entry.refusal = { reason: why, shortfalls: [], tried, notBeforeMs: options.nowMs + UNDECIDED_REST_MS }
    return false
  }
}

const MINIMUM: readonly Wanted[] = [{ kind: 'minimum' }]

/** True: placed. */
function decide(entry: Entry, item: Item, options: RoundOptions, known: Known): boolean {
  const { questions, refused, claims } = known
  const { gang } = entry.situation
  const fault = topologyFault(options.cluster, gang)
  if (fault !== null) {
    const tried = triedNow(options.cluster, entry.situation, options.round)
    entry.refusal = { reason: fault, shortfalls: [], tried, notBeforeMs: 0 }
    return false
  }
  const wants: readonly Wanted[] =
    item.kind === 'surplus' ? nextSurplus(entry).map((pod) => ({ kind: 'surplus', pod })) : MINIMUM
  for (let at = 0; at < wants.length; at++) {
    const wanted = wants[at] as Wanted
    const question = questions.of(entry.situation, wanted, options)
    const held = question === null ? null : askHeld(options, entry, question)
    if (held?.kind === 'placed') {
      place(entry, item, held.question, held.verdict, options)
      claims.forget(gang)
      return true
    }
    if (held?.kind === 'awaited') {
      if (at === 0) entry.refusal = held.refusal
      continue
    }
    const answer = question === null ? null : answerTo(question, options, refused)
    if (question !== null && answer?.kind === 'plan') {
      place(entry, item, question, claims.sparing(question, gang, answer, options.plan), options)
      claims.forget(gang)
      return true
    }
    if (at === 0) entry.refusal = refusalOf(entry, answer, options)
  }
  return false
}

type HeldAnswer = Readonly<
  | { kind: 'placed'; question: HeldQuestion; verdict: Verdict & { kind: 'plan' } }
  | { kind: 'awaited'; refusal: Refusal }
>

/** Null: no seat is kept for these pods, or they have no use for it. */
function askHeld({ cluster, plan, nowMs, round }: RoundOptions, entry: Entry, asked: Question): HeldAnswer | null {
  if (!cluster.holds.hasAny(entry.situation.key)) return null
  for (const question of heldQuestions(cluster, entry.situation, asked)) {
    const verdict = plan(question.request, question.view)
    if (verdict.kind !== 'plan') continue
    const [first] = [...question.awaited].sort((a, b) => a.sinceMs - b.sinceMs)
    if (first === undefined) return { kind: 'placed', question, verdict }
    const why = reason('WaitingForSeat', { node: first.node })
    const tried = triedNow(cluster, entry.situation, round)
    const notBeforeMs = Math.max(nowMs + 1, first.sinceMs + HOLD_MS)
    return { kind: 'awaited', refusal: { reason: why, shortfalls: [], tried, notBeforeMs } }
  }
  return null
}

function place(
  entry: Entry,
  item: Item,
  { pods }: Question,
  { seats, placementScore }: Verdict & { kind: 'plan' },
  { onPlacement }: RoundOptions,
): void {
  entry.refusal = null
  if (item.kind !== 'surplus') entry.score = placementScore
  onPlacement({ entry, item, pods, seats })
}

/** Of many gangs alike that do not fit, one is planned. */
function answerTo(question: Question, { plan }: RoundOptions, refused: Refused): Answer {
  const known = refused.find(question)
  if (known !== null) return known
  const verdict = plan(question.request, question.view)
  return verdict.kind === 'unplaceable' ? refused.add(question, verdict) : verdict
}

type Answer = Proof | Exclude<Verdict, { kind: 'unplaceable' }>

/** `answer` null: the gang names a topology that does not exist. */
function refusalOf({ situation }: Entry, answer: Answer | null, { cluster, round, nowMs }: RoundOptions): Refusal {
  const tried = triedNow(cluster, situation, round)
  const none = { shortfalls: [], tried, notBeforeMs: 0 }
  if (answer === null) {
    return { ...none, reason: reason('TopologyUnknown', { topology: situation.gang.topologyName ?? '' }) }
  }
  if (answer.kind === 'refused') {
    return { reason: answer.reason, shortfalls: answer.verdict.shortfalls, tried, notBeforeMs: 0 }
  }
  const why = reason('SearchBudgetExhausted', { steps: answer.steps })
  return { ...none, reason: why, notBeforeMs: nowMs + UNDECIDED_REST_MS }
}
