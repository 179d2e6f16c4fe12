import { GPU_RESOURCE } from '../../api/names.ts'
import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { podsIn } from '../planner/counters.ts'
import type { Plan, PlanView, Verdict } from '../planner/request.ts'
import { byBytes } from '../state/bytes.ts'
import type { ClusterState } from '../state/cluster.ts'
import type { GangFacts } from '../state/gang-facts.ts'
import { viewOf } from '../state/pod-class.ts'
import type { PodFacts } from '../state/pod-facts.ts'
import type { Question } from './request.ts'
import { situationOf } from './situation.ts'
import { pinnedDomains, tiedTogether } from './ties.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** Pods that are of use only together: what a gang lacks of its minimum, or one surplus pod. */
type Unit = readonly PodFacts[]

/** Pods of tied gangs that are still to come, and the domains that they may not leave: where tied pods are already. */
interface Claim {
  readonly level: CompiledLevel
  readonly domains: ReadonlySet<number>
  readonly units: readonly Unit[]
  /** uids of the gangs that share the domains. */
  readonly gangs: ReadonlySet<string>
  /** The name of the first of them. */
  readonly first: string
}

/**
 * What tied gangs still need in the domains that pin them. It is room that nobody holds: between a base gang and its
 * scaled gangs others may take it, and then the scaled ones wait for good in a full domain while others are empty.
 * So a gang that can do as well by the first key of the order of plans elsewhere goes elsewhere.
 */
export class Claims {
  readonly #cluster: ClusterState
  #claims: Map<string, Claim> | null = null

  constructor(cluster: ClusterState) {
    this.#cluster = cluster
  }

  /** Seats of the gang were taken, or given back: its own ties have to be looked at again. */
  forget(gang: GangFacts): void {
    if (this.#claims === null || !this.#cluster.gangs.isAnyTyingIn(gang.namespace) || gang.isPlain) return
    if (this.#tyingWith(gang).length > 0) this.#claims = null
  }

  /**
   * The plan, where it takes no room that is claimed and leaves room for the gang's own tied gangs; else one that leaves
   * more of both and is no worse by the first key, where there is one. O(1) without ties, else O(pods claimed for).
   */
  sparing(question: Question, gang: GangFacts, first: Planned, plan: Plan): Planned {
    const others = this.#others(gang)
    if (!others.some((claim) => isEntered(claim, first))) return first
    const { view, request } = question
    const spared = view.free.slice()
    const kept = this.#pack(others, view, spared)
    const own = this.#own(question, gang, first).reduce((sum, { units }) => sum + units.length, 0)
    const left = this.#unitsLeft(question, gang, first)
    if (kept === 0 || left === kept + own) return first
    const { counters: _, ...rest } = view
    const second = plan(request, { ...rest, free: spared })
    const isNoWorse = second.kind === 'plan' && second.placementScore >= first.placementScore
    return isNoWorse && this.#unitsLeft(question, gang, second) > left ? second : first
  }

  /** Units of tied gangs, the gang's own ones too, that still fit beside a plan. */
  #unitsLeft(question: Question, gang: GangFacts, plan: Planned): number {
    const { view } = question
    const free = view.free.slice()
    for (const [i, { node }] of plan.seats.entries()) {
      const { demand } = question.pods[i]!
      this.#take(view, free, node, this.#requests(view, demand), 1)
    }
    return this.#pack([...this.#others(gang), ...this.#own(question, gang, plan)], view, free)
  }

  #others(gang: GangFacts): readonly Claim[] {
    this.#claims ??= this.#read()
    if (this.#claims.size === 0) return NONE
    return [...this.#claims.values()].filter(({ gangs }) => !gangs.has(gang.uid))
  }

  #read(): Map<string, Claim> {
    const { gangs } = this.#cluster
    const claims = new Map<string, Claim>()
    const seen = new Set<string>()
    for (const tying of gangs.tying().sort(byName)) {
      const { key } = tying.sameDomainAs!
      if (seen.has(`${tying.uid} ${key}`)) continue
      const claim = this.#claimOf(tying, null)
      for (const uid of claim.gangs) seen.add(`${uid} ${key}`)
      if (claim.domains.size > 0 && claim.units.length > 0)
        claims.set(`${tying.namespace}/${claim.first} ${key}`, claim)
    }
    return new Map([...claims].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** The ties of a gang as they will be when the plan is carried out. */
  #own(question: Question, gang: GangFacts, plan: Planned): readonly Claim[] {
    const lastFirst = this.#tyingWith(gang).sort((a, b) => byName(b, a))
    const byKey = new Map(lastFirst.map((each) => [each.sameDomainAs!.key, each]))
    return [...byKey.values()].map((each) => this.#claimOf(each, { question, plan }))
  }

  /** What says that it shares a domain with the gang: the gang itself, or gangs that name it. */
  #tyingWith(gang: GangFacts): GangFacts[] {
    return this.#cluster.gangs
      .tyingIn(gang.namespace)
      .filter(({ uid, sameDomainAs }) => uid === gang.uid || sameDomainAs!.podGang === gang.name)
  }

  #claimOf(tying: GangFacts, planned: { readonly question: Question; readonly plan: Planned } | null): Claim {
    const cluster = this.#cluster
    const { key } = tying.sameDomainAs!
    const gangs = tiedTogether(cluster, tying)
    const level = cluster.topology().levelFor(cluster.topologyOf(tying), key)
    const pinned = pinnedDomains(cluster, { key, gangs }, level, cluster.nodes.read().ixOf)
    const domains = new Set(pinned)
    for (const { node } of planned?.plan.seats ?? []) domains.add(level.domainOf[node]!)
    const seated = new Set(planned?.question.pods)
    const isSeated = (pod: PodFacts): boolean => seated.has(pod)
    const units = domains.size === 0 ? [] : gangs.flatMap((gang) => unitsOf(cluster, gang, isSeated))
    return { level, domains, units, gangs: new Set(gangs.map(({ uid }) => uid)), first: gangs[0]?.name ?? '' }
  }

  /** Takes the units' room out of `free`, unit by unit where it is; says how many had room. */
  #pack(claims: readonly Claim[], view: PlanView, free: Float64Array): number {
    let packed = 0
    for (const { level, domains, units } of claims) {
      const nodes = [...domains].flatMap((d) =>
        d < 0 ? [] : Array.from(level.nodes.subarray(level.starts[d]!, level.starts[d + 1]!)),
      )
      for (const unit of units) if (this.#packUnit(unit, nodes, view, free)) packed++
    }
    return packed
  }

  /** Big pods first, each onto the node with the least room; all or none. */
  #packUnit(unit: Unit, nodes: readonly number[], view: PlanView, free: Float64Array): boolean {
    const columns = view.resources.length
    const taken: { readonly node: number; readonly requests: Float64Array }[] = []
    for (const { demand } of unit) {
      const requests = this.#requests(view, demand)
      const { feasible } = viewOf(this.#cluster.classes.read(demand, this.#cluster.nodes.read()))
      let best = -1
      for (const n of nodes) {
        if (feasible[n] !== 1 || podsIn(free, n * columns, requests, 1) === 0) continue
        if (best < 0 || roomIn(free, n, requests) < roomIn(free, best, requests)) best = n
      }
      if (best < 0) {
        for (const { node, requests: back } of taken) this.#take(view, free, node, back, -1)
        return false
      }
      this.#take(view, free, best, requests, 1)
      taken.push({ node: best, requests })
    }
    return true
  }

  #requests(view: PlanView, { requests }: PodFacts['demand']): Float64Array {
    return Float64Array.from(view.resources, (name) => requests[name] ?? 0)
  }

