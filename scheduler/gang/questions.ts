import type { ClusterState } from '../state/cluster.ts'
import type { Demand } from '../state/demand.ts'
import type { GangShape } from '../state/gang-facts.ts'
import type { PodFacts } from '../state/pod-facts.ts'
import { type AskOptions, type Question, questionOf, type Wanted } from './request.ts'
import type { GangSituation, GroupSituation } from './situation.ts'
import { tiesOf } from './ties.ts'

/** Questions not asked since so many others came are forgotten, all at once. */
const QUESTIONS_MAX = 1_000

/** Pods that ask for the same and are kept out of the same, one after another. */
interface Run {
  readonly demand: Demand
  /** Signature of the fences against them. */
  readonly shut: string
  readonly count: number
}

interface Kept {
  readonly question: Question
  /** Per group of the gang. */
  readonly runs: readonly (readonly Run[])[]
}

/**
 * What the planner is asked, gang by gang. Gangs alike ask the same: when all of one's pods are still to be seated and
 * nothing but its shape bears on the plan, it gets the question that the first of its shape got, with its own pods.
 */
export class Questions {
  readonly #cluster: ClusterState
  /** By shape, then by what the first pod asks for. */
  readonly #kept = new Map<GangShape, Map<Demand, Kept[]>>()
  #count = 0
  /** What the questions kept are true for. */
  #at = { generation: -1, nodeChanges: -1, topologyEpoch: -1 }

  constructor(cluster: ClusterState) {
    this.#cluster = cluster
  }

  /** Null: the gang names a topology that does not exist. */
  of(situation: GangSituation, wanted: Wanted, options: AskOptions): Question | null {
    const first = wanted.kind === 'minimum' && this.#isByShape(situation) ? firstOf(situation) : undefined
    if (first === undefined) return questionOf(this.#cluster, situation, wanted, options)
    this.#forgetOld()
    const known = this.#find(situation, first.demand)
    if (known !== null) return sameFor(known, situation)
    const question = questionOf(this.#cluster, situation, wanted, options)
    if (question === null) return null
    this.#forgetOld() // asking may have laid the nodes out anew
    const { request, view, pods } = question
    const shared: Question = { request: { ...request, isShared: true }, view, pods }
    this.#keep(situation, first.demand, shared)
    return shared
  }

  /** Its pods are all still to be seated, and no other gang and no kubelet has a say. */
  #isByShape({ gang, groups }: GangSituation): boolean {
    const cluster = this.#cluster
    if (!groups.every(isFresh) || gang.shape.isLookingAround || tiesOf(cluster, gang).length > 0) return false
    const { refusals } = cluster
    return refusals.isEmpty || !groups.some(({ pending }) => pending.some(({ demand }) => refusals.has(demand.key)))
  }

  #find({ gang, groups }: GangSituation, first: Demand): Question | null {
    const alike = this.#kept.get(gang.shape)?.get(first)
    if (alike === undefined) return null
    for (const { runs, question } of alike) if (this.#areIn(runs, groups)) return question
    return null
  }

  #areIn(runs: Kept['runs'], groups: readonly GroupSituation[]): boolean {
    for (let g = 0; g < groups.length; g++) if (!this.#isIn(runs[g]!, groups[g]!)) return false
    return true
  }

  #keep({ gang, groups }: GangSituation, first: Demand, question: Question): void {
    if (this.#count++ >= QUESTIONS_MAX) this.#clear()
    const ofShape = this.#kept.get(gang.shape) ?? new Map<Demand, Kept[]>()
    this.#kept.set(gang.shape, ofShape)
    const alike = ofShape.get(first) ?? []
    alike.push({ question, runs: groups.map(({ pending }) => this.#runsOf(pending)) })
    ofShape.set(first, alike)
  }

  #clear(): void {
    this.#kept.clear()
    this.#count = 0
  }

  #forgetOld(): void {
    const { nodes, nodeChanges, topologyEpoch } = this.#cluster
    const { generation } = nodes.read()
    const isSame =
      this.#at.generation === generation &&
      this.#at.nodeChanges === nodeChanges.epoch &&
      this.#at.topologyEpoch === topologyEpoch
    if (isSame) return
    this.#at = { generation, nodeChanges: nodeChanges.epoch, topologyEpoch }
    this.#clear()
  }

  #shut(pod: PodFacts): string {
    return this.#cluster.fences.against(pod).signature
  }

  /** Seats stand in the order of the pods, so their classes do too. */
  #runsOf(pods: readonly PodFacts[]): Run[] {
    const runs: Run[] = []
    for (const pod of pods) {
      const shut = this.#shut(pod)
      const last = runs.at(-1)
      if (last?.demand === pod.demand && last.shut === shut) runs[runs.length - 1] = { ...last, count: last.count + 1 }
      else runs.push({ demand: pod.demand, shut, count: 1 })
    }
    return runs
  }

  /** The pods to be seated are these runs. */
  #isIn(runs: readonly Run[], { pending, demand: common }: GroupSituation): boolean {
    const [only] = runs
    if (only !== undefined && runs.length === 1 && common !== null && this.#cluster.fences.isEmpty) {
      return only.demand === common && only.count === pending.length && only.shut === ''
    }
    let at = 0
    for (const { demand, shut, count } of runs) {
      const end = at + count
      if (end > pending.length) return false
      for (; at < end; at++) {
        const pod = pending[at] as PodFacts
        if (pod.demand !== demand || this.#shut(pod) !== shut) return false
      }
    }
    return at === pending.length
  }
}

const isFresh = ({ pending, gated, suspended, bound, missing }: GroupSituation): boolean =>
  pending.length === missing && gated.length + suspended.length + bound.length === 0

const firstOf = ({ groups }: GangSituation): PodFacts | undefined =>
  groups.find(({ pending }) => pending.length > 0)?.pending[0]

function sameFor({ request, view }: Question, { groups }: GangSituation): Question {
  const [only] = groups
  if (groups.length === 1 && only !== undefined) return { request, view, pods: only.pending }
  const pods: PodFacts[] = []
  for (const { pending } of groups) for (const pod of pending) pods.push(pod)
  return { request, view, pods }
}
