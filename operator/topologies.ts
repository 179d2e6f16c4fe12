import type { ClusterTopologyBinding } from '../api/generated/kinds.ts'
import type { ConfigMap, KubeObject } from '../api/kinds/kubernetes.ts'
import { TOPOLOGY_CONFIG_KEY, TOPOLOGY_CONFIG_MAP } from '../api/names.ts'
import { CONFIG_MAPS, NODES, TOPOLOGY_BINDINGS } from '../kube/resources.ts'
import { TopologySource } from '../topology/source.ts'
import { detectLevels } from '../topology/well-known.ts'
import type { KnownTopology } from './expansion/topology.ts'
import { type Key, type OperatorContext, type Watch, watch } from './reconciler.ts'
import type { Store } from './store.ts'

/**
 * Which topologies are in force, as names of levels and the label keys behind them. A file that does not parse leaves
 * the last good one in force; telling its author is the scheduler's part.
 */
export class Topologies {
  readonly #bindings: Store<ClusterTopologyBinding>
  readonly #namespace: string
  readonly #source = new TopologySource()
  /** How many nodes carry a label key: which keys there are is all that the detection asks. */
  readonly #carriers = new Map<string, number>()
  #detected: readonly KnownTopology[] | null = null

  constructor({ view, config }: OperatorContext) {
    this.#namespace = config.systemNamespace
    this.#bindings = view.observe<ClusterTopologyBinding>(TOPOLOGY_BINDINGS)
    view.observe<ConfigMap>(CONFIG_MAPS, { namespace: this.#namespace })
    view.observe<KubeObject>(NODES, { project: projectLabels })
  }

  /** By name. Where none is declared, the one that the labels of the nodes give. */
  known(): readonly KnownTopology[] {
    const declared = this.#source.inForce()
    if (declared.length > 0) return declared
    this.#detected ??= detect(this.#carriers.keys())
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
      watch(NODES, (node, before, isDeleted) => (this.#count(node, before, isDeleted) ? keys() : []), {
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

  /** True: a label key is there that no node had, or is there no more. */
  #count(node: KubeObject, before: KubeObject | null, isDeleted: boolean): boolean {
    const had = before === null ? [] : Object.keys(before.metadata.labels ?? {})
    const has = isDeleted ? [] : Object.keys(node.metadata.labels ?? {})
    let isNews = false
    for (const key of has) {
      const carriers = (this.#carriers.get(key) ?? 0) + 1
      this.#carriers.set(key, carriers)
      isNews ||= carriers === 1
    }
    for (const key of had) {
      const carriers = (this.#carriers.get(key) ?? 0) - 1
      if (carriers > 0) this.#carriers.set(key, carriers)
      else isNews = this.#carriers.delete(key) || isNews
    }
    if (isNews) this.#detected = null
    return isNews
  }
}

/** Nodes come in hundreds. */
const NODES_SETTLE_MS = 100

function detect(labelKeys: Iterable<string>): readonly KnownTopology[] {
  const levels = detectLevels([Object.fromEntries([...labelKeys].map((key) => [key, '']))])
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
