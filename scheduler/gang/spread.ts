import type { CompiledLevel } from '../../topology/index.ts'
import type { SpreadRule } from '../planner/request.ts'
import type { ClusterState } from '../state/cluster.ts'
import type { Spread } from '../../api/spread.ts'
import type { GangFacts } from '../state/gang-facts.ts'
import { groupOf } from './members.ts'

/** What a spread is written on. */
export interface Unit {
  readonly gangUid: string
  readonly kind: 'gang' | 'constraintGroup' | 'group'
  readonly name: string
}

/** The rule for the unit `self`. `eligible`: per domain, whether a node there passes for a pod of the unit. */
export function spreadRule(
  cluster: ClusterState,
  gang: GangFacts,
  spread: Spread,
  self: Unit,
  level: CompiledLevel,
  ixOf: ReadonlyMap<string, number>,
  eligible: Uint8Array,
): SpreadRule {
  const taken = new Int32Array(level.paths.length)
  for (const other of unitsOf(cluster, gang, spread, self.kind)) {
    if (isSameUnit(other.unit, self)) continue // a group's pods are units each: none of them is the one that comes
    for (const domain of domainsOf(other.nodes, level, ixOf)) taken[domain] = (taken[domain] ?? 0) + 1
  }
  const { maxSkew, minDomains, isHard } = spread
  const units = self.kind === 'group' ? 'pods' : 'scope'
  return {
    level,
    units,
    peers: spread.peers ?? `this gang's ${self.kind}s`,
    maxSkew,
    minDomains,
    isHard,
    taken,
    eligible,
  }
}

interface UnitNodes {
  readonly unit: Unit
  readonly nodes: readonly string[]
}

/**
 * Units counted together with those of `gang`: the same peers in the namespace. Without peers those of its own that are
 * of the same kind and spread over the same: a gang counts for nothing among its pods.
 */
function unitsOf(cluster: ClusterState, gang: GangFacts, spread: Spread, kind: Unit['kind']): UnitNodes[] {
  if (spread.peers === null) {
    return unitsOfGang(cluster, gang, (mine, of) => mine.peers === null && mine.over === spread.over && of === kind)
  }
  const gangs = cluster.gangs.inNamespace(gang.namespace)
  return gangs.flatMap((other) => unitsOfGang(cluster, other, (mine) => mine.peers === spread.peers))
}

function unitsOfGang(
  cluster: ClusterState,
  gang: GangFacts,
  isPeer: (spread: Spread, kind: Unit['kind']) => boolean,
): UnitNodes[] {
  const units: UnitNodes[] = []
  const add = (kind: Unit['kind'], name: string, spread: Spread | null, groups: ReadonlySet<string>): void => {
    if (spread === null || !isPeer(spread, kind)) return
    const nodes = boundNodes(cluster, gang, groups)
    if (kind !== 'group') units.push({ unit: { gangUid: gang.uid, kind, name }, nodes })
    else
      nodes.forEach((node, at) =>
        units.push({ unit: { gangUid: gang.uid, kind, name: `${name} ${at}` }, nodes: [node] }),
      )
  }
  add('gang', '', gang.constraint.spread, new Set(gang.groups.map(({ name }) => name)))
  for (const each of gang.constraintGroups) {
    add('constraintGroup', each.name, each.constraint.spread, new Set(each.groups))
  }
  for (const each of gang.groups) add('group', each.name, each.constraint.spread, new Set([each.name]))
  return units
}

/** Pods that are terminating or finished count towards nothing. */
function boundNodes(cluster: ClusterState, gang: GangFacts, groups: ReadonlySet<string>): string[] {
  const nodes: string[] = []
  for (const pod of cluster.gangs.podsOf(gang.key)) {
    if (pod.isTerminating || pod.isFinished) continue
    const node = cluster.nodeOf(pod)
    const group = groupOf(gang, pod)
    if (node !== null && group !== null && groups.has(group.name)) nodes.push(node)
  }
  return nodes
}

const isSameUnit = (a: Unit, b: Unit): boolean => a.gangUid === b.gangUid && a.kind === b.kind && a.name === b.name

function domainsOf(nodes: readonly string[], level: CompiledLevel, ixOf: ReadonlyMap<string, number>): Set<number> {
  const domains = new Set<number>()
  for (const name of nodes) {
    const domain = level.domainOf[ixOf.get(name) ?? -1] ?? -1
    if (domain >= 0) domains.add(domain)
  }
  return domains
}
