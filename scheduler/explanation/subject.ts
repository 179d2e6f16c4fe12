import type { ReasonCode } from '../../api/reasons.ts'
import type { PlanRequest, PlanView } from '../planner/request.ts'

/** What others hold on a node: each pod's amounts per column of the view, and their sums. Never whose they are. */
export interface Held {
  readonly pods: readonly Float64Array[]
  readonly sums: Float64Array
}

/** A gang that has no place, as it was asked for, and what may be known of the nodes beside the planner's view. */
export interface Subject {
  readonly request: PlanRequest
  /** What it asks to seat: what is missing of its minimum, or one pod above it. */
  readonly wanted: 'minimum' | 'surplus'
  readonly view: PlanView
  /** The first predicate that keeps a class off a node on which it does not pass. */
  readonly keptOff: (podClass: number, node: number) => ReasonCode
  /** Cordoned nodes, and the classes that would pass there without the cordon. */
  readonly cordoned: readonly { readonly node: number; readonly open: readonly number[] }[]
  /** The pods of others on these nodes. O(pods in the cluster) the first time. */
  readonly usedBy: (nodes: Int32Array) => ReadonlyMap<number, Held>
}
