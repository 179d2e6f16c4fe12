import type { ReasonCode } from '../../api/reasons.ts'
import { type Question, questionOf, type Wanted } from '../gang/request.ts'
import type { AskOptions } from '../gang/request.ts'
import type { GangSituation } from '../gang/situation.ts'
import { isCordoned, PREDICATES, passesUncordoned } from '../predicates/list.ts'
import type { PlanView } from '../planner/request.ts'
import type { ClusterState } from '../state/cluster.ts'
import type { Demand } from '../state/demand.ts'
import type { PodFacts } from '../state/pod-facts.ts'
import { fencedNodes } from '../state/view.ts'
import type { Held, Subject } from './subject.ts'

/** What is to be explained, read from the cluster as it is. For the turn in hand, like the view in it. */
export function subjectOf(
  cluster: ClusterState,
  situation: GangSituation,
  wanted: Wanted,
  options: AskOptions,
): Subject | null {
  const question = questionOf(cluster, situation, wanted, options)
  if (question === null) return null
  const pods = podPerClass(question)
  return {
    request: question.request,
    wanted: wanted.kind,
    view: question.view,
    keptOff: keptOff(cluster, pods, question, options.nowMs),
    cordoned: cordoned(cluster, pods, question),
    usedBy: heldBy(cluster, situation, question),
  }
}

/** By class one pod that is to be seated; a class that is only weighed has none. */
function podPerClass({ request, pods: seated }: Question): readonly (PodFacts | undefined)[] {
  const pods: (PodFacts | undefined)[] = []
  const classes = request.groups.flatMap(({ seats }) => seats.map(({ podClass }) => podClass))
  classes.forEach((podClass, at) => (pods[podClass] ??= seated[at]))
  return pods
}

function keptOff(
  cluster: ClusterState,
  pods: readonly (PodFacts | undefined)[],
  { view }: Question,
  nowMs: number,
): Subject['keptOff'] {
  const layout = cluster.nodes.read()
  const perClass = pods.map((pod) =>
    pod === undefined
      ? null
      : {
          verdicts: cluster.classes.read(pod.demand, layout).verdicts,
          avoided: new Set(cluster.refusals.avoided(pod.demand.key, nowMs)),
        },
  )
  return (podClass, node): ReasonCode => {
    const known = perClass[podClass]
    const code = PREDICATES[(known?.verdicts[node] ?? 0) - 1]?.code
    if (code !== undefined) return code
    return known?.avoided.has(view.nodeNames[node] ?? '') === true ? 'KubeletRefused' : 'AntiAffinityOfRunningPod'
  }
}

function cordoned(
  cluster: ClusterState,
  pods: readonly (PodFacts | undefined)[],
  { view }: Question,
): Subject['cordoned'] {
  const found: Subject['cordoned'][number][] = []
  const { ixOf } = cluster.nodes.read()
  const fenced = pods.map((pod) => (pod === undefined ? null : fencedNodes(cluster, pod)))
  for (const facts of cluster.nodes.facts()) {
    const node = isCordoned(facts) ? ixOf.get(facts.name) : undefined
    if (node === undefined) continue
    const open = pods.flatMap((pod, c) => {
      const isShut = view.classes[c]?.feasible[node] !== 1
      const wouldPass = pod !== undefined && passesUncordoned(pod.demand, facts) && fenced[c]?.(facts) === false
      return isShut && wouldPass ? [c] : []
    })
    if (open.length > 0) found.push({ node, open })
  }
  return found.sort((a, b) => a.node - b.node)
}

/** The pods of others by node, gathered once: nothing that is done often asks for such an index. */
function heldBy(cluster: ClusterState, { groups }: GangSituation, { view }: Question): Subject['usedBy'] {
  let index: ReadonlyMap<string, readonly PodFacts[]> | null = null
  const own = new Set(groups.flatMap(({ bound }) => bound.map(({ pod }) => pod.uid)))
  const amountsOf = new Map<Demand, Float64Array>()
  const amounts = ({ demand }: PodFacts): Float64Array => {
    const known = amountsOf.get(demand)
    if (known !== undefined) return known
    const made = Float64Array.from(view.resources, (name) => demand.requests[name] ?? 0)
    amountsOf.set(demand, made)
    return made
  }
  return (nodes) => {
    const all = (index ??= podsByNode(cluster, own))
    return new Map(Array.from(nodes, (n) => [n, held(all.get(view.nodeNames[n] ?? '') ?? [], amounts, view)]))
  }
}

function podsByNode(cluster: ClusterState, own: ReadonlySet<string>): ReadonlyMap<string, readonly PodFacts[]> {
  const index = new Map<string, PodFacts[]>()
  for (const pod of cluster.pods()) {
    const node = pod.isFinished || own.has(pod.uid) ? null : cluster.nodeOf(pod)
    if (node === null) continue
    const there = index.get(node)
    if (there === undefined) index.set(node, [pod])
    else there.push(pod)
  }
  return index
}

function held(pods: readonly PodFacts[], amounts: (pod: PodFacts) => Float64Array, { resources }: PlanView): Held {
  const sums = new Float64Array(resources.length)
  const each = pods.map(amounts)
  for (const pod of each) for (let r = 0; r < sums.length; r++) sums[r] = (sums[r] ?? 0) + (pod[r] ?? 0)
  return { pods: each, sums }
}
