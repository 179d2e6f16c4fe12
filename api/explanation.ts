/**
 * Why a gang is where it is, or why it has no place and what would let it in. One form for the command line, HTTP and
 * scripts. It tells counts of nodes and pods a domain, and never names a pod, so that it may be shown to whoever may
 * see the PodGang.
 */
export interface Explanation {
  readonly namespace: string
  readonly name: string
  readonly phase: 'Pending' | 'Starting' | 'Running'
  /** `refused`: it was tried and has no place; `waiting`: not tried, for want of something other than room. */
  readonly verdict: 'placed' | 'refused' | 'waiting' | 'queued'
  /**
   * A code of docs/reasons.md and its sentence, put as the PodGang's condition puts them, but as of now: a condition
   * says what was so when the gang was last tried. Null: nothing is to be said.
   */
  readonly reason: string | null
  readonly message: string | null
  readonly placementScore: number | null
  readonly groups: readonly GroupCount[]
  /** What was asked for: the pods that have no place, by what they ask of a node. Empty unless refused. */
  readonly demands: readonly DemandCount[]
  /** Per scope, level and domain how many of the pods fit. Empty unless refused. */
  readonly scopes: readonly ScopeFit[]
  readonly nearest: Nearest | null
  readonly changes: Changes | null
  /** Where the bound pods lie, by scope. */
  readonly placement: readonly ScopePlacement[]
  /** The score that a plan made now would have, where it is better than what stands; placed gangs are not moved. */
  readonly betterScore: number | null
}

export interface GroupCount {
  readonly name: string
  readonly minimum: number
  readonly bound: number
  /** Could be placed, and are not. */
  readonly pending: number
  readonly gated: number
}

/** Reason code → number of nodes that it keeps out; a node counts under the first predicate that fails on it. */
export type Excluded = Readonly<Record<string, number>>

export interface DemandCount {
  readonly groups: readonly string[]
  readonly pods: number
  /** Resource → amount as people write it. */
  readonly requests: Readonly<Record<string, string>>
  readonly nodes: number
  readonly nodesPassing: number
  readonly excluded: Excluded
}

export interface ScopeFit {
  /** `gang`, the name of a constraint group or of a pod group. */
  readonly scope: string
  /** Scopes that ask for the same, told once: their names. */
  readonly alike: readonly string[]
  readonly podsNeeded: number
  readonly required: string | null
  /** Domains outside of which it may not go: where its bound pods or the gangs that it is tied to are. */
  readonly pinnedTo: readonly string[]
  /** Broad to narrow. */
  readonly levels: readonly LevelFit[]
}

export interface LevelFit {
  /** `cluster` stands for all nodes. */
  readonly level: string
  readonly isRequired: boolean
  readonly domains: number
  /** Domains that fit all the pods of the scope, each by itself. */
  readonly domainsFitting: number
  /** Those nearest to fitting, the nearest first. */
  readonly nearest: readonly DomainFit[]
}

export interface Short {
  readonly resource: string
  /** cpu in milli-cpu, memory in bytes, the rest in units. */
  readonly amount: number
  readonly text: string
}

export interface DomainFit {
  readonly domain: string
  readonly nodes: number
  readonly podsFitting: number
  /** How many would fit if nothing else ran there. */
  readonly podsFittingEmpty: number
  readonly short: Short | null
  readonly excluded: Excluded
}

export interface Nearest {
  readonly scope: string
  readonly level: string
  readonly domain: string
  readonly podsNeeded: number
  readonly podsFitting: number
  readonly short: Short | null
}

export type ChangeKind = 'uncordon' | 'relaxLevel' | 'relaxSpread' | 'lowerMinimum' | 'free'

export interface Change {
  readonly kind: ChangeKind
  /** What to do, as a sentence. */
  readonly what: string
  /** Nodes to uncordon; pods that end, that are not needed any more, or that lie outside of the domain asked for. */
  readonly touches: { readonly pods: number; readonly nodes: number }
  /** Found by planning again with the change applied. `undecided`: the search came to no end. */
  readonly outcome: 'fits' | 'doesNotFit' | 'undecided' | 'notTried'
}

export interface Changes {
  /** Of those that fit, the one that touches the fewest pods or nodes; null: none of them lets the gang in. */
  readonly smallest: Change | null
  readonly tried: readonly Change[]
  readonly notTried: readonly Change[]
  /** Further ones that are not even listed. */
  readonly unlisted: number
}

export interface ScopePlacement {
  readonly scope: string
  readonly pods: number
  readonly required: string | null
  readonly preferred: string | null
  /** The preference is not written anywhere: a gang that states no pack prefers the narrowest level. */
  readonly isPreferredByDefault: boolean
  /** Where the gangs are that it is tied to through `sameDomainAs`. */
  readonly pinnedTo: readonly string[]
  /** Broad to narrow, down to the narrowest level that was asked for. */
  readonly levels: readonly LevelPlacement[]
}

export interface LevelPlacement {
  readonly level: string
  /** `met`: one domain holds the scope, as was required or preferred; `givenUp`: preferred, and several hold it. */
  readonly wish: 'met' | 'givenUp' | 'none'
  readonly domainsUsed: number
  /** Those with the most pods first; at most 8. */
  readonly domains: readonly { readonly domain: string; readonly pods: number }[]
  /** Given up: how many of the pods the best domain would take now, its own pods there counted as free room. */
  readonly bestNow: { readonly domain: string; readonly podsFitting: number } | null
}

export type ExplainAnswer =
  | Readonly<{ kind: 'explained'; explanation: Explanation }>
  | Readonly<{ kind: 'unknown' }>
  /** Explaining shares the scheduler's thread, and is given only a part of it. */
  | Readonly<{ kind: 'busy'; retryAfterMs: number }>
