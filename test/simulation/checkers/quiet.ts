import type { World } from '../world.ts'
import { avoidedMs } from './liveness.ts'

/** What came before: a watch that says nothing is believed for 80 s, and a seat is kept for 60 s. */
const QUIET_MS = 38_000

/** I9: at rest nothing is written but Leases. Where a node is avoided no longer there may be something to do. */
export function quiet(world: World): string[] {
  const { history, clock } = world
  const sinceMs = clock.monotonicMs() - QUIET_MS
  if (isTakenUpAgain(world, sinceMs - QUIET_MS)) return []
  const late = history.writes.filter(
    ({ atMs, sender, collection }) =>
      atMs > sinceMs && sender.startsWith('scheduler') && !collection.endsWith('/leases'),
  )
  const [first] = late
  return first === undefined
    ? []
    : [`${late.length} writes at rest, such as ${first.verb} ${first.collection} ${first.name} at ${first.atMs}`]
}

/** A kubelet's refusal has run out since: how often pods of one kind were refused, and so when, is the scheduler's to know. */
function isTakenUpAgain({ kubelets, clock }: World, sinceMs: number): boolean {
  const untilMs = clock.monotonicMs()
  return [...kubelets.refusals.values()].some((refusedMs) =>
    refusedMs.some((atMs, before) =>
      Array.from({ length: before + 1 }, (_, at) => atMs + avoidedMs(at + 1)).some(
        (ms) => sinceMs < ms && ms < untilMs,
      ),
    ),
  )
}
