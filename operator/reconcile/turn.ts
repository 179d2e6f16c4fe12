import type { PodCliqueSet } from '../../api/generated/kinds.ts'
import type { SetRollout } from '../decisions/set-rollout.ts'
import { canonicalJson } from '../expansion/hash.ts'

/** Which version a set is brought to, and which of its replicas is at it. */
export const turnFacts = (progress: SetRollout['progress'] | undefined): string =>
  canonicalJson([progress?.updateStartedAt, progress?.updateEndedAt, progress?.currentlyUpdating])

/** Another replica of a set may be updated than before, or it goes to another version. */
export function isTurnNews({ status }: PodCliqueSet, before: PodCliqueSet | null): boolean {
  const facts = (of: PodCliqueSet['status']): string =>
    canonicalJson([of?.currentGenerationHash, turnFacts(of?.updateProgress)])
  return before !== null && facts(status) !== facts(before.status)
}
