import type { ReasonCode } from '../../api/reasons.ts'
import { type Question, questionOf, type Wanted } from '../gang/request.ts'
import type { AskOptions } from '../gang/request.ts'
import type { GangSituation } from '../gang/situation.ts'
import { asUncordoned, firstFailing, isCordoned } from '../predicates/list.ts'
import type { PlanView } from '../planner/request.ts'
import type { ClusterState } from '../state/cluster.ts'
import { PLAIN_KIND } from '../state/node-table.ts'
import type { NodeFacts } from '../state/node-facts.ts'
import type { Demand } from '../state/demand.ts'
import { codeOfVerdict } from '../state/pod-class.ts'
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
    const code = codeOfVerdict(known?.verdicts[node] ?? 0)
    if (code !== null) return code
    return known?.avoided.has(view.nodeNames[node] ?? '') === true ? 'KubeletRefused' : 'AntiAffinityOfRunningPod'
  }
}

function cordoned(
  cluster: ClusterState,
  pods: readonly (PodFacts | undefined)[],
  { view }: Question,
): Subject['cordoned'] {
  const found: Subject['cordoned'][number][] = []
  const fenced = pods.map((pod) => (pod === undefined ? null : fencedNodes(cluster, pod)))
  const layout = cluster.nodes.read()
  for (let node = 0; node < layout.facts.length; node++) {
    const facts = layout.facts[node] as NodeFacts
    if (layout.kinds[node] === PLAIN_KIND || !isCordoned(facts)) continue
    const uncordoned = asUncordoned(facts)
    const open = pods.flatMap((pod, c) => {
      const isShut = view.classes[c]?.feasible[node] !== 1
      const wouldPass = pod !== undefined && firstFailing(pod.demand, uncordoned) < 0 && fenced[c]?.(facts) === false
      return isShut && wouldPass ? [c] : []
    })
    if (open.length > 0) found.push({ node, open })
  }
  return found
}

/** The pods of others by node, gathered once: nothing that is done often asks for such an index. */
function heldBy(cluster: ClusterState, { groups }: GangSituation, { view }: Question): Subject['usedBy'] {
  let index: PodsByNode | null = null
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
    return new Map(Array.from(nodes, (n) => [n, held(podsOn(all, n).map(amounts), view)]))
  }
}

/** Lists threaded through one array, since a list a node would be 5,000 small ones. */
interface PodsByNode {
  readonly pods: readonly PodFacts[]
  /** Per NodeIx the position of its last pod, per pod that of the one before it on its node; -1: none. */
  readonly last: Int32Array
  readonly before: readonly number[]
}

function podsByNode(cluster: ClusterState, own: ReadonlySet<string>): PodsByNode {
  const { nodeNames } = cluster.nodes.read()
  const last = new Int32Array(nodeNames.length).fill(-1)
  const pods: PodFacts[] = []
  const before: number[] = []
  for (const { facts: pod, node: at, use } of cluster.knownPods()) {
    const isThere = use !== null && use.row >= 0 && at === use.name // else it is only kept for, or on its way there
    if (!isThere || (own.size > 0 && own.has(pod.uid))) continue
    before.push(last[use.row] ?? -1)
    last[use.row] = pods.push(pod) - 1
  }
  return { pods, last, before }
}

function podsOn({ pods, last, before }: PodsByNode, node: number): readonly PodFacts[] {
  const there: PodFacts[] = []
  for (let at = last[node] ?? -1; at >= 0; at = before[at] ?? -1) there.push(pods[at] as PodFacts)
  return there
}

function held(pods: readonly Float64Array[], { resources }: PlanView): Held {
  const sums = new Float64Array(resources.length)
  for (const pod of pods) for (let r = 0; r < sums.length; r++) sums[r] = (sums[r] ?? 0) + (pod[r] ?? 0)
  return { pods, sums }
}
