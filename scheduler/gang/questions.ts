import type { ClusterState } from '../state/cluster.ts'
import type { Demand } from '../state/demand.ts'
import { signatureOf } from '../state/fences.ts'
import type { Constraint, GangFacts } from '../state/gang-facts.ts'
import type { PodFacts } from '../state/pod-facts.ts'
import { type AskOptions, type Question, questionOf, type Wanted } from './request.ts'
import type { GangSituation } from './situation.ts'
import { looksAround } from './spread.ts'
import { tiesOf } from './ties.ts'

/** Shapes not asked for since so many others came are forgotten, all at once. */
const SHAPES_MAX = 1_000

/**
 * What the planner is asked, gang by gang. Gangs alike ask the same: when all of one's pods are still to be seated and
 * nothing but its shape bears on the plan, it gets the question that the first of its shape got, with its own pods.
 */
export class Questions {
  readonly #cluster: ClusterState
  readonly #shapes = new Map<string, Question>()
  readonly #demandIds = new WeakMap<Demand, number>()
  #demandCount = 0
  /** What the questions kept are true for. */
  #at = { generation: -1, nodeChanges: -1, topologyEpoch: -1 }

  constructor(cluster: ClusterState) {
    this.#cluster = cluster
  }

  /** Null: the gang names a topology that does not exist. */
  of(situation: GangSituation, wanted: Wanted, options: AskOptions): Question | null {
    const shape = wanted.kind === 'minimum' ? this.#shapeOf(situation) : null
    if (shape === null) return questionOf(this.#cluster, situation, wanted, options)
    this.#forgetOld()
    const known = this.#shapes.get(shape)
    if (known !== undefined) return sameFor(known, situation)
    const question = questionOf(this.#cluster, situation, wanted, options)
    if (question === null) return null
    this.#forgetOld() // asking may have laid the nodes out anew
    if (this.#shapes.size >= SHAPES_MAX) this.#shapes.clear()
    const shared = { ...question, request: { ...question.request, isShared: true as const } }
    this.#shapes.set(shape, shared)
    return shared
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
    this.#shapes.clear()
  }

  /** Equal for gangs that ask the same. Null: more than its shape decides. */
  #shapeOf({ gang, groups }: GangSituation): string | null {
    const cluster = this.#cluster
    if (looksAround(gang) || tiesOf(cluster, gang).length > 0) return null
    let shape = specOf(gang)
    for (const { group, pending, gated, suspended, bound, missing } of groups) {
      const isFresh = pending.length === missing && gated.length + suspended.length + bound.length === 0
      if (!isFresh) return null
      // The name of a pod of no gang stands in no explanation.
      const runs = this.#runsOf(pending)
      if (runs === null) return null
      shape += `${gang.isPlain ? '' : quoted(group.name)}${packOf(group.constraint)}${runs};`
    }
    return shape
  }

  /** Seats stand in the order of the pods, so their classes do too. Null: a kubelet refused some of these. */
  #runsOf(pods: readonly PodFacts[]): string | null {
    const { fences, refusals } = this.#cluster
    const signature = (pod: PodFacts): string => (fences.isEmpty ? '' : signatureOf(fences.against(pod)))
    let runs = ''
    for (let from = 0, to = 0; from < pods.length; from = to) {
      const first = pods[from] as PodFacts
      const shut = signature(first)
      if (refusals.has(first.demand.key)) return null
      for (to = from + 1; to < pods.length; to++) {
        const pod = pods[to] as PodFacts
        if (pod.demand !== first.demand || signature(pod) !== shut) break
      }
      runs += `${this.#demandId(first.demand)}x${to - from}${shut === '' ? '' : `!${shut}`},`
    }
    return runs
  }

  #demandId(demand: Demand): number {
    const known = this.#demandIds.get(demand)
    if (known !== undefined) return known
    this.#demandIds.set(demand, ++this.#demandCount)
    return this.#demandCount
  }
}

function sameFor(question: Question, { gang, groups }: GangSituation): Question {
  const [only] = groups
  const pods = groups.length === 1 && only !== undefined ? only.pending : groups.flatMap(({ pending }) => pending)
  return { ...question, request: { ...question.request, gang: `${gang.namespace}/${gang.name}` }, pods }
}

function specOf({ topologyName, constraint, constraintGroups }: GangFacts): string {
  let spec = `${quoted(topologyName)}${packOf(constraint)};`
  for (const { name, groups, constraint: own } of constraintGroups) {
    spec += `${quoted(name)}${packOf(own)}${groups.map(quoted).join('')};`
  }
  return spec
}

const packOf = ({ required, preferred }: Constraint): string => `${quoted(required)}${quoted(preferred)}`

/** With its length, so that no name can be taken for two others. */
const quoted = (name: string | null): string => (name === null ? '-' : `${name.length}'${name}`)
