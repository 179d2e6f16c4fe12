import { amountText } from '../../api/amount.ts'
import type { DomainFit, Excluded, LevelFit, Nearest, ScopeFit, Short } from '../../api/explanation.ts'
import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { Asked, Room } from '../planner/bounds.ts'
import type { DomainShortfall } from '../planner/request.ts'
import { boundDomains, type ScopeNode, type ScopeTree, scopeTree } from '../planner/scopes.ts'
import {
  allowedNodes,
  byNearness,
  domainNodes,
  fitAnywhere,
  fitOn,
  shortfallAt,
  shortfallsIn,
} from '../planner/shortfalls.ts'
import type { Subject } from './subject.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** Domains told per level, and scopes told at all. */
const DOMAINS_MAX = 8
const SCOPES_MAX = 16

/** One scope, and how many of its pods each domain fits by itself. */
export interface Measured {
  readonly node: ScopeNode
  readonly alike: readonly string[]
  readonly levels: readonly { readonly level: CompiledLevel; readonly fits: readonly (DomainShortfall | null)[] }[]
}

interface ClusterFit {
  readonly domain: DomainShortfall
  readonly nodes: Int32Array
}

/** How many pods fit where, over the whole cluster. Pure. O(scopes that differ × levels × nodes). */
export class Survey {
  readonly tree: ScopeTree
  readonly room: Room
  readonly #subject: Subject
  /** The gang first; the levels of each broad to narrow, the required one last. */
  readonly measured: readonly Measured[]
  readonly #clusterFits = new Map<ScopeNode, ClusterFit>()
  readonly #empty: { readonly tree: ScopeTree; readonly room: Room }

  /** `found`: what planning it has found out already; preferences make no difference here. */
  constructor(subject: Subject, found: { readonly tree: ScopeTree; readonly room: Room } | null = null) {
    const { request, view } = subject
    this.#subject = subject
    this.tree = found?.tree ?? scopeTree(request, view)
    this.room = found?.room ?? new Room(new Asked(this.tree))
    const { counters: _, ...shown } = view
    const tree = scopeTree(request, { ...shown, free: view.allocatable })
    this.#empty = { tree, room: new Room(new Asked(tree)) }
    this.measured = this.#told().map((each) => this.#measure(each))
  }

