import { type Reason, reasonOf } from '../../api/reasons.ts'
import type { Question } from '../gang/request.ts'
import type { PlanRequest, PodClassView, Verdict } from '../planner/request.ts'
import type { ClusterState } from '../state/cluster.ts'

type Unplaceable = Extract<Verdict, { kind: 'unplaceable' }>

/** A proof that there is no place, and what is told of it. */
export interface Proof {
  readonly kind: 'refused'
  readonly verdict: Unplaceable
  readonly reason: Reason
}

/**
 * What was refused, by what was asked: of many gangs alike that do not fit, one is planned and explained.
 * Good only while nothing at all has changed in the cluster since, so an answer is the one that planning would give.
 */
export class Refused {
  readonly #cluster: ClusterState
  /** By shape, or by the groups that gangs of one shape share. */
  readonly #proofs = new Map<string | PlanRequest['groups'], Proof>()
  readonly #classes = new WeakMap<PodClassView, number>()
  #classCount = 0
  #since = -1

  constructor(cluster: ClusterState) {
    this.#cluster = cluster
  }

  find(question: Question): Proof | null {
    if (this.#proofs.size === 0 || this.#since !== this.#now()) return null
    const key = this.#keyOf(question)
    return key === null ? null : (this.#proofs.get(key) ?? null)
  }

  add(question: Question, verdict: Unplaceable): Proof {
    const now = this.#now()
    if (this.#since !== now) this.#proofs.clear()
    this.#since = now
    const proof = { kind: 'refused', verdict, reason: reasonOf(verdict.reason, verdict.facts) } as const
    const key = this.#keyOf(question)
    if (key !== null) this.#proofs.set(key, proof)
    return proof
  }

  #keyOf(question: Question): string | PlanRequest['groups'] | null {
    return question.request.isShared === true ? question.request.groups : this.#key(question)
  }

  /** All of them only grow, so none did where their sum is the same. */
  #now(): number {
    const { nodes, topologyEpoch, nodeChanges } = this.#cluster
    const { generation } = nodes.read() // first: it notes the rows that changed
    return nodes.rows.epoch + generation + topologyEpoch + nodeChanges.epoch
  }

  /** Null: it depends on more than the shape of the gang. */
  #key({ request, view }: Question): string | null {
    const { scopes, groups } = request
    if (scopes.some(({ spreads, pins }) => spreads.length > 0 || pins.length > 0)) return null
    if (groups.some(({ bound, later }) => bound.length > 0 || later.length > 0)) return null
    const shape = groups.map(({ scope, seats }) => {
      const counts = new Map<number, number>()
      for (const { podClass } of seats) counts.set(podClass, (counts.get(podClass) ?? 0) + 1)
      return [scope, [...counts].map(([c, count]) => [this.#classId(view.classes[c]), count])]
    })
    const rules = scopes.map(({ name, parent, required, preferred }) => [name, parent, required?.key, preferred?.key])
    return JSON.stringify([view.topology?.name, rules, shape])
  }

  #classId(view: PodClassView | undefined): number {
    if (view === undefined) return -1
    const known = this.#classes.get(view)
    if (known !== undefined) return known
    this.#classes.set(view, ++this.#classCount)
    return this.#classCount
  }
}
