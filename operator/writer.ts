import type { KubeObject, NewObject } from '../api/kinds/kubernetes.ts'
import { KubeError } from '../kube/answers.ts'
import type { Answer, KubeClient } from '../kube/client.ts'
import { type Clock, timestamp } from '../kube/clock.ts'
import { patchBetween } from './changes.ts'
import { canonicalJson } from './expansion/hash.ts'
import type { Store } from './store.ts'
import type { View } from './view.ts'

/** What came of a create. `taken`: an object of that name is there and is not its owner's. */
export type Created<T> = Readonly<
  { kind: 'created'; object: T } | { kind: 'found'; object: T } | { kind: 'taken'; by: KubeObject }
>

/** Patches that the server keeps answering with the same object are remembered up to so many. */
const FUTILE_MAX = 10_000

/**
 * Writes, each put into the store that it concerns as soon as it is answered. What the server refuses or leaves
 * unanswered is thrown as KubeError for the queue to try again: every write here may be sent twice, since creates are
 * named and patches and deletes carry the uid.
 */
export class Writer {
  readonly #client: KubeClient
  readonly #clock: Clock
  readonly #view: View
  readonly #futile = new Map<string, string>()

  constructor({ client, clock, view }: { client: KubeClient; clock: Clock; view: View }) {
    this.#client = client
    this.#clock = clock
    this.#view = view
  }

  async create<T extends KubeObject>(store: Store<T>, object: NewObject): Promise<Created<T>> {
    const answer = await this.#client.create<T>(store.type, object)
    if (answer.kind === 'ok') return { kind: 'created', object: this.#wrote(store, answer.value) }
    if (answer.reason !== 'AlreadyExists') throw new KubeError(answer)
    const { namespace = '', name = '' } = object.metadata
    const found = await this.#client.get<T>(store.type, { namespace, name })
    if (found.kind === 'failure') throw new KubeError(found)
    const owner = object.metadata.ownerReferences?.[0]?.uid
    const isOurs = controllerOf(found.value) === owner && found.value.metadata.deletionTimestamp === undefined
    return isOurs ? { kind: 'found', object: this.#wrote(store, found.value) } : { kind: 'taken', by: found.value }
  }

  /** Brings `observed` to `desired`. False: nothing differed, or the server does not keep what differs. */
  async update<T extends KubeObject>(store: Store<T>, desired: NewObject, observed: T): Promise<boolean> {
    const patch = patchBetween(desired, observed)
    if (patch === null) return false
    const { uid } = observed.metadata
    const text = canonicalJson(patch)
    if (this.#futile.get(uid) === text) return false
    const answer = await this.patch(store, observed, patch)
    const rest = patchBetween(desired, answer)
    if (rest === null || canonicalJson(rest) !== text) this.#futile.delete(uid)
    else this.#remember(uid, text)
    return true
  }

  /** A merge patch that holds only for this very object. */
  async patch<T extends KubeObject>(
    store: Store<T>,
    observed: T,
    patch: Readonly<Record<string, unknown>>,
    options: { readonly subresource?: 'status'; readonly resourceVersion?: string } = {},
  ): Promise<T> {
    const { namespace = '', name, uid } = observed.metadata
    const { resourceVersion, ...write } = options
    const condition = { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) }
    const metadata = { ...(patch['metadata'] as object | undefined), ...condition }
    const answer = await this.#client.mergePatch<T>(store.type, { namespace, name }, { ...patch, metadata }, write)
    if (answer.kind === 'ok') return this.#wrote(store, answer.value)
    this.#seeGone(store, uid, answer)
    throw new KubeError(answer)
  }

  /**
   * Deletes this very object; one that is gone already is fine. True: it was this call that deleted it. `as-seen`: one that
   * changed since it was seen is read first, for kinds that take their time to go: whoever did not see that it is going
   * already would ask for it twice.
   */
  async delete<T extends KubeObject>(store: Store<T>, observed: T, which?: 'as-seen'): Promise<boolean> {
    const { uid } = observed.metadata
    const takeBack = store.deleting(uid, timestamp(this.#clock.nowMs()))
    const answer = await this.#sendDelete(store, observed, which)
    if (answer === 'going') return false
    if (answer.kind === 'ok') return true
    // A conflict may be another object under the name, or somebody between who says so for reasons of his own.
    const mayBeDone = answer.reason === 'Conflict' || answer.outcome === 'unknown'
    const found = answer.status === 404 ? 'gone' : mayBeDone ? await this.#look(store, observed) : 'there'
    if (found === 'gone') store.forget(uid)
    if (found !== 'there') return answer.outcome === 'unknown'
    const back = takeBack()
    if (back !== null) this.#view.changed(store as unknown as Store<KubeObject>, back.object, back.before)
    throw new KubeError(answer)
  }

  async #sendDelete<T extends KubeObject>(store: Store<T>, observed: T, which: 'as-seen' | undefined) {
    const { namespace = '', name, uid, resourceVersion } = observed.metadata
    const send = (condition: { readonly resourceVersion?: string }) =>
      this.#client.delete(store.type, { namespace, name }, { uid, ...condition, propagationPolicy: 'Background' })
    if (which === undefined) return send({})
    const answer = await send({ resourceVersion })
    if (answer.kind === 'ok' || answer.reason !== 'Conflict') return answer
    // Gone, and maybe replaced under its name: the condition on the uid has the server say so.
    return (await this.#look(store, observed)) === 'going' ? 'going' : send({})
  }

  /** What became of it after a delete whose answer does not say; what cannot be found out is there. */
  async #look<T extends KubeObject>(store: Store<T>, { metadata }: T): Promise<'gone' | 'going' | 'there'> {
    const { namespace = '', name, uid } = metadata
    const answer = await this.#client.get<T>(store.type, { namespace, name })
    if (answer.kind === 'failure') return answer.status === 404 ? 'gone' : 'there'
    if (answer.value.metadata.uid !== uid) return 'gone'
    return answer.value.metadata.deletionTimestamp === undefined ? 'there' : 'going'
  }

  #wrote<T extends KubeObject>(store: Store<T>, object: T): T {
    this.#view.wrote(store as unknown as Store<KubeObject>, object)
    return object
  }

  #seeGone<T extends KubeObject>(store: Store<T>, uid: string, answer: Answer<T>): void {
    if (answer.kind === 'failure' && answer.status === 404) store.forget(uid)
  }

  #remember(uid: string, text: string): void {
    if (this.#futile.size >= FUTILE_MAX) this.#futile.delete(this.#futile.keys().next().value ?? '')
    this.#futile.set(uid, text)
  }
}

/** The uid of an object's controller, or undefined. */
export const controllerOf = (object: KubeObject): string | undefined =>
  object.metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid
