import type { ReasonCode } from '../api/reasons.ts'
import type { Outcome } from './binder/outcome.ts'
import type { Verdict } from './planner/request.ts'

/** What the scheduler counts. Durations come in milliseconds. */
export interface SchedulerMetrics {
  planned(verdict: Verdict['kind'], ms: number): void
  /** One request for a binding was answered, or was not. */
  answered(outcome: Outcome['kind'], ms: number): void
  turned(ms: number): void
  undone(pods: number): void
  kubeletRefused(): void
  rivalSeen(): void
  nodeShrank(): void
  topologyRefused(): void
  /** Asked for at every scrape; the last call holds. Null: there is nothing any more. */
  watch(sizes: Sizes | null): void
}

/** What there is at the moment of a scrape. */
export interface Sizes {
  nodes(): number
  pods(): number
  gangs(): number
  /** Gangs, and pods of no gang, that have pods to place. */
  pendingGangs(): number
  assumedPods(): number
  bindingsInFlight(): number
  /** Of gangs, and pods of no gang, that are told one. */
  reasons(): ReadonlyMap<ReasonCode, number>
}

const nothing = (): void => {}

export const NO_METRICS: SchedulerMetrics = {
  planned: nothing,
  answered: nothing,
  turned: nothing,
  undone: nothing,
  kubeletRefused: nothing,
  rivalSeen: nothing,
  nodeShrank: nothing,
  topologyRefused: nothing,
  watch: nothing,
}
