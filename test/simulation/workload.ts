import type { NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Clock } from '../../kube/clock.ts'
import type { Random } from '../../kube/random.ts'
import { POD_GANGS, PODS } from '../../kube/resources.ts'
import type { DrawnGang, DrawnGroup } from './draw.ts'
import { between } from './random.ts'
import { hasController, isAlive, isFailed, isTerminating, NAMESPACE } from './facts.ts'
import { type History, isPodWrite, type Write } from './history.ts'
import { gangObject, OPERATOR_GATE, podName, podObject, type PodForm } from './objects.ts'

export interface WorkloadOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly history: History
  readonly gangs: readonly DrawnGang[]
  readonly onError: (text: string) => void
}

interface Seat {
  readonly gang: DrawnGang
  readonly group: DrawnGroup
  readonly at: number
}

/** People and their controllers: gangs come and go, pods of owned gangs are made again. Never faulty themselves. */
export class Workload {
  /** Form of pods still to be made, by name: what faults of other actors ask for. */
  readonly forms: Map<string, PodForm> = new Map()
  readonly #options: WorkloadOptions
  readonly #seats = new Map<string, Seat>()
  /** Gangs that are there. */
  readonly present: Set<string> = new Set()

  constructor(options: WorkloadOptions) {
    this.#options = options
    for (const gang of options.gangs) this.#seat(gang)
    options.history.listen((write) => this.#look(write))
  }

  #seat(gang: DrawnGang): void {
    for (const group of gang.groups) {
      for (let at = 0; at < group.pods; at++) this.#seats.set(podName(gang, group, at), { gang, group, at })
    }
  }

  /** One that was not drawn comes now. */
  add(gang: DrawnGang): Promise<void> {
    this.#seat(gang)
    return this.#arrive(gang)
  }

  start(): void {
    const { clock, gangs } = this.#options
    for (const gang of gangs) {
      clock.after(gang.arriveMs, 'work', () => void this.#arrive(gang))
      if (gang.departMs !== null) clock.after(gang.departMs, 'work', () => void this.depart(gang))
    }
  }

  async #arrive(gang: DrawnGang): Promise<void> {
    this.present.add(gang.name)
    if (!gang.podsFirst) await this.#makeGang(gang)
    for (const [name, seat] of this.#seats) if (seat.gang === gang) await this.#makePod(name)
    if (gang.podsFirst) await this.#makeGang(gang)
  }

  async #makeGang(gang: DrawnGang): Promise<void> {
    if (!gang.isPlain) await this.#create(gangObject(gang))
  }

  async #makePod(name: string): Promise<void> {
    const seat = this.#seats.get(name)
    if (seat === undefined || !this.present.has(seat.gang.name)) return
    const { gang, group, at } = seat
    const isGated = gang.gatedMs !== null
    const form = this.forms.get(name) ?? {}
    this.forms.delete(name)
    const gates = form.nodeName === undefined ? [...(form.gates ?? []), ...(isGated ? [OPERATOR_GATE] : [])] : []
    const isMade = await this.#create(podObject(gang, group, at, { ...form, ...(gates.length > 0 ? { gates } : {}) }))
    const { clock, random } = this.#options
    if (!isMade) {
      this.forms.set(name, form)
      clock.after(between(random, 500, 3_000), 'work', () => void this.#makePod(name))
      return
    }
    const lift = (): void => void this.#lift(name)
    if (gates.length > 0) clock.after((gang.gatedMs ?? 3_000) + between(random, 0, 300), 'work', lift)
  }

  async #lift(name: string): Promise<void> {
    await this.#options.client.mergePatch(PODS, { namespace: NAMESPACE, name }, { spec: { schedulingGates: [] } })
  }

  /** False: a quota is full. */
  async #create(object: NewObject): Promise<boolean> {
    const answer = await this.#options.client.create(object.kind === 'Pod' ? PODS : POD_GANGS, object)
    if (answer.kind === 'failure' && answer.status === 403) return false
    if (answer.kind === 'failure' && answer.reason !== 'AlreadyExists') {
      this.#options.onError(`the workload could not make ${object.metadata.name}: ${answer.message}`)
    }
    return true
  }

  /** The gang and its pods are deleted, and not made again. */
  async depart(gang: DrawnGang): Promise<void> {
    const { client } = this.#options
    this.present.delete(gang.name)
    if (!gang.isPlain) await client.delete(POD_GANGS, { namespace: NAMESPACE, name: gang.name })
    for (const [name, seat] of this.#seats) {
      if (seat.gang === gang) await client.delete(PODS, { namespace: NAMESPACE, name })
    }
  }

  /** Makes the PodGang again: somebody had taken it away. */
  remake(name: string): Promise<void> {
    const gang = this.#options.gangs.find((each) => each.name === name)
    return gang === undefined || !this.present.has(name) ? Promise.resolve() : this.#makeGang(gang)
  }

  /** What a controller does: failed pods are replaced, and pods that went are made again under their name. */
  #look(write: Write): void {
    if (!isPodWrite(write)) return
    const { clock, random, history } = this.#options
    const pod = (write.after ?? write.before) as Pod
    if (!hasController(pod)) return
    const { name, uid } = pod.metadata
    if (!this.#seats.has(name)) return // another controller's
    const soon = between(random, 100, 1_500)
    if (write.after === null) clock.after(soon, 'work', () => void this.#makePod(name))
    else if (isFailed(pod) && !isTerminating(pod)) {
      clock.after(soon, 'work', () => {
        const now = history.pods.get(uid)
        if (now === undefined || isAlive(now) || isTerminating(now)) return
        void this.#options.client.delete(PODS, { namespace: NAMESPACE, name }, { uid })
      })
    }
  }
}
