import type {
  GangSpreadConstraint,
  GangTopologyConstraint,
  SpreadConstraint,
  TopologyConstraint,
} from '../../api/generated/kinds.ts'
import { SPREAD_ANNOTATION } from '../../api/names.ts'
import { parseSetSpread } from '../../api/spread.ts'
import { type Problem, problemOf } from './problem.ts'
import type { SetShape } from './shape.ts'

/** One topology in force: what domains are called, and the node labels that tell them, broad to narrow. */
export interface KnownTopology {
  /** '' for the one found from well-known labels. */
  readonly name: string
  readonly levels: readonly { readonly name: string; readonly key: string }[]
}

/** A set's constraints in node label keys. What cannot be translated is left out and told in `problems`. */
export interface Translation {
  /** The topology that the set's gangs name; null when nothing was translated. */
  readonly topologyName: string | null
  /** The constraint of a unit; undefined when it states none. `peers` names the units that its spread is judged with. */
  readonly constraint: (of: TopologyConstraint | undefined, peers: string) => GangTopologyConstraint | undefined
  /** The key that all pods of a replica of the set must share, or null. */
  readonly setKey: string | null
  readonly problems: readonly Problem[]
  /** Domains that are used but not in the topology. */
  readonly missingDomains: readonly string[]
  readonly state: 'unused' | 'available' | 'levels-missing' | 'not-found' | 'disabled'
}

/** Where a constraint stands in a set, and what it is inside of. */
interface Site {
  readonly path: string
  readonly constraint: TopologyConstraint
  readonly parent: Site | null
}

export const requiredDomain = (constraint: TopologyConstraint | undefined): string | null =>
  constraint?.pack?.required ?? constraint?.packDomain ?? null

/** Every topology in force, or that the configuration has none of them used. */
export type KnownTopologies = readonly KnownTopology[] | 'disabled'

/** O(constraints of the set). */
export function translate(shape: SetShape, topologies: KnownTopologies): Translation {
  const sites = sitesOf(shape)
  const bad = badAnnotation(shape)
  if (sites.length === 0) return translationBy(null, shape, bad, [], 'unused')
  if (topologies === 'disabled') return translationBy(null, shape, [...bad, disabled(sites)], [], 'disabled')
  const asked = sites.map(({ constraint }) => constraint.topologyName ?? '').find((name) => name !== '') ?? ''
  const topology = chooseTopology(asked, topologies)
  if (topology === null) return translationBy(null, shape, [...bad, noTopology(asked, sites)], [], 'not-found')
  const unknown = sites.flatMap((site) => unknownDomains(site, topology))
  const missing = [...new Set(unknown.map(({ domain }) => domain))].sort()
  const narrow = sites.flatMap((site) => narrowParents(site, topology))
  const problems = [...bad, ...unknown.map(({ problem }) => problem), ...narrow]
  return translationBy(topology, shape, problems, missing, missing.length > 0 ? 'levels-missing' : 'available')
}

/** The named one; with no name the only one, else `default`, else none. */
function chooseTopology(asked: string, topologies: readonly KnownTopology[]): KnownTopology | null {
  if (asked !== '') return topologies.find(({ name }) => name === asked) ?? null
  const only = topologies.length === 1 ? topologies[0] : undefined
  return only ?? topologies.find(({ name }) => name === 'default') ?? null
}

export const TOPOLOGY_DISABLED = {
  reason: 'TopologyAwareSchedulingDisabled',
  message: 'topology-aware scheduling is disabled in the configuration of the operator',
} as const

const disabled = (sites: readonly Site[]): Problem => ({ ...TOPOLOGY_DISABLED, path: sites[0]?.path ?? '' })

function noTopology(asked: string, sites: readonly Site[]): Problem {
  const site = sites.find(({ constraint }) => (constraint.topologyName ?? '') === asked) ?? sites[0]
  const message =
    asked === ''
      ? 'no topology is known; declare one, or name one of several that are'
      : `ClusterTopologyBinding "${asked}" not found`
  return { reason: 'TopologyNotFound', path: `${site?.path ?? ''}.topologyName`, message }
}

function translationBy(
  topology: KnownTopology | null,
  shape: SetShape,
  problems: readonly Problem[],
  missingDomains: readonly string[],
  state: Translation['state'],
): Translation {
  const keyOf = (domain: string | null | undefined): string | null =>
    topology?.levels.find(({ name }) => name === domain)?.key ?? null
  const setConstraint = constraintOfSet(shape)
  const isUsed = sitesOf(shape).some(({ constraint }) =>
    domainsOf(constraint).some(([, domain]) => keyOf(domain) !== null),
  )
  return {
    topologyName: isUsed && topology !== null && topology.name !== '' ? topology.name : null,
    constraint: (of, peers) => translated(of, peers, keyOf),
    setKey: keyOf(requiredDomain(setConstraint)),
    problems,
    missingDomains,
    state,
  }
}

