import { type GangSituation, isSameToPlan } from '../gang/situation.ts'
import { tiesOf } from '../gang/ties.ts'
import type { ClusterState } from '../state/cluster.ts'
import type { Demand } from '../state/demand.ts'
import type { Layout } from '../state/node-table.ts'
import { viewOf } from '../state/pod-class.ts'
import type { PodFacts } from '../state/pod-facts.ts'
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
  /** Since when, on the monotonic clock, something has been so different that it is worth trying again; null: nothing is. */
  worthSinceMs: number | null
}

export const triedNow = (cluster: ClusterState, situation: GangSituation, round: number): Tried => ({
  situation,
  topologyEpoch: cluster.topologyEpoch,
  growthEpoch: cluster.growth.epoch,
  moves: cluster.movesIn(situation.gang.namespace),
  hasLookedAround: situation.gang.shape.isLookingAround || tiesOf(cluster, situation.gang).length > 0,
  fenceEpoch: cluster.fences.openings.epoch,
  nodeEpoch: cluster.nodeChanges.epoch,
  round,
  worthSinceMs: null,
})

/** Whether something has changed since that could change the answer. O(what grew × classes of the gang). */
export function isWorthTrying(
  cluster: ClusterState,
  situation: GangSituation,
  tried: Tried,
  round: number,
  grown: GrownNodes = new GrownNodes(cluster),
): boolean {
  if (tried.round !== round || !isSameToPlan(tried.situation, situation)) return true
  if (tried.topologyEpoch !== cluster.topologyEpoch || hasFenceOpened(cluster, situation, tried)) return true
  const hasMoved =
    tried.moves !== cluster.movesIn(situation.gang.namespace) || tried.nodeEpoch !== cluster.nodeChanges.epoch
  if (hasMoved && tried.hasLookedAround) return true
  if (tried.growthEpoch === cluster.growth.epoch) return false
  const isUsable = situation.groups.some(({ pending }) => grown.isUsable(pending, tried.growthEpoch))
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

const NEVER = { growth: -1, changes: -1, layout: null }

/** Whether nodes that grew are of use to pods: found out once for all pods that ask for the same. */
export class GrownNodes {
  readonly #cluster: ClusterState
  /** By what is asked for the newest growth of which it is known whether something since then is of use. */
  readonly #known = new Map<Demand, { readonly since: number; readonly isUsable: boolean }>()
  #at: { readonly growth: number; readonly changes: number; readonly layout: Layout | null } = NEVER

  constructor(cluster: ClusterState) {
    this.#cluster = cluster
  }

  /** `since`: an epoch of the growth log. */
  isUsable(pods: readonly PodFacts[], since: number): boolean {
    let last: Demand | null = null
    for (const { demand } of pods) {
      if (demand === last) continue
      last = demand
      if (this.#isUsableBy(demand, since)) return true
    }
    return false
  }

  /** Refusals of a kubelet and anti-affinity of running pods are left out: at worst the gang is tried once too often. */
  #isUsableBy(demand: Demand, since: number): boolean {
    const { nodes, classes, growth, nodeChanges } = this.#cluster
    nodes.require(demand.requests)
    const layout = nodes.read()
    if (this.#at.growth !== growth.epoch || this.#at.changes !== nodeChanges.epoch || this.#at.layout !== layout) {
      this.#at = { growth: growth.epoch, changes: nodeChanges.epoch, layout }
      this.#known.clear()
    }
    const known = this.#known.get(demand)
    if (known?.since === since) return known.isUsable
    const { feasible } = viewOf(classes.read(demand, layout))
    let isUsable = false
    const look = (name: string): void => {
      if (!isUsable && feasible[layout.ixOf.get(name) ?? -1] === 1) isUsable = true
    }
    if (!growth.visitSince(since, look)) isUsable = true // forgotten
    this.#known.set(demand, { since, isUsable })
    return isUsable
  }
}
