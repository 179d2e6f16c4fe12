import type { ExplainAnswer } from '../explanation.ts'

/** What the service reads: read-only views, handed in. It never reaches into a room. */
export interface GangView {
  readonly namespace: string
  readonly name: string
  readonly phase: string
  readonly placementScore: number | null
  readonly reason: string | null
  readonly message: string | null
  /** Per domain tried, what was short. */
  readonly shortfalls: readonly object[]
}

export interface PodView {
  readonly namespace: string
  readonly name: string
  readonly podGang: string | null
  readonly podGroup: string | null
  readonly node: string | null
  readonly phase: string
  readonly reason: string | null
  readonly message: string | null
}

export interface SchedulerView {
  /** Each worked out when it is reached: a reader that rests in between blocks nobody. */
  gangs(): Iterable<GangView>
  pods(): Iterable<PodView>
  gang(namespace: string, name: string): GangView | null
  topologyErrors(): readonly string[]
}

export interface Reports {
  /** Null while this process does not schedule: another replica leads, or the caches are not warm. */
  scheduler(): SchedulerView | null
  /** Null as above. */
  explain(namespace: string, name: string): ExplainAnswer | null
  /** The halves that are asked for can do their work, or stand by to. */
  isReady(): boolean
  /** In Prometheus' text form. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
}

export interface Problem {
  readonly code: string
  readonly message: string
}

export const problem = (code: string, message: string): Problem => ({ code, message })

export const NOT_LEADING: Problem = problem(
  'NotLeading',
  'this replica does not schedule now; ask the one that holds the Lease',
)
