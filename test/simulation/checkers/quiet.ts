import type { World } from '../world.ts'

const QUIET_MS = 50_000

/** I9: at rest nothing is written but Leases. */
export function quiet({ history, clock }: World): string[] {
  const sinceMs = clock.monotonicMs() - QUIET_MS
  const late = history.writes.filter(
    ({ atMs, sender, collection }) =>
      atMs > sinceMs && sender.startsWith('scheduler') && !collection.endsWith('/leases'),
  )
  return late.length === 0
    ? []
    : [
        `${late.length} writes at rest, such as ${late[0]?.verb} ${late[0]?.collection} ${late[0]?.name} at ${late[0]?.atMs}`,
      ]
}
