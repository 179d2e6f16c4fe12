import { looksAround } from '../gang/spread.ts'
import { type GangSituation, isSameToPlan } from '../gang/situation.ts'
import { tiesOf } from '../gang/ties.ts'
import type { ClusterState } from '../state/cluster.ts'
import { viewOf } from '../state/pod-class.ts'
import { repels } from '../state/repulsion.ts'

/** What was so when a gang was refused. */
export interface Tried {
  readonly situation: GangSituation
  readonly topologyEpoch: number
  /** The growth log up to which nothing has grown that the gang could use. Stays while something has: its turn may
   * not come in this round. */
  growthEpoch: number
  readonly moves: number
  /** Its plan depended on where other gangs of its namespace were. */
  readonly hasLookedAround: boolean
  /** The log of fences that opened, up to which none was one that had kept the gang out. */
  fenceEpoch: number
  /** Of labels, taints and cordons: a domain that does not count any more may be what a spread lacked. */
  readonly nodeEpoch: number
  /** Grows every 60 s: everything is tried again, in case a cause of change was forgotten here. */
  readonly round: number
}

export const triedNow = (cluster: ClusterState, situation: GangSituation, round: number): Tried => ({
  situation,
  topologyEpoch: cluster.topologyEpoch,
  growthEpoch: cluster.growth.epoch,
  moves: cluster.movesIn(situation.gang.namespace),
  hasLookedAround: looksAround(situation.gang) || tiesOf(cluster, situation.gang).length > 0,
  fenceEpoch: cluster.fences.openings.epoch,
  nodeEpoch: cluster.nodeChanges.epoch,
  round,
})

/** Whether something has changed since that could change the answer. O(what grew × classes of the gang). */
export function isWorthTrying(cluster: ClusterState, situation: GangSituation, tried: Tried, round: number): boolean {
  if (tried.round !== round || !isSameToPlan(tried.situation, situation)) return true
  if (tried.topologyEpoch !== cluster.topologyEpoch || hasFenceOpened(cluster, situation, tried)) return true
  const hasMoved =
    tried.moves !== cluster.movesIn(situation.gang.namespace) || tried.nodeEpoch !== cluster.nodeChanges.epoch
  if (hasMoved && tried.hasLookedAround) return true
  const grown = cluster.growth.since(tried.growthEpoch)
  if (grown === 'forgotten') return true
  if (grown.size === 0) return false
  const demands = situation.groups.flatMap(({ pending }) => pending.map(({ demand }) => [demand.key, demand] as const))
  const isUsable = [...new Map(demands).values()].some((demand) => canUse(cluster, demand, grown))
  if (!isUsable) tried.growthEpoch = cluster.growth.epoch
  return isUsable
}

/** What looks at other gangs may have been kept out with them. O(fences opened × pods of the gang). */
function hasFenceOpened({ fences }: ClusterState, { groups }: GangSituation, tried: Tried): boolean {
  const opened = fences.openings.since(tried.fenceEpoch)
  if (opened === 'forgotten') return true
  if (opened.size === 0) return false
  if (tried.hasLookedAround) return true
  const pods = groups.flatMap(({ pending, gated, suspended }) => [...pending, ...gated, ...suspended])
  const isKeptOut = [...opened].some(({ repulsion }) => pods.some((pod) => repels(repulsion, pod)))
  if (!isKeptOut) tried.fenceEpoch = fences.openings.epoch
  return isKeptOut
}

type Demand = Parameters<ClusterState['classes']['read']>[0]

/** Refusals of a kubelet and anti-affinity of running pods are left out: at worst the gang is tried once too often. */
function canUse(cluster: ClusterState, demand: Demand, grown: ReadonlySet<string>): boolean {
  cluster.nodes.require(demand.requests)
  const layout = cluster.nodes.read()
  const { feasible } = viewOf(cluster.classes.read(demand, layout))
  for (const name of grown) if (feasible[layout.ixOf.get(name) ?? -1] === 1) return true
  return false
}
