import type { PodGang } from '../../api/generated/kinds.ts'
import type { NewObject, Node, Pod } from '../../api/kinds/kubernetes.ts'
import { Questions } from '../../scheduler/gang/questions.ts'
import { isWhole } from '../../scheduler/gang/situation.ts'
import { plan } from '../../scheduler/planner/plan.ts'
import { Book } from '../../scheduler/queue/book.ts'
import { Due } from '../../scheduler/queue/due.ts'
import type { Entry } from '../../scheduler/queue/entry.ts'
import { Refused } from '../../scheduler/queue/refused.ts'
import { planRound } from '../../scheduler/queue/round.ts'
import { ClusterState } from '../../scheduler/state/cluster.ts'
import { gangFacts } from '../../scheduler/state/gang-facts.ts'
import { nodeFacts } from '../../scheduler/state/node-facts.ts'
import { podFacts } from '../../scheduler/state/pod-facts.ts'
import type { TopologyDeclaration } from '../../topology/declaration.ts'
import { asObject } from './facts.ts'

/** All that can be known of a cluster, as objects: what a scheduler that starts now would read. */
export interface Told {
  readonly nodes: Map<string, NewObject>
  readonly gangs: Map<string, { readonly object: NewObject; readonly uid: string }>
  readonly pods: Map<string, NewObject>
  /** Pod → node, bound and not seen yet. */
  readonly assumed: Map<string, string>
  declared: readonly TopologyDeclaration[]
  /** By kubelets, each at its time. */
  readonly refusals: { readonly demandKey: string; readonly node: string; readonly atMs: number }[]
  nowMs: number
}

export const nothingTold = (): Told => ({
  nodes: new Map(),
  gangs: new Map(),
  pods: new Map(),
  assumed: new Map(),
  declared: [],
  refusals: [],
  nowMs: 0,
})

/** One pod's way to a node, and the score of the plan; null: of a surplus pod. */
export type Step = readonly [pod: string, node: string, score: number | null]

/** Cluster state, queue and planner as the loop puts them together, without holds, binder and status. */
export class Desk {
  readonly cluster: ClusterState = new ClusterState(['espalier'])
  readonly #book: Book
  readonly #due: Due
  readonly #kept: { readonly questions: Questions; readonly refused: Refused }
  readonly broken: string[] = []

  constructor() {
    const { cluster } = this
    this.#book = new Book({ cluster, isSuspended: () => false, stopped: () => null, onEnd: () => undefined })
    // Who has just started has refused nobody, so here nobody yields to anybody.
    this.#due = new Due({ cluster, waitMs: () => 0, yieldsMs: 0 })
    this.#kept = { questions: new Questions(cluster), refused: new Refused(cluster) }
  }

  setNode(object: NewObject): void {
    this.cluster.setNode(nodeFacts(asObject(object, object.metadata.name ?? '') as Node))
  }

  setPod(name: string, object: NewObject): void {
    this.cluster.setPod(podFacts(asObject(object, name) as Pod))
  }

  setGang({ object, uid }: { readonly object: NewObject; readonly uid: string }): void {
    this.cluster.setGang(gangFacts(asObject(object, uid) as PodGang))
  }

  /** One turn, which ends once so many gangs were placed. */
  turn(nowMs: number, placements: number, wasWhole: (uid: string) => boolean): Step[] {
    this.#look(nowMs, wasWhole)
    const { cluster } = this
    const steps: Step[] = []
    let left = placements
    planRound(this.#due, this.#kept, {
      cluster,
      plan,
      defaultPack: 'narrowest',
      maxSteps: 20_000,
      nowMs,
      round: 0, // the minute in which everything is tried again never comes
      onPlacement: ({ entry, item, pods, seats }) => {
        left--
        for (const [i, pod] of pods.entries()) {
          const node = cluster.nodes.read().nodeNames[seats[i]!.node]!
          cluster.assume(pod.uid, node)
          steps.push([pod.name, node, item.kind === 'surplus' ? null : entry.score])
        }
        cluster.gangs.touch(entry.situation.key)
        if (item.kind === 'surplus') this.#refresh(entry.situation.key, nowMs, wasWhole)
      },
      lookAgain: () => false,
      onRefusal: () => undefined,
      onBroken: (entry, error) => void this.broken.push(`${entry.situation.key}: ${String(error)}`),
      isOver: () => left <= 0,
    })
    return steps
  }

  entry(key: string): Entry {
    return this.#book.get(key)!
  }

  /** Gangs seen whole, by uid. */
  whole(): ReadonlySet<string> {
    return new Set([...this.#book.entries()].filter(({ wasSeenWhole }) => wasSeenWhole).map(({ uid }) => uid))
  }

  /** Key → why nothing more of it is placed. A refusal is told as it was when the gang was last tried. */
  reasons(): Record<string, string> {
    const told = [...this.#book.entries()].flatMap(({ situation, waiting, refusal }) => {
      const why = waiting?.code ?? (refusal === null ? null : 'refused')
      return why === null ? [] : [[situation.key, why] as const]
    })
    return Object.fromEntries(told.sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  #look(nowMs: number, wasWhole: (uid: string) => boolean): void {
    for (const key of this.cluster.gangs.takeDirty()) {
      const entry = this.#refresh(key, nowMs, wasWhole)
      if (entry !== null) this.#due.rest(entry)
    }
  }

  #refresh(key: string, nowMs: number, wasWhole: (uid: string) => boolean): Entry | null {
    const entry = this.#book.refresh(key, nowMs)
    if (entry === null) return null
    if (wasWhole(entry.uid) || (!entry.situation.gang.isPlain && isWhole(entry.situation))) entry.wasSeenWhole = true
    entry.clearedSurplus = new Set(entry.situation.groups.flatMap(({ pending }) => pending.map(({ uid }) => uid)))
    return entry
  }
}

/** A scheduler that has just started and read all that there is. */
export function freshDesk(told: Told): Desk {
  const desk = new Desk()
  const { cluster } = desk
  cluster.setDeclarations(told.declared)
  for (const node of told.nodes.values()) desk.setNode(node)
  for (const gang of told.gangs.values()) desk.setGang(gang)
  for (const [name, pod] of told.pods) desk.setPod(name, pod)
  for (const [pod, node] of told.assumed) cluster.assume(pod, node)
  for (const { demandKey, node, atMs } of told.refusals)
    cluster.refusals.add(demandKey, { name: node, uid: node }, atMs)
  return desk
}
