import type { ClusterTopologyBinding } from '../api/generated/kinds.ts'
import type { KubeObject } from '../api/kinds/kubernetes.ts'
import { NODES, TOPOLOGY_BINDINGS } from '../kube/resources.ts'
import { detectLevels } from '../topology/well-known.ts'
import type { KnownTopology } from './expansion/topology.ts'
import { type Key, type Watch, watch } from './reconciler.ts'
import type { Store } from './store.ts'
import type { View } from './view.ts'

/** Which topologies are in force, as names of levels and the label keys behind them. */
export class Topologies {
  readonly #bindings: Store<ClusterTopologyBinding>
  /** How many nodes carry a label key: which keys there are is all that the detection asks. */
  readonly #carriers = new Map<string, number>()
  #detected: readonly KnownTopology[] | null = null

  constructor(view: View) {
    this.#bindings = view.observe<ClusterTopologyBinding>(TOPOLOGY_BINDINGS)
    view.observe<KubeObject>(NODES, { project: projectLabels })
  }

  /** By name. Where none is declared, the one that the labels of the nodes give. */
  known(): readonly KnownTopology[] {
    const declared = [...this.#bindings.values()].map(({ metadata, spec }) => ({
      name: metadata.name,
      levels: spec.levels.map(({ domain, key }) => ({ name: domain, key })),
    }))
    if (declared.length > 0) return declared.sort((a, b) => (a.name < b.name ? -1 : 1))
    this.#detected ??= detect(this.#carriers.keys())
    return this.#detected
  }

  /** Looks again at `keys` whenever another answer of `known` is possible. */
  watches(keys: () => readonly Key[]): Watch[] {
    return [
      watch(TOPOLOGY_BINDINGS, (object, before, isDeleted) => {
        return isDeleted || before?.metadata.generation !== object.metadata.generation ? keys() : []
      }),
      watch(NODES, (node, before, isDeleted) => (this.#count(node, before, isDeleted) ? keys() : []), {
        afterMs: NODES_SETTLE_MS,
      }),
    ]
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
