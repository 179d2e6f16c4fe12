import type { KubeObject } from '../api/kinds/kubernetes.ts'
import type { KubeClient } from '../kube/client.ts'
import type { Clock } from '../kube/clock.ts'
import type { Random } from '../kube/random.ts'
import { reflector } from '../kube/reflector/reflector.ts'
import type { Cache, Delta, Reflector } from '../kube/reflector/types.ts'
import type { ResourceType } from '../kube/resources.ts'

export type Listener<T extends KubeObject> = (delta: Delta<T>) => void

export interface InformerOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly onTrouble?: (message: string) => void
}

interface Shared {
  readonly reflector: Reflector<KubeObject>
  readonly listeners: Listener<KubeObject>[]
}

/** One reflector a kind, however many controllers listen: what they see is one cache, told in order of subscription. */
export class Informers {
  readonly #options: InformerOptions
  readonly #shared = new Map<string, Shared>()
  #isStarted = false

  constructor(options: InformerOptions) {
    this.#options = options
  }

  /** The cache of `type`; `listener` hears of all that is there already as added, then of each change once. */
  watch<T extends KubeObject>(type: ResourceType, listener?: Listener<T>): Cache<T> {
    const shared = this.#of(type)
    const cache = shared.reflector.cache as Cache<T>
    if (listener === undefined) return cache
    shared.listeners.push(listener as unknown as Listener<KubeObject>)
    for (const object of cache.values()) listener({ kind: 'added', object, before: null })
    return cache
  }

  start(): void {
    this.#isStarted = true
    for (const { reflector } of this.#shared.values()) reflector.start()
  }

  /** Resolves when every kind has been listed once. */
  async synced(): Promise<void> {
    await Promise.all([...this.#shared.values()].map(({ reflector }) => reflector.synced))
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#shared.values()].map(({ reflector }) => reflector.stop()))
  }

  #of(type: ResourceType): Shared {
    const id = `${type.group}/${type.version}/${type.plural}`
    const known = this.#shared.get(id)
    if (known !== undefined) return known
    const listeners: Listener<KubeObject>[] = []
    const onDelta = (delta: Delta<KubeObject>): void => {
      for (const listener of listeners) listener(delta)
    }
    const made: Shared = { listeners, reflector: reflector<KubeObject>({ ...this.#options, type, onDelta }) }
    this.#shared.set(id, made)
    if (this.#isStarted) made.reflector.start()
    return made
  }
}
