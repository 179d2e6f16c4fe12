import type { CompiledTopology } from '../../topology/index.ts'
import type { PlanView, PodClassView } from '../planner/request.ts'
import type { ClusterState } from './cluster.ts'
import type { Against, Fence } from './fences.ts'
import type { NodeFacts } from './node-facts.ts'
import type { Layout } from './node-table.ts'
import { viewOf } from './pod-class.ts'
import type { PodFacts } from './pod-facts.ts'

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
  const classes: PodClassView[] = []
  const byKey = new Map<string, number>()
  const byPod = new Map<string, number>()
  for (const pod of pods) {
    const against = cluster.fences.against(pod)
    const { key: demand } = pod.demand
    const key = against.signature === '' ? demand : `${demand} ${against.signature}`
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

/** Whether a running pod's anti-affinity keeps the pod off a node, whatever else does. */
export const fencedNodes = (cluster: ClusterState, pod: PodFacts): ((node: NodeFacts) => boolean) =>
  isFenced(cluster, cluster.fences.against(pod).fences)

/** Whether a node lies in a domain where a pod of some of the fences runs. */
function isFenced(cluster: ClusterState, fences: readonly Fence[]): (node: NodeFacts) => boolean {
  const shut = fences.map(({ repulsion: { topologyKey }, nodes }) => {
    const values = new Set<string>()
    for (const name of nodes.keys()) {
      const value = cluster.nodes.get(name)?.labels[topologyKey]
      if (value !== undefined) values.add(value)
    }
    return { topologyKey, values }
  })
  return ({ labels }) =>
    shut.some(({ topologyKey, values }) => {
      const value = labels[topologyKey]
      return value !== undefined && values.has(value)
    })
}

function classView(
  cluster: ClusterState,
  pod: PodFacts,
  layout: Layout,
  against: Against,
  nowMs: number,
): PodClassView {
  const base = viewOf(cluster.classes.read(pod.demand, layout))
  const avoided = cluster.refusals.avoided(pod.demand.key, nowMs)
  if (avoided.length === 0) return fencedView(cluster, base, layout, against)
  const rows = avoided.flatMap((name) => layout.ixOf.get(name) ?? [])
  return fencedView(cluster, without(base, rows, 'KubeletRefused'), layout, against)
}

/** Where a class passes, less where fences keep it out: kept, so that its counters are, until nodes or fences change. */
const fencedViews = new WeakMap<PodClassView, Map<string, PodClassView>>()
const FENCED_MAX = 64

/** `base` is another object whenever labels of nodes changed. O(nodes) where it is not known. */
function fencedView(
  cluster: ClusterState,
  base: PodClassView,
  { facts }: Layout,
  { fences, signature }: Against,
): PodClassView {
  if (fences.length === 0) return base
  const views = fencedViews.get(base) ?? new Map<string, PodClassView>()
  fencedViews.set(base, views)
  const known = views.get(signature)
  if (known !== undefined) return known
  const isShut = isFenced(cluster, fences)
  const rows = facts.flatMap((node, at) => (base.feasible[at] === 1 && isShut(node) ? [at] : []))
  const view = without(base, rows, 'AntiAffinityOfRunningPod')
  if (views.size >= FENCED_MAX) views.clear()
  views.set(signature, view)
  return view
}

function without(base: PodClassView, rows: readonly number[], code: string): PodClassView {
  const feasible = base.feasible.slice()
  const excluded = new Map(base.excluded)
  for (const at of rows) {
    if (feasible[at] !== 1) continue
    feasible[at] = 0
    excluded.set(code, (excluded.get(code) ?? 0) + 1)
  }
  return { requests: base.requests, feasible, excluded }
}
