import { describe } from '../api/field-error.ts'
import type { ClusterTopologyBinding } from '../api/generated/kinds.ts'
import type { ConfigMap } from '../api/kinds/kubernetes.ts'
import { SYSTEM_NAMESPACE, TOPOLOGY_CONFIG_KEY, TOPOLOGY_CONFIG_MAP } from '../api/names.ts'
import type { KubeClient } from '../kube/client.ts'
import type { Clock } from '../kube/clock.ts'
import type { EventTarget } from '../kube/events/recorder.ts'
import type { Log } from '../kube/log.ts'
import type { Random } from '../kube/random.ts'
import { reflector } from '../kube/reflector/reflector.ts'
import type { Delta, Reflector } from '../kube/reflector/types.ts'
import { CONFIG_MAPS, TOPOLOGY_BINDINGS } from '../kube/resources.ts'
import { TopologySource } from '../topology/index.ts'
import { isNotInstalled } from './feeds.ts'
import type { ClusterState } from './state/cluster.ts'

export interface TopologyFeedOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly cluster: ClusterState
  readonly onNote: () => void
  /** What the author of the topology is told, on the object that he wrote. */
  readonly onError: (target: EventTarget, message: string) => void
}

/** Topology declarations → cluster state. */
export interface TopologyFeed {
  start(): void
  /** The declarations that there are are known. A cluster without the bindings' CRD has none. */
  readonly synced: Promise<void>
  /** What is wrong with what is written now; the last good declaration is in force. */
  errors(): readonly string[]
  stop(): Promise<void>
}

export function createTopologyFeed(options: TopologyFeedOptions): TopologyFeed {
  return new Feed(options)
}

class Feed implements TopologyFeed {
  readonly synced: Promise<void>
  readonly #options: TopologyFeedOptions
  readonly #source = new TopologySource()
  readonly #file: Reflector<ConfigMap>
  readonly #bindings: Reflector<ClusterTopologyBinding>

  constructor(options: TopologyFeedOptions) {
    const { client, clock, random, log } = options
    this.#options = options
    this.#file = reflector<ConfigMap>({
      client,
      type: CONFIG_MAPS,
      namespace: SYSTEM_NAMESPACE,
      clock,
      random,
      onDelta: (delta) => this.#takeFile(delta),
      onTrouble: (message) => log.warn(message),
    })
    let tellMissing = (): void => {}
    const missing = new Promise<void>((resolve) => {
      tellMissing = resolve
    })
    this.#bindings = reflector<ClusterTopologyBinding>({
      client,
      type: TOPOLOGY_BINDINGS,
      clock,
      random,
      onDelta: () => this.#takeBindings(),
      onTrouble: (message) => {
        log.warn(message)
        if (isNotInstalled(message)) tellMissing()
      },
    })
    this.synced = Promise.all([this.#file.synced, Promise.race([this.#bindings.synced, missing])]).then(() => undefined)
  }

  start(): void {
    this.#file.start()
    this.#bindings.start()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#file.stop(), this.#bindings.stop()])
  }

  errors(): readonly string[] {
    return this.#source.reports().flatMap(({ source, errors }) => errors.map((error) => describe(source, error)))
  }

  #takeFile({ kind, object }: Delta<ConfigMap>): void {
    if (object.metadata.name !== TOPOLOGY_CONFIG_MAP) return
    const text = kind === 'deleted' ? null : (object.data?.[TOPOLOGY_CONFIG_KEY] ?? null)
    const errors = this.#source.setFile(text)
    const [first, ...others] = errors.map((error) => describe(TOPOLOGY_CONFIG_KEY, error))
    if (first === undefined) return this.#changed()
    // One event an edit: of several under one reason only the last would be read.
    const message = `${first}${others.length === 0 ? '' : ` (and ${others.length} more)`}`
    this.#options.log.warn('the topology is refused, the last good one stays in force', { errors: [first, ...others] })
    this.#options.onError({ apiVersion: 'v1', kind: 'ConfigMap', metadata: object.metadata }, message)
  }

  #takeBindings(): void {
    this.#source.setBindings([...this.#bindings.cache.values()])
    this.#changed()
  }

  #changed(): void {
    this.#options.cluster.setDeclarations(this.#source.inForce())
    this.#options.onNote()
  }
}