  #take(view: PlanView, free: Float64Array, node: number, requests: Float64Array, times: 1 | -1): void {
    const columns = view.resources.length
    for (let r = 0; r < columns; r++) free[node * columns + r]! -= requests[r]! * times
  }
}

type Planned = Extract<Verdict, { kind: 'plan' }>

const NONE: readonly Claim[] = []

/** Whose topology says what a domain is, where tied gangs name several: the first by name, in whatever order they came. */
const byName = (a: GangFacts, b: GangFacts): number => byBytes(a.namespace, b.namespace) || byBytes(a.name, b.name)

const isEntered = ({ level, domains }: Claim, { seats }: Planned): boolean =>
  seats.some(({ node }) => domains.has(level.domainOf[node]!))

/** How often what a pod asks for is there, by what is there least often. */
function roomIn(free: Float64Array, node: number, requests: Float64Array): number {
  return podsIn(free, node * requests.length, requests, Number.MAX_SAFE_INTEGER)
}

function unitsOf(cluster: ClusterState, gang: GangFacts, isSeated: (pod: PodFacts) => boolean): Unit[] {
  const situation = situationOf(cluster, gang.key, () => false)
  const minimum: PodFacts[] = []
  const surplus: Unit[] = []
  for (const { pending, gated, missing } of situation?.groups ?? []) {
    const seated = pending.filter(isSeated).length
    const open = [...pending, ...gated].filter((pod) => !isSeated(pod) && pod.unsupported === null)
    const lacking = Math.max(0, missing - seated)
    minimum.push(...open.slice(0, lacking))
    surplus.push(...open.slice(lacking).map((pod) => [pod]))
  }
  return [...(minimum.length > 0 ? [minimum.sort(bigFirst)] : []), ...surplus]
}

const bigFirst = (a: PodFacts, b: PodFacts): number => sizeOf(b) - sizeOf(a)
const sizeOf = ({ demand }: PodFacts): number => demand.requests[GPU_RESOURCE] ?? 0
