import type { NodeIx } from '../../topology/compiled/index-types.ts'
import { domainsAround } from '../../topology/compiled/nesting.ts'
import type { CompiledLevel, CompiledTopology } from '../../topology/index.ts'
import type { PlanGroup, PlanRequest, PlanView, Scope, Seat, SpreadRule } from '../planner/request.ts'
import type { ClusterState } from '../state/cluster.ts'
import type { Constraint } from '../state/gang-facts.ts'
import type { PodFacts } from '../state/pod-facts.ts'
import { type ViewFor, viewFor } from '../state/view.ts'
import { viewOf } from '../state/pod-class.ts'
import type { GangSituation, GroupSituation } from './situation.ts'
import { spreadRule, type Unit } from './spread.ts'
import { pinnedDomains, type Tie, tiedPending, tiesOf } from './ties.ts'

/** What to seat: all that is missing of the minimum, or one pod above it. */
export type Wanted = Readonly<{ kind: 'minimum' }> | Readonly<{ kind: 'surplus'; pod: PodFacts }>

export interface Question {
  readonly request: PlanRequest
  readonly view: PlanView
  /** The pods of the request's seats, in the order of its groups and seats. */
  readonly pods: readonly PodFacts[]
}

export interface AskOptions {
  readonly defaultPack: 'narrowest' | 'none'
  readonly maxSteps: number
  readonly nowMs: number
}

/** Null: the gang names a topology that does not exist. */
export function questionOf(
  cluster: ClusterState,
  situation: GangSituation,
  wanted: Wanted,
  options: AskOptions,
): Question | null {
  const { gang } = situation
  const topology = cluster.topologyOf(gang)
  if (gang.topologyName !== null && topology === null) return null
  const ties = tiesOf(cluster, gang)
  const tied = tiedPending(cluster, ties)
  const shown = viewFor(cluster, [...situation.groups.flatMap(laterAndNow), ...tied], topology, options.nowMs)
  const writer = new RequestWriter(cluster, situation, wanted, shown, topology)
  const groups = writer.groups(tied)
  const request: PlanRequest = {
    scopes: writer.scopes(ties),
    groups,
    defaultPack: options.defaultPack,
    maxSteps: options.maxSteps,
  }
  return { request, view: shown.view, pods: writer.pods }
}

const laterAndNow = ({ pending, gated, suspended }: GroupSituation): PodFacts[] => [
  ...pending,
  ...gated.filter((pod) => pod.unsupported === null),
  ...suspended,
]

/** Scopes stand in this order: the gang, its constraint groups, its pod groups. */
class RequestWriter {
  readonly pods: PodFacts[] = []
  readonly #cluster: ClusterState
  readonly #situation: GangSituation
  readonly #wanted: Wanted
  readonly #shown: ViewFor
  readonly #topology: CompiledTopology | null

  constructor(
    cluster: ClusterState,
    situation: GangSituation,
    wanted: Wanted,
    shown: ViewFor,
    topology: CompiledTopology | null,
  ) {
    this.#cluster = cluster
    this.#situation = situation
    this.#wanted = wanted
    this.#shown = shown
    this.#topology = topology
  }

  scopes(ties: readonly Tie[]): Scope[] {
    const { gang, groups } = this.#situation
    const { constraintGroups } = gang
    const inside = (names: readonly string[]): GroupSituation[] =>
      groups.filter(({ group }) => names.includes(group.name))
    const pins = ties.flatMap((tie) => this.#pins(tie))
    return [
      { ...this.#root(pins), pins, ...this.#sharing(ties) },
      ...constraintGroups.map((each) =>
        this.#scope(each.name, 0, each.constraint, { kind: 'constraintGroup', name: each.name }, inside(each.groups)),
      ),
      ...groups.map((each) => {
        const { name, constraint } = each.group
        const around = constraintGroups.findIndex((config) => config.groups.includes(name))
        return this.#scope(name, around + 1, constraint, { kind: 'group', name }, [each])
      }),
    ]
  }

  /**
   * While no pod of the tied gangs says where, what is to share a domain with them requires one: over several it could
   * never share it. A level that has none is refused as what requires one, too: the label may be misspelled.
   */
  #root(pins: Scope['pins']): Scope {
    const { gang, groups } = this.#situation
    const root = this.#scope('gang', -1, gang.constraint, { kind: 'gang', name: '' }, groups)
    if (gang.sameDomainAs === null) return root
    const shared = this.#cluster.topology().levelFor(this.#topology, gang.sameDomainAs.key)
    const isOpen = !pins.some(({ level }) => level === shared) && this.#isNarrower(shared, root.required)
    if (!isOpen && shared.paths.length > 0) return root
    return { ...root, required: shared, untied: { required: root.required } }
  }

  /**
   * Who is in one domain of the level is in one of the other as well: not where the levels cross, nor where nodes carry the
   * one label without the other, since what the gang itself requires goes first.
   */
  #isNarrower(level: CompiledLevel, than: CompiledLevel | null): boolean {
    if (than === null) return true
    const levels = this.#topology?.levels ?? []
    const at = levels.indexOf(than)
    if (at < 0 || levels.indexOf(level) <= at) return false // what no topology orders says nothing of a level beside it
    return domainsAround(level, than)?.every((domain) => domain >= 0) ?? false
  }

