import type { KubeObject } from '../api/kinds/kubernetes.ts'
import type { KubeClient } from '../kube/client.ts'
import type { Clock, Timer } from '../kube/clock.ts'
import type { Log } from '../kube/log.ts'
import type { Random } from '../kube/random.ts'
import type { Message } from '../kube/protobuf/projection.ts'
import { reflector } from '../kube/reflector/reflector.ts'
import type { Delta, Reflector } from '../kube/reflector/types.ts'
import type { ResourceType } from '../kube/resources.ts'
import { Store } from './store.ts'

export interface ViewOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface ObserveOptions<T extends KubeObject> {
  readonly labelSelector?: string
  /** Default: all namespaces. */
  readonly namespace?: string
  /** Keeps what readers need; must keep metadata. The first observer of a kind and selector decides. */
  readonly project?: (raw: KubeObject) => T
  /** What `project` reads, for servers that have the kind in protobuf form. */
  readonly projection?: Message
}

type Listener = (object: KubeObject, before: KubeObject | null, isDeleted: boolean) => void

interface Feed {
  readonly store: Store<KubeObject>
  readonly labelSelector: string
  readonly namespace: string
  readonly listeners: Listener[]
  readonly projection: Message | null
  reflector: Reflector<KubeObject> | null
}

/**
 * A write of ours that no watch has told for so long is read from the server: it may have come and gone unseen, and if it is
 * there nobody may have looked at it yet.
 */
const UNSEEN_MS = 10_000

/** All that the operator knows of the cluster: a store a kind and selector, fed by one reflector each. */
export class View {
  readonly #options: ViewOptions
  readonly #feeds = new Map<string, Feed>()
  #unseenCheck: Timer | null = null
  #state: 'new' | 'started' | 'stopped' = 'new'

  constructor(options: ViewOptions) {
    this.#options = options
  }

  /** Only before the start. */
  observe<T extends KubeObject>(type: ResourceType, options: ObserveOptions<T> = {}): Store<T> {
    const { labelSelector = '', namespace = '' } = options
    return this.#feed(type, labelSelector, namespace, options).store as unknown as Store<T>
  }

  /** Tells every change of a kind, after the store knows it. Only before the start. */
  listen(type: ResourceType, labelSelector: string, namespace: string, listener: Listener): void {
    this.#feed(type, labelSelector, namespace).listeners.push(listener)
  }

  start(): void {
    if (this.#state !== 'new') return
    this.#state = 'started'
    for (const feed of this.#feeds.values()) feed.reflector = this.#reflectorOf(feed)
    for (const { reflector: each } of this.#feeds.values()) each?.start()
  }

  /** Resolves when every store has had its first list. A kind that the server does not know is not waited for. */
  async synced(): Promise<void> {
    await Promise.all([...this.#feeds.values()].map((feed) => this.#syncedOne(feed)))
  }

  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#unseenCheck?.cancel()
    await Promise.all([...this.#feeds.values()].map((feed) => feed.reflector?.stop() ?? Promise.resolve()))
  }

  /** The answer to a create or a patch of ours; counts from now on. */
  wrote(store: Pick<Store<KubeObject>, 'wrote'>, object: KubeObject): void {
    store.wrote(object, this.#options.clock.monotonicMs())
    this.#armUnseenCheck()
  }

  /** What the store says of an object changed by our own doing: whoever listens is told as of any other change. */
  changed(store: Pick<Store<KubeObject>, 'type'>, object: KubeObject, before: KubeObject): void {
    for (const feed of this.#feeds.values()) {
      if (feed.store === store) for (const tell of feed.listeners) tell(object, before, false)
    }
  }

  #feed(
    type: ResourceType,
    labelSelector: string,
    namespace: string,
    { project, projection }: ObserveOptions<KubeObject> = {},
  ): Feed {
    if (this.#state !== 'new') throw new Error(`${type.kind} must be observed before the start`)
    const key = `${type.group}/${type.plural}/${namespace}?${labelSelector}`
    const known = this.#feeds.get(key)
    if (known !== undefined) return known
    const store = new Store<KubeObject>(type, project ?? ((raw) => raw))
    const feed: Feed = {
      store,
      labelSelector,
      namespace,
      listeners: [],
      projection: projection ?? null,
      reflector: null,
    }
    this.#feeds.set(key, feed)
    return feed
  }

  #reflectorOf({ store, labelSelector, namespace, listeners, projection }: Feed): Reflector<KubeObject> {
    const { client, clock, random, log } = this.#options
    return reflector<KubeObject>({
      client,
      clock,
      random,
      type: store.type,
      ...(labelSelector === '' ? {} : { labelSelector }),
      ...(namespace === '' ? {} : { namespace }),
      project: store.project,
      ...(projection === null ? {} : { projection }),
      onDelta: (delta) => this.#apply(store, listeners, delta),
      onTrouble: (message) => log.warn('watch broke; trying again', { kind: store.type.kind, message }),
    })
  }

  #apply(store: Store<KubeObject>, listeners: readonly Listener[], delta: Delta<KubeObject>): void {
    store.apply(delta)
    if (!this.#hasUnseen()) {
      this.#unseenCheck?.cancel()
      this.#unseenCheck = null
    }
    for (const tell of listeners) tell(delta.object, delta.before, delta.kind === 'deleted')
  }

  /** Its watch is tried again and again, so objects come as soon as the kind is there. */
  async #syncedOne({ store: { type }, reflector: told }: Feed): Promise<void> {
    const { client, log } = this.#options
    const isCustom = type.group.includes('.') && !type.group.endsWith('.k8s.io')
    const first = isCustom ? await client.list(type, { limit: 1 }) : null
    if (first?.kind === 'failure' && first.status === 404) {
      return log.warn('this kind is not installed; going on without it', { kind: type.kind, group: type.group })
    }
    await told?.synced
  }

  #hasUnseen(): boolean {
    for (const { store } of this.#feeds.values()) if (store.hasUnseen) return true
    return false
  }

  #armUnseenCheck(): void {
    if (this.#unseenCheck !== null || this.#state !== 'started' || !this.#hasUnseen()) return
    this.#unseenCheck = this.#options.clock.after(UNSEEN_MS, 'work', () => {
      this.#unseenCheck = null
      void this.#checkUnseen().then(() => this.#armUnseenCheck())
    })
  }

  async #checkUnseen(): Promise<void> {
    for (const feed of this.#feeds.values()) {
      for (const object of feed.store.unseenSince(this.#options.clock.monotonicMs(), UNSEEN_MS)) {
        await this.#readAgain(feed, object)
      }
    }
  }

  async #readAgain({ store, listeners, reflector: told }: Feed, object: KubeObject): Promise<void> {
    const { namespace = '', name, uid } = object.metadata
    const answer = await this.#options.client.get(store.type, { namespace, name })
    const isThere = answer.kind === 'ok' ? answer.value.metadata.uid === uid : answer.status !== 404
    const isKnown = told?.cache.byUid(uid) !== undefined
    if (isThere) store.looked(uid, isKnown ? null : this.#options.clock.monotonicMs())
    else store.forget(uid)
    for (const tell of isThere && isKnown ? [] : listeners) tell(object, isThere ? null : object, !isThere)
  }
}