function translated(
  of: TopologyConstraint | undefined,
  peers: string,
  keyOf: (domain: string | null | undefined) => string | null,
): GangTopologyConstraint | undefined {
  const required = keyOf(requiredDomain(of))
  const preferred = keyOf(of?.pack?.preferred)
  const spreadKey = keyOf(of?.spread?.domain)
  const pack = { ...(required === null ? {} : { required }), ...(preferred === null ? {} : { preferred }) }
  const hasPack = required !== null || preferred !== null
  if (!hasPack && spreadKey === null) return undefined
  return {
    ...(hasPack ? { packConstraint: pack } : {}),
    ...(spreadKey === null || of?.spread === undefined ? {} : { spread: spreadBy(of.spread, spreadKey, peers) }),
  }
}

/** Every field is written, so that the server's defaults never make it look changed. */
const spreadBy = (spread: SpreadConstraint, key: string, peers: string): GangSpreadConstraint => ({
  key,
  peers,
  maxSkew: spread.maxSkew ?? 1,
  ...(spread.minDomains === undefined ? {} : { minDomains: spread.minDomains }),
  whenUnsatisfiable: spread.whenUnsatisfiable ?? 'DoNotSchedule',
})

/** The set's own constraint; its spread may come as an annotation where the installed definition has no such field. */
export function constraintOfSet({ set }: SetShape): TopologyConstraint | undefined {
  const written = set.spec.template.topologyConstraint
  const annotation = set.metadata.annotations?.[SPREAD_ANNOTATION]
  if (annotation === undefined || written?.spread !== undefined) return written
  const { spread } = parseSetSpread(annotation)
  return spread === null ? written : { ...written, spread }
}

function badAnnotation({ set }: SetShape): Problem[] {
  const text = set.metadata.annotations?.[SPREAD_ANNOTATION]
  const { errors } = text === undefined ? { errors: [] } : parseSetSpread(text)
  return errors.map((error) => problemOf('InvalidTopology', error))
}

/** Parents before children. */
function sitesOf(shape: SetShape): Site[] {
  const site = (path: string, constraint: TopologyConstraint | undefined, parent: Site | null): Site | null =>
    constraint === undefined ? parent : { path: `${path}.topologyConstraint`, constraint, parent }
  const own = site('spec.template', constraintOfSet(shape), null)
  const ofGroup = new Map(
    shape.groups.map((group, at) => {
      return [group.name, site(`spec.template.podCliqueScalingGroups[${at}]`, group.template.topologyConstraint, own)]
    }),
  )
  const ofCliques = shape.cliques.map((clique, at) => {
    const around = clique.groupName === null ? own : (ofGroup.get(clique.groupName) ?? own)
    return site(`spec.template.cliques[${at}]`, clique.template.topologyConstraint, around)
  })
  const all = [own, ...ofGroup.values(), ...ofCliques].filter((each) => each !== null)
  return [...new Set(all)]
}

type Mention = readonly ['pack.required' | 'packDomain' | 'pack.preferred' | 'spread.domain', string]

function domainsOf({ pack, packDomain, spread }: TopologyConstraint): Mention[] {
  const mentions: Mention[] = []
  if (pack?.required !== undefined) mentions.push(['pack.required', pack.required])
  if (packDomain !== undefined) mentions.push(['packDomain', packDomain])
  if (pack?.preferred !== undefined) mentions.push(['pack.preferred', pack.preferred])
  if (spread !== undefined) mentions.push(['spread.domain', spread.domain])
  return mentions
}

function unknownDomains({ path, constraint }: Site, topology: KnownTopology): { domain: string; problem: Problem }[] {
  const known = topology.levels.map(({ name }) => name)
  return domainsOf(constraint)
    .filter(([, domain]) => !known.includes(domain))
    .map(([field, domain]) => {
      const of = topology.name === '' ? 'the topology found from node labels' : `topology "${topology.name}"`
      const message = `domain "${domain}" not found in ${of}; it has ${known.join(', ')}`
      return { domain, problem: { reason: 'DomainNotFound', path: `${path}.${field}`, message } }
    })
}

/** What is around may not be narrower than what is inside, for `required` and `preferred` each. */
function narrowParents(site: Site, topology: KnownTopology): Problem[] {
  const narrowness = (domain: string): number => topology.levels.findIndex(({ name }) => name === domain)
  return PACKS.flatMap(([field, domainOf]): Problem[] => {
    const inner = domainOf(site.constraint)
    const around = nearest(site.parent, domainOf)
    if (inner === null || around === null || narrowness(inner) < 0) return []
    if (narrowness(around.domain) <= narrowness(inner)) return []
    const message = `domain "${inner}" is broader than "${around.domain}" of ${around.path}`
    return [{ reason: 'InvalidTopology', path: `${site.path}.${field}`, message }]
  })
}

type DomainOf = (constraint: TopologyConstraint) => string | null

const PACKS: readonly (readonly [field: string, DomainOf])[] = [
  ['pack.required', requiredDomain],
  ['pack.preferred', ({ pack }) => pack?.preferred ?? null],
]

/** The innermost of what is around that says so; what stands between may say only the other of the two. */
function nearest(around: Site | null, domainOf: DomainOf): { domain: string; path: string } | null {
  for (let site = around; site !== null; site = site.parent) {
    const domain = domainOf(site.constraint)
    if (domain !== null) return { domain, path: site.path }
  }
  return null
}
