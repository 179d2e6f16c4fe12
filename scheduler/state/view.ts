import type { CompiledTopology } from '../../topology/index.ts'
import type { PlanView, PodClassView } from '../planner/request.ts'
import type { ClusterState } from './cluster.ts'
import type { NodeFacts } from './node-facts.ts'
import type { Layout } from './node-table.ts'
import { viewOf } from './pod-class.ts'
import type { PodFacts } from './pod-facts.ts'
import { type Repulsion, repels } from './repulsion.ts'

/** A view for one request, and which of its classes each pod is in. */
export interface ViewFor {
  readonly view: PlanView
  readonly layout: Layout
  readonly classOf: (pod: PodFacts) => number
}

/** Shows the cluster to the planner as these pods see it. For the turn in hand: its arrays are reused by the next. */
export function viewFor(
  cluster: ClusterState,
  pods: readonly PodFacts[],
  topology: CompiledTopology | null,
  nowMs: number,
): ViewFor {
  for (const demand of new Set(pods.map((pod) => pod.demand))) cluster.nodes.require(demand.requests)
  const layout = cluster.nodes.read()
  const fences = fencesOf(cluster)
  const classes: PodClassView[] = []
  const byKey = new Map<string, number>()
  const byPod = new Map<string, number>()
  for (const pod of pods) {
    const against = fences.length === 0 ? fences : fences.filter(({ repulsion }) => repels(repulsion, pod))
    const { key: demand } = pod.demand
    const key = against.length === 0 ? demand : `${demand} ${against.map(({ id }) => id).join(' ')}`
    let at = byKey.get(key)
    if (at === undefined) {
      at = classes.push(classView(cluster, pod, layout, against, nowMs)) - 1
      byKey.set(key, at)
    }
    byPod.set(pod.uid, at)
  }
  const { nodeNames, resources, free, allocatable } = layout
  const shown: PlanView = { nodeNames, resources, free, allocatable, classes, topology }
  const view: PlanView = { ...shown, counters: cluster.counters.of(shown, layout, cluster.topologyEpoch) }
  return { view, layout, classOf: (pod) => byPod.get(pod.uid) ?? 0 }
}

/** Where a running pod's anti-affinity holds: nodes whose label `key` is `value`. */
interface Fence {
  readonly id: string
  readonly repulsion: Repulsion
  readonly value: string
}

function fencesOf(cluster: ClusterState): Fence[] {
  return cluster.repellingPods().flatMap((pod) => {
    const labels = pod.node === null ? undefined : cluster.nodes.get(pod.node)?.labels
    return pod.repulsions.flatMap((repulsion, at) => {
      const value = labels?.[repulsion.topologyKey]
      return value === undefined ? [] : [{ id: `${pod.uid}.${at}`, repulsion, value }]
    })
  })
}

/** Whether a running pod's anti-affinity keeps the pod off a node, whatever else does. */
export function fencedNodes(cluster: ClusterState, pod: PodFacts): (node: NodeFacts) => boolean {
  const against = fencesOf(cluster).filter(({ repulsion }) => repels(repulsion, pod))
  return ({ labels }) => against.some(({ repulsion, value }) => labels[repulsion.topologyKey] === value)
}

function classView(
  cluster: ClusterState,
  pod: PodFacts,
  layout: Layout,
  fences: readonly Fence[],
  nowMs: number,
): PodClassView {
  const base = viewOf(cluster.classes.read(pod.demand, layout))
  const avoided = cluster.refusals.avoided(pod.demand.key, nowMs)
  if (avoided.length === 0 && fences.length === 0) return base
  const feasible = base.feasible.slice()
  const excluded = new Map(base.excluded)
  const exclude = (at: number, code: string): void => {
    if (feasible[at] !== 1) return
    feasible[at] = 0
    excluded.set(code, (excluded.get(code) ?? 0) + 1)
  }
  for (const name of avoided) exclude(layout.ixOf.get(name) ?? -1, 'KubeletRefused')
  layout.nodeNames.forEach((name, at) => {
    const labels = cluster.nodes.get(name)?.labels ?? {}
    const isFenced = fences.some(({ repulsion, value }) => labels[repulsion.topologyKey] === value)
    if (isFenced) exclude(at, 'AntiAffinityOfRunningPod')
  })
  return { requests: base.requests, feasible, excluded }
}
