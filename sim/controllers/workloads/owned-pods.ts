import type { KubeObject, NewObject, Pod } from '../../../api/kinds/kubernetes.ts'
import type { Delta } from '../../../kube/reflector/types.ts'
import { PODS } from '../../../kube/resources.ts'
import { valueOrThrow } from '../../../kube/answers.ts'
import type { ControllerContext } from '../controller.ts'
import { byName, controllerOf, isTerminating } from './pod-state.ts'

/** After so long a pod that the server refused is tried again, or once its owner's spec has changed. */
const REFUSED_MS = 30_000

interface Refusal {
  readonly untilMs: number
  readonly generation: number
  readonly message: string
}

/** A write that its watch has not shown after so long is no longer waited for. */
const EXPECTED_MS = 30_000

/**
 * The pods of one kind's objects by their controller's uid, and what has been written about them that the cache does
 * not show yet: who acts on a count must not act twice because its watch is late.
 */
export class OwnedPods {
  readonly #context: ControllerContext
  readonly #kind: string
  readonly #onChange: (ownerKey: string) => void
  readonly #pods = new Map<string, Map<string, Pod>>()
  /** By owner uid: names of pods to come, uids of pods to go, and until when they are waited for. */
  readonly #expected = new Map<string, Map<string, number>>()
  /** By owner uid. */
  readonly #refused = new Map<string, Refusal>()

  constructor(context: ControllerContext, kind: string, onChange: (ownerKey: string) => void) {
    this.#context = context
    this.#kind = kind
    this.#onChange = onChange
    context.informers.watch<Pod>(PODS, (delta) => this.#take(delta))
  }

  /** In byte order of names; terminating and finished ones too. */
  of({ metadata }: KubeObject): readonly Pod[] {
    return [...(this.#pods.get(metadata.uid)?.values() ?? [])].sort(byName)
  }

  /** Everything written for this owner has been seen; else how long it is waited for. */
  unseenMs({ metadata }: KubeObject): number | null {
    const expected = this.#expected.get(metadata.uid)
    if (expected === undefined) return null
    const nowMs = this.#context.clock.monotonicMs()
    for (const [what, untilMs] of expected) if (untilMs <= nowMs) expected.delete(what)
    if (expected.size > 0) return Math.max(...expected.values()) - nowMs
    this.#expected.delete(metadata.uid)
    return null
  }

  /** Why the server would not have a pod of this owner a while ago, and how long it is not asked again; else null. */
  refusal({ metadata }: KubeObject): { readonly message: string; readonly againMs: number } | null {
    const found = this.#refused.get(metadata.uid)
    const againMs = (found?.untilMs ?? 0) - this.#context.clock.monotonicMs()
    if (found !== undefined && againMs > 0 && found.generation === metadata.generation) {
      return { message: found.message, againMs }
    }
    this.#refused.delete(metadata.uid)
    return null
  }

  /** False: the server will not have it; `refusal` says why. What may be tried again at once throws. */
  async create(owner: KubeObject, pod: NewObject): Promise<boolean> {
    const { name = '', generateName = '' } = pod.metadata
    const { uid, generation = 1 } = owner.metadata
    this.#expect(uid, name)
    const answer = await this.#context.client.create(PODS, pod)
    if (answer.kind === 'ok') return true
    this.#seen(uid, name)
    if (answer.retryable || answer.outcome === 'unknown') valueOrThrow(answer)
    // The name is another at each try; the sentence must not be.
    const message = answer.message.replaceAll(name, generateName)
    const nowMs = this.#context.clock.monotonicMs()
    for (const [owner, { untilMs }] of this.#refused) if (untilMs <= nowMs) this.#refused.delete(owner)
    this.#refused.set(uid, { untilMs: nowMs + REFUSED_MS, generation, message })
    return false
  }

  async delete(owner: KubeObject, { metadata: { namespace = '', name, uid } }: Pod): Promise<void> {
    this.#expect(owner.metadata.uid, uid)
    const answer = await this.#context.client.delete(PODS, { namespace, name }, { uid })
    if (answer.kind === 'ok') return
    this.#seen(owner.metadata.uid, uid)
    if (answer.status !== 404 && answer.status !== 409) valueOrThrow(answer)
  }

  #take({ kind, object, before }: Delta<Pod>): void {
    const owner = controllerOf(object)
    const previous = before === null ? undefined : controllerOf(before)
    if (previous !== undefined && previous.uid !== owner?.uid) this.#drop(previous.uid, object.metadata.uid)
    if (owner === undefined || owner.kind !== this.#kind) return
    const { uid, name, namespace = '' } = object.metadata
    if (kind === 'deleted') this.#drop(owner.uid, uid)
    else {
      const pods = this.#pods.get(owner.uid) ?? new Map<string, Pod>()
      this.#pods.set(owner.uid, pods.set(uid, object))
    }
    this.#seen(owner.uid, name)
    if (kind === 'deleted' || isTerminating(object)) this.#seen(owner.uid, uid)
    this.#onChange(`${namespace}/${owner.name}`)
  }

  #drop(owner: string, pod: string): void {
    const pods = this.#pods.get(owner)
    pods?.delete(pod)
    if (pods?.size === 0) this.#pods.delete(owner)
  }

  #expect(owner: string, what: string): void {
    const expected = this.#expected.get(owner) ?? new Map<string, number>()
    this.#expected.set(owner, expected.set(what, this.#context.clock.monotonicMs() + EXPECTED_MS))
  }

  #seen(owner: string, what: string): void {
    const expected = this.#expected.get(owner)
    if (expected?.delete(what) === true && expected.size === 0) this.#expected.delete(owner)
  }
}