  groups(tied: readonly PodFacts[]): PlanGroup[] {
    const { gang, groups } = this.#situation
    const first = 1 + gang.constraintGroups.length
    const planned = groups.map((group, at) => this.#group(group, first + at))
    if (tied.length === 0) return planned
    return [...planned, { name: 'tied gangs', scope: 0, seats: [], bound: [], later: this.#later(tied) }]
  }

  #group(group: GroupSituation, scope: number): PlanGroup {
    const now = this.#now(group)
    const seated = new Set(now)
    const later = laterAndNow(group).filter((pod) => !seated.has(pod))
    this.pods.push(...now)
    return {
      name: group.group.name,
      scope,
      seats: now.map((pod): Seat => ({ pod: '', podClass: this.#shown.classOf(pod) })),
      bound: group.bound.flatMap(({ node }) => {
        const at = this.#shown.layout.ixOf.get(node)
        return at === undefined ? [] : [at as NodeIx]
      }),
      later: this.#later(later),
    }
  }

  #now({ pending, missing }: GroupSituation): readonly PodFacts[] {
    if (this.#wanted.kind === 'minimum') return pending.slice(0, missing)
    const { pod } = this.#wanted
    return pending.filter(({ uid }) => uid === pod.uid)
  }

  #later(pods: readonly PodFacts[]): { readonly podClass: number; readonly count: number }[] {
    const counts = new Map<number, number>()
    for (const pod of pods) {
      const podClass = this.#shown.classOf(pod)
      counts.set(podClass, (counts.get(podClass) ?? 0) + 1)
    }
    return [...counts].sort(([a], [b]) => a - b).map(([podClass, count]) => ({ podClass, count }))
  }

  #scope(
    name: string,
    parent: number,
    { required, preferred, spread }: Constraint,
    unit: Pick<Unit, 'kind' | 'name'>,
    groups: readonly GroupSituation[],
  ): Scope {
    const levelOf = (key: string): ReturnType<ReturnType<ClusterState['topology']>['levelFor']> =>
      this.#cluster.topology().levelFor(this.#topology, key)
    const spreads: SpreadRule[] = []
    if (spread !== null) {
      const { gang } = this.#situation
      const level = levelOf(spread.over)
      const eligible = this.#eligible(level.domainOf, level.paths.length, groups)
      const self = { ...unit, gangUid: gang.uid }
      spreads.push(spreadRule(this.#cluster, gang, spread, self, level, this.#shown.layout.ixOf, eligible))
    }
    return {
      name,
      parent,
      required: required === null ? null : levelOf(required),
      preferred: preferred === null ? null : levelOf(preferred),
      spreads,
      pins: [],
    }
  }

  /**
   * Domains with a node that passes for some pod of the groups. A domain that running pods or a kubelet's refusal keep
   * them out of for now counts all the same: what is spread would pile up in the others.
   */
  #eligible(domainOf: Int32Array, domains: number, groups: readonly GroupSituation[]): Uint8Array {
    const cluster = this.#cluster
    const eligible = new Uint8Array(domains)
    const demands = new Map(groups.flatMap(laterAndNow).map(({ demand }) => [demand.key, demand]))
    for (const demand of demands.values()) {
      const { feasible } = viewOf(cluster.classes.read(demand, cluster.nodes.read()))
      feasible.forEach((passes: number, node: number) => {
        const domain = domainOf[node] ?? -1
        if (passes === 1 && domain >= 0) eligible[domain] = 1
      })
    }
    return eligible
  }

  #sharing(ties: readonly Tie[]): Pick<Scope, 'sharing'> {
    if (ties.length === 0) return {}
    return { sharing: ties.map(({ key }) => this.#cluster.topology().levelFor(this.#topology, key)) }
  }

  #pins(tie: Tie): Scope['pins'] {
    const level = this.#cluster.topology().levelFor(this.#topology, tie.key)
    const domains = pinnedDomains(this.#cluster, tie, level, this.#shown.layout.ixOf)
    return domains.map((domain) => ({ level, domain }))
  }
}
