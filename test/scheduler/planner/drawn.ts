import { buildTopologyIndex } from '../../../topology/index.ts'
import type { CompiledLevel, TopologyIndex } from '../../../topology/index.ts'
import type {
  PlanGroup,
  PlanRequest,
  PlanView,
  Scope,
  SpreadRule,
  Verdict,
} from '../../../scheduler/planner/request.ts'

/**
 * Worlds as drawings: `z1( r1: a4 b4/8 | r2: c4 )` is zone z1 with racks r1, r2 and nodes a, b, c with 4 free GPUs each
 * (b of 8). Without zones: `r1: a4 b4 | r2: c4`. A node `x` outside any rack stands in `-: x4`.
 */
export interface World {
  readonly index: TopologyIndex
  readonly free: readonly number[]
  readonly total: readonly number[]
}

interface DrawnNode {
  readonly name: string
  readonly free: number
  readonly total: number
  readonly labels: Record<string, string>
}

const NODE = /^([a-zA-Z]+)(\d+)(?:\/(\d+))?$/

/** `listed`: the labels that the topology has levels of; each node has all three. */
export function drawn(text: string, listed: readonly string[] = ['zone', 'rack', 'host']): World {
  const nodes = [...zonesOf(text)].flatMap(([zone, racks]) => racks.split('|').flatMap((rack) => rackOf(zone, rack)))
  const declarations = [
    {
      name: 'default',
      levels: listed.map((name) => ({ name, key: name, within: 'parent' as const })),
      nodes: [],
    },
  ]
  const index = buildTopologyIndex({ declarations, nodes })
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const at = (name: string): DrawnNode => byName.get(name)!
  return {
    index,
    free: index.nodeNames.map((name) => at(name).free),
    total: index.nodeNames.map((name) => at(name).total),
  }
}

function* zonesOf(text: string): Generator<[string, string]> {
  const zones = [...text.matchAll(/(\w+)\(([^)]*)\)/g)]
  if (zones.length === 0) yield ['z', text]
  for (const [, zone, racks] of zones) yield [zone!, racks!]
}

function rackOf(zone: string, text: string): DrawnNode[] {
  const [rack, nodes] = text.split(':') as [string, string]
  return nodes
    .trim()
    .split(/\s+/)
    .map((drawing) => {
      const match = NODE.exec(drawing)
      if (!match) throw new Error(`not a node: ${drawing}`)
      const [, name, free, total] = match
      const labels: Record<string, string> = { zone, host: name! }
      if (rack.trim() !== '-') labels['rack'] = rack.trim()
      return { name: name!, free: Number(free), total: Number(total ?? free), labels }
    })
}

export interface DrawnGroup {
  readonly name: string
  readonly pods: number
  readonly gpus: number
  readonly bound?: readonly string[]
  readonly later?: number
}

export interface DrawnSpread {
  readonly level: string
  readonly maxSkew?: number
  readonly minDomains?: number
  /** Units by domain, by its path or its value. */
  readonly taken?: Readonly<Record<string, number>>
  readonly isHard?: boolean
  readonly peers?: string
  readonly units?: 'scope' | 'pods'
}

export interface DrawnScope {
  readonly name: string
  readonly required?: string
  readonly preferred?: string
  readonly spread?: DrawnSpread
  readonly pins?: Record<string, string>
  readonly groups?: readonly DrawnGroup[]
  readonly scopes?: readonly DrawnScope[]
}

export function asked(
  world: World,
  gang: DrawnScope,
  options: Partial<PlanRequest> = {},
): { request: PlanRequest; view: PlanView } {
  const topology = world.index.topologies[0]!
  const level = (name: string): CompiledLevel => world.index.levelFor(topology, name)
  const scopes: Scope[] = []
  const groups: PlanGroup[] = []
  const sizes: number[] = []
  const classOf = (gpus: number): number => {
    if (!sizes.includes(gpus)) sizes.push(gpus)
    return sizes.indexOf(gpus)
  }
  const visit = (drawing: DrawnScope, parent: number): void => {
    const at = scopes.length
    const pins = Object.entries(drawing.pins ?? {}).map(([name, path]) => ({
      level: level(name),
      domain: level(name).paths.indexOf(path),
    }))
    scopes.push({
      name: drawing.name,
      parent,
      required: drawing.required ? level(drawing.required) : null,
      preferred: drawing.preferred ? level(drawing.preferred) : null,
      spreads: drawing.spread ? [spreadOf(level(drawing.spread.level), drawing.spread)] : [],
      pins,
    })
    for (const group of drawing.groups ?? []) {
      groups.push({
        name: group.name,
        scope: at,
        seats: Array.from({ length: group.pods }, (_, i) => ({
          pod: `${group.name}-${i}`,
          podClass: classOf(group.gpus),
        })),
        bound: (group.bound ?? []).map((name) => world.index.nodeNames.indexOf(name) as never),
        later: group.later ? [{ podClass: classOf(group.gpus), count: group.later }] : [],
      })
    }
    for (const child of drawing.scopes ?? []) visit(child, at)
  }
  visit(gang, -1)
  const nodes = world.free.length
  const view: PlanView = {
    nodeNames: world.index.nodeNames,
    resources: ['gpu', 'pods'],
    free: Float64Array.from({ length: nodes * 2 }, (_, i) => (i % 2 === 0 ? world.free[i / 2]! : 100)),
    allocatable: Float64Array.from({ length: nodes * 2 }, (_, i) => (i % 2 === 0 ? world.total[i / 2]! : 110)),
    classes: sizes.map((gpus) => ({
      requests: Float64Array.of(gpus, 1),
      feasible: new Uint8Array(nodes).fill(1),
      excluded: new Map(),
    })),
    topology,
  }
  return {
    request: { scopes, groups, defaultPack: 'narrowest', maxSteps: 100_000, ...options },
    view,
  }
}

function spreadOf(level: CompiledLevel, rule: DrawnSpread): SpreadRule {
  const { maxSkew = 1, taken = {}, isHard = true, peers, units, minDomains = null } = rule
  return {
    level,
    maxSkew,
    minDomains,
    isHard,
    taken: Int32Array.from(level.paths, (path, d) => taken[path] ?? taken[level.values[d]!] ?? 0),
    eligible: new Uint8Array(level.paths.length).fill(1),
    ...(peers === undefined ? {} : { peers }),
    ...(units === undefined ? {} : { units }),
  }
}

/** The nodes in seat order, or the reason. */
export function nodesOf(world: World, verdict: Verdict): string {
  if (verdict.kind === 'plan') return verdict.seats.map(({ node }) => world.index.nodeNames[node]).join(' ')
  return verdict.kind === 'undecided' ? 'undecided' : verdict.reason
}
