import type { World } from '../world.ts'
import { avoidedMs } from './liveness.ts'

/** What came before: a watch that says nothing is believed for 80 s, and a seat is kept for 60 s. */
const QUIET_MS = 38_000

/** I9: at rest nothing is written but Leases, or what may follow from a node that is avoided no longer. */
export function quiet(world: World): string[] {
  const { history, clock } = world
  const sinceMs = clock.monotonicMs() - QUIET_MS
  const endsMs = endsOfRefusals(world)
  const mayFollow = (atMs: number): boolean => endsMs.some((endMs) => endMs <= atMs && atMs < endMs + QUIET_MS)
  const late = history.writes.filter(
    ({ atMs, sender, collection }) =>
      atMs > sinceMs && sender.startsWith('scheduler') && !collection.endsWith('/leases') && !mayFollow(atMs),
  )
  const [first] = late
  return first === undefined
    ? []
    : [`${late.length} writes at rest, such as ${first.verb} ${first.collection} ${first.name} at ${first.atMs}`]
}

/**
 * When kubelets' refusals may have run out, whatever came of it is then over in as long as all else: how often pods of one
 * kind were refused, and so when, is the scheduler's to know.
 */
const endsOfRefusals = ({ kubelets }: Pick<World, 'kubelets'>): number[] =>
  [...kubelets.refusals.values()].flatMap((refusedMs) =>
    refusedMs.flatMap((atMs, before) => Array.from({ length: before + 1 }, (_, at) => atMs + avoidedMs(at + 1))),
  )
