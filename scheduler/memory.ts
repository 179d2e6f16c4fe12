import { Rivals } from './binder/two-schedulers.ts'
import { Refusals } from './state/refusals.ts'

/**
 * What was learned from what happened and cannot be read from the cluster: which kubelets refused what, and in which
 * namespaces somebody else binds our pods. Times are on the monotonic clock of the process, so it is handed from a
 * scheduler that lost its lease to the next one of the same process, and to no other.
 */
export interface Memory {
  readonly refusals: Refusals
  readonly rivals: Rivals
}

export const freshMemory = (): Memory => ({ refusals: new Refusals(), rivals: new Rivals() })
