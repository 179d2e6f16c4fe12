import type { PodGang, SetPodGangStatus } from '../api/generated/kinds.ts'

/** More of them would make every status of a large set a large write. */
const GANGS_MAX = 100

/**
 * What a set's status says of its gangs, by name: all of them, or of a set with many those that do not run. Conditions
 * only of what does not run, because of the rest there is nothing to be asked. Pure.
 */
export function gangStatuses(gangs: readonly PodGang[]): SetPodGangStatus[] {
  const told = gangs.length <= GANGS_MAX ? gangs : gangs.filter((gang) => phaseOf(gang) !== 'Running')
  return told
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .slice(0, GANGS_MAX)
    .map(statusOf)
}

const phaseOf = ({ status }: PodGang): string => status?.phase ?? 'Pending'

function statusOf(gang: PodGang): SetPodGangStatus {
  const phase = phaseOf(gang)
  const conditions = phase === 'Running' ? [] : (gang.status?.conditions ?? [])
  return { name: gang.metadata.name, phase, ...(conditions.length === 0 ? {} : { conditions }) }
}
