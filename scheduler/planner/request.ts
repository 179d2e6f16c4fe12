import type { CompiledLevel, CompiledTopology, NodeIx } from '../../topology/compiled/index-types.ts'
import type { Counters } from './counters.ts'

/**
 * What the planner is asked and what it answers. The planner is a pure function of these two: no I/O, no clock, no
 * randomness. Arrays are never changed by it.
 */

/** Pods that ask for the same thing under the same predicates. */
export interface PodClassView {
  /** Per column of PlanView.resources, in that resource's unit. */
  readonly requests: Float64Array
  /** Per NodeIx 1 where every predicate but resources passes, else 0. */
  readonly feasible: Uint8Array
  /** How many nodes each predicate excluded, by reason code, for explanations. */
  readonly excluded: ReadonlyMap<string, number>
}

export interface PlanView {
  /** Byte order; the position is the NodeIx. */
  readonly nodeNames: readonly string[]
  /** Resource names in column order; `pods` is one of them. cpu is in milli-cpu, memory in bytes, the rest in units. */
  readonly resources: readonly string[]
  /** free[node * resources.length + column]; integers; may be negative on an over-committed node. */
  readonly free: Float64Array
  /** allocatable in the same shape; says which nodes are untouched. */
  readonly allocatable: Float64Array
  readonly classes: readonly PodClassView[]
  /** The gang's topology: its levels order preferences, best fit and the score. Null: nothing but nodes. */
  readonly topology: CompiledTopology | null
  /** Kept from plan to plan and true for this view; absent: worked out for the one plan. */
  readonly counters?: Counters
}

/**
 * Replicas to keep apart: each unit counts 1 in every domain of `level` where it has a pod. Judged on the cluster as it
 * is after the plan: in a domain that a unit enters, units minus the units in the emptiest eligible domain ≤ maxSkew.
 */
export interface SpreadRule {
  readonly level: CompiledLevel
  /**
   * What a unit is: the scope as a whole (the default), or each pod of it, for a rule on a clique. For pods `taken`
   * counts the pods that are bound already, those of this scope too.
   */
  readonly units?: 'scope' | 'pods'
  /** Rules of one request with this string, level, kind of unit and isHard count each other's pods. Absent: alone. */
  readonly peers?: string
  readonly maxSkew: number
  /** Domains that must hold a unit before skew is judged against the emptiest; null: all eligible ones count. */
  readonly minDomains: number | null
  readonly isHard: boolean
  /** Units of the same peers already in each DomainIx, this unit left out. */
  readonly taken: Int32Array
  /** Per DomainIx 1 where a node passes the unit's selector and taints. */
  readonly eligible: Uint8Array
}

/** A set of pods that a constraint is written on: the gang, a constraint group, a pod group. */
export interface Scope {
  /** For explanations: `gang`, the constraint group's name, the pod group's name. */
  readonly name: string
  /** Position of the scope around it; -1 for the gang itself, which is scope 0. Parents stand before children. */
  readonly parent: number
  readonly required: CompiledLevel | null
  readonly preferred: CompiledLevel | null
  readonly spreads: readonly SpreadRule[]
  /** Domains decided elsewhere (`sameDomainAs`): the scope may use no other. */
  readonly pins: readonly { readonly level: CompiledLevel; readonly domain: number }[]
  /** Levels of which it shares a domain with gangs that are still to come: their pods count there, not only inside. */
  readonly sharing?: readonly CompiledLevel[]
  /** Where `required` comes of `sameDomainAs`: what is required without it. */
  readonly untied?: { readonly required: CompiledLevel | null }
}

/** One pod that must get a node. */
export interface Seat {
  /** Given back in the plan. Gangs alike share a request: there the pod is known by its place alone, and this is ''. */
  readonly pod: string
  /** Position in PlanView.classes. */
  readonly podClass: number
}

export interface PlanGroup {
  readonly name: string
  /** Position in PlanRequest.scopes: the group's own scope. */
  readonly scope: number
  /** Exactly these are seated, or nothing is. */
  readonly seats: readonly Seat[]
  /** Where pods of the group already are; a node may occur more than once. */
  readonly bound: readonly NodeIx[]
  /** Surplus, gated and tied pods: never seated here, but room for them weighs in the choice of domain. */
  readonly later: readonly { readonly podClass: number; readonly count: number }[]
}

export interface PlanRequest {
  readonly scopes: readonly Scope[]
  readonly groups: readonly PlanGroup[]
  /** A gang that states no pack anywhere prefers the narrowest level above soft spreads in it, unless this is `none`. */
  readonly defaultPack: 'narrowest' | 'none'
  /** Other gangs ask with these very scopes and groups, of the same view: what follows from them is worth keeping. */
  readonly isShared?: true
  /** Bound on the search: domains tried plus seats taken, and a step for each eight nodes looked at for packing. */
  readonly maxSteps: number
}

/** Why one domain did not do: how many of the needed pods it fits, and what is short. */
export interface DomainShortfall {
  readonly scope: string
  readonly level: string
  readonly domain: string
  readonly podsNeeded: number
  readonly podsFitting: number
  /** The resource that is short and by how much in the domain as a whole; null when predicates or spread decide. */
  readonly resource: string | null
  readonly shortBy: number
}

export type Verdict =
  | Readonly<{
      kind: 'plan'
      /** In the order of the request's groups and seats. */
      seats: readonly { readonly pod: string; readonly node: NodeIx }[]
      /** 0..1: how well preferences were met, criterion (1) of the order of plans only. */
      placementScore: number
      steps: number
    }>
  | Readonly<{
      kind: 'unplaceable'
      /** A code of api/reasons.ts, and the facts its sentence needs. */
      reason: string
      facts: Readonly<Record<string, string | number>>
      shortfalls: readonly DomainShortfall[]
      steps: number
    }>
  | Readonly<{ kind: 'undecided'; steps: number }>

export type Plan = (request: PlanRequest, view: PlanView) => Verdict
