import type { ClusterTopologyBinding } from '../api/generated/kinds.ts'
import type { ConfigMap, KubeObject } from '../api/kinds/kubernetes.ts'
import { TOPOLOGY_CONFIG_KEY, TOPOLOGY_CONFIG_MAP } from '../api/names.ts'
import { CONFIG_MAPS, NODES, TOPOLOGY_BINDINGS } from '../kube/resources.ts'
import { TopologySource } from '../topology/source.ts'
import { levelsCarried } from '../topology/well-known.ts'
import type { KnownTopologies, KnownTopology } from './expansion/topology.ts'
import { type Key, type OperatorContext, type Watch, watch } from './reconciler.ts'
import type { Store } from './store.ts'

/**
 * Which topologies are in force, as names of levels and the label keys behind them. A file that does not parse leaves
 * the last good one in force; telling its author is the scheduler's part.
 */
export class Topologies {
  readonly #bindings: Store<ClusterTopologyBinding>
  readonly #namespace: string
  readonly #isUsed: boolean
  readonly #source = new TopologySource()
  /**
   * Label keys that some node carried: all that the detection asks. None is forgotten, so that a level stays known while
   * the nodes that carry it are away, and a gang that must lie in one of its domains waits for them.
   */
  readonly #carried = new Set<string>()
  #detected: readonly KnownTopology[] | null = null

  constructor({ view, config }: OperatorContext) {
    this.#namespace = config.systemNamespace
    this.#isUsed = config.isTopologyAware
    this.#bindings = view.observe<ClusterTopologyBinding>(TOPOLOGY_BINDINGS)
    view.observe<ConfigMap>(CONFIG_MAPS, { namespace: this.#namespace })
    view.observe<KubeObject>(NODES, { project: projectLabels })
  }

  /** By name. Where none is declared, the one that the labels of the nodes give. */
  known(): KnownTopologies {
    if (!this.#isUsed) return 'disabled'
    const declared = this.#source.inForce()
    if (declared.length > 0) return declared
    this.#detected ??= detect(this.#carried)
    return this.#detected
  }

  /** Keeps up with what is declared; looks again at `keys` whenever another answer of `known` is possible. */
  watches(keys: () => readonly Key[]): Watch[] {
    return [
      watch(TOPOLOGY_BINDINGS, (object, before, isDeleted) => {
        if (!isDeleted && before?.metadata.generation === object.metadata.generation) return []
        this.#source.setBindings([...this.#bindings.values()])
        return keys()
      }),
      watch<ConfigMap>(CONFIG_MAPS, (file, _before, isDeleted) => (this.#read(file, isDeleted) ? keys() : []), {
        namespace: this.#namespace,
      }),
      watch(NODES, (node) => (this.#learn(node) ? keys() : []), {
        afterMs: NODES_SETTLE_MS,
      }),
    ]
  }

  /** True: it is the topology file, and another one than before is in force. */
  #read({ metadata, data }: ConfigMap, isDeleted: boolean): boolean {
    if (metadata.name !== TOPOLOGY_CONFIG_MAP) return false
    const { version } = this.#source
    this.#source.setFile(isDeleted ? null : (data?.[TOPOLOGY_CONFIG_KEY] ?? null))
    return this.#source.version !== version
  }

  /** True: a label key is there that no node had. */
  #learn({ metadata }: KubeObject): boolean {
    const { labels = {} } = metadata
    const news = Object.keys(labels).filter((key) => labels[key] !== '' && !this.#carried.has(key))
    for (const key of news) this.#carried.add(key)
    if (news.length > 0) this.#detected = null
    return news.length > 0
  }
}

/** Nodes come in hundreds. */
const NODES_SETTLE_MS = 100

function detect(labelKeys: Iterable<string>): readonly KnownTopology[] {
  const keys = new Set(labelKeys)
  const levels = levelsCarried((key) => keys.has(key))
  return levels.length === 0 ? [] : [{ name: '', levels }]
}

/** A node's status changes all the time, and its version with it: neither is kept. */
const projectLabels = ({ apiVersion, kind, metadata }: KubeObject): KubeObject => ({
  apiVersion,
  kind,
  metadata: {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: '',
    creationTimestamp: metadata.creationTimestamp,
    labels: metadata.labels ?? {},
  },
})