  /** One of each set of scopes that ask for the same; those with a required level, and the gang. */
  #told(): readonly { node: ScopeNode; alike: readonly string[] }[] {
    const byWish = new Map<string, { node: ScopeNode; alike: string[] }>()
    for (const node of this.tree.nodes) {
      const { scope, demand, ix, filter } = node
      if (demand.pods === 0 || (ix > 0 && scope.required === null)) continue
      const key = filter === null && ix > 0 ? `${scope.required?.key} ${demand.counts.join(' ')}` : String(ix)
      const known = byWish.get(key)
      if (known === undefined) byWish.set(key, { node, alike: [] })
      else known.alike.push(scope.name)
    }
    return [...byWish.values()].slice(0, SCOPES_MAX)
  }

  #measure({ node, alike }: { node: ScopeNode; alike: readonly string[] }): Measured {
    const levels = this.#levelsOf(node).map((level) => ({
      level,
      fits: shortfallsIn(this.tree, this.room, node, level),
    }))
    return { node, alike, levels }
  }

  /** Broad to narrow down to the required one; where none is, levels of more than one node a domain. */
  #levelsOf({ scope: { required }, ix }: ScopeNode): readonly CompiledLevel[] {
    const { topology, nodeNames } = this.tree.view
    const levels = topology?.levels ?? []
    if (required === null) return levels.filter(({ paths }) => paths.length < nodeNames.length)
    const at = levels.indexOf(required)
    return at < 0 || ix > 0 ? [required] : levels.slice(0, at + 1)
  }

  scopes(): readonly ScopeFit[] {
    return this.measured.map(({ node, alike, levels }) => ({
      scope: node.scope.name,
      alike,
      podsNeeded: node.demand.pods,
      required: node.scope.required?.name ?? null,
      pinnedTo: pinnedTo(node),
      levels: [
        ...(node.ix === 0 ? [this.#cluster(node)] : []),
        ...levels.map(({ level, fits }) => this.#level(node, level, fits)),
      ],
    }))
  }

  #cluster(node: ScopeNode): LevelFit {
    const { domain, nodes } = this.clusterFit(node)
    const empty = fitOn(this.#empty.tree, this.#empty.room, this.#empty.tree.nodes[node.ix]!, nodes).fitting
    const row = { ...this.#row(node, nodes, domain), podsFittingEmpty: Math.max(empty, domain.podsFitting) }
    const isFitting = domain.podsFitting >= domain.podsNeeded
    return { level: 'cluster', isRequired: false, domains: 1, domainsFitting: Number(isFitting), nearest: [row] }
  }

  /** How many of a scope's pods all the nodes that are left to it fit. */
  clusterFit(node: ScopeNode): ClusterFit {
    const known = this.#clusterFits.get(node)
    if (known !== undefined) return known
    const nodes = allowedNodes(this.tree, node.filter)
    const { fitting, resource, shortBy } = fitAnywhere(this.tree, this.room, node)
    const isShort = fitting < node.demand.pods
    const domain = {
      scope: node.scope.name,
      level: 'cluster',
      domain: 'cluster',
      podsNeeded: node.demand.pods,
      podsFitting: fitting,
      resource: isShort ? resource : null,
      shortBy: isShort ? shortBy : 0,
    }
    const found = { domain, nodes }
    this.#clusterFits.set(node, found)
    return found
  }

  #level(node: ScopeNode, level: CompiledLevel, fits: readonly (DomainShortfall | null)[]): LevelFit {
    const known = fits.flatMap((fit, d) => (fit === null ? [] : [{ fit, d }]))
    const nearest = known.toSorted((a, b) => byNearness(a.fit, b.fit)).slice(0, DOMAINS_MAX)
    const empty = this.#empty.tree.nodes[node.ix]!
    return {
      level: level.name,
      isRequired: level === node.scope.required,
      domains: level.paths.length,
      domainsFitting: known.filter(({ fit }) => fit.podsFitting >= fit.podsNeeded).length,
      nearest: nearest.map(({ fit, d }) => ({
        ...this.#row(node, domainNodes(level, d, null), fit),
        podsFittingEmpty: Math.max(fit.podsFitting, this.#emptyFit(empty, level, d)),
      })),
    }
  }

  /** Of mixed sizes the big ones are placed first, so that more room may take fewer pods: never told as such. */
  #emptyFit(node: ScopeNode, level: CompiledLevel, d: number): number {
    return shortfallAt(this.#empty.tree, this.#empty.room, node, level, d)?.podsFitting ?? 0
  }

  #row(node: ScopeNode, nodes: Int32Array, fit: DomainShortfall): Omit<DomainFit, 'podsFittingEmpty'> {
    return {
      domain: fit.domain,
      nodes: nodes.length,
      podsFitting: fit.podsFitting,
      short: shortOf(fit),
      excluded: this.#excluded(node, nodes),
    }
  }

  /** A node counts when it is closed to some of the scope's pods. */
  #excluded({ demand }: ScopeNode, nodes: Int32Array): Excluded {
    const classes = this.room.seated.filter((c) => demand.counts[c]! > 0)
    const excluded: Record<string, number> = {}
    for (const n of nodes) {
      const closed = classes.find((c) => this.tree.view.classes[c]!.feasible[n] !== 1)
      if (closed === undefined) continue
      const code = this.#subject.keptOff(closed, n)
      excluded[code] = (excluded[code] ?? 0) + 1
    }
    return excluded
  }
}

export const shortOf = ({ resource, shortBy }: DomainShortfall): Short | null =>
  resource === null ? null : { resource, amount: shortBy, text: amountText(resource, shortBy) }

export const nearestOf = (fit: DomainShortfall): Nearest => ({
  scope: fit.scope,
  level: fit.level,
  domain: fit.domain,
  podsNeeded: fit.podsNeeded,
  podsFitting: fit.podsFitting,
  short: shortOf(fit),
})

/** Domains that bound pods or ties leave to a scope. */
export function pinnedTo({ scope, bound }: ScopeNode): readonly string[] {
  const tied = scope.pins.map(({ level, domain }) => level.paths[domain]!)
  if (scope.required === null) return tied
  const { paths } = scope.required
  return [...tied, ...boundDomains(scope.required, bound).map((d) => paths[d]!)]
}
