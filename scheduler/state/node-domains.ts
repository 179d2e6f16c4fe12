import { DOMAIN_PREFIX } from '../../api/names.ts'
import type { CompiledTopology } from '../../topology/index.ts'
import type { NodeTable } from './node-table.ts'

/** Annotation of each level → the domain there. */
export type Domains = Readonly<Record<string, string>>

const NO_DOMAINS: Domains = {}

/** In which domains nodes lie, as pods are told: one record a node, which every pod that comes to it shares. */
export class NodeDomains {
  readonly #nodes: NodeTable
  /** A topology that changes is another object. */
  readonly #known = new WeakMap<CompiledTopology, Map<string, Domains>>()
  /** Most gangs are placed by one topology. */
  #last: { readonly topology: CompiledTopology; readonly byNode: Map<string, Domains> } | null = null

  constructor(nodes: NodeTable) {
    this.#nodes = nodes
  }

  of(topology: CompiledTopology | null, node: string): Domains {
    if (topology === null) return NO_DOMAINS
    if (this.#last?.topology !== topology) {
      const byNode = this.#known.get(topology) ?? new Map<string, Domains>()
      this.#known.set(topology, byNode)
      this.#last = { topology, byNode }
    }
    const { byNode } = this.#last
    let domains = byNode.get(node)
    if (domains === undefined) byNode.set(node, (domains = this.#domainsIn(topology, node)))
    return domains
  }

  #domainsIn({ levels }: CompiledTopology, node: string): Domains {
    const at = this.#nodes.read().ixOf.get(node) ?? -1
    const domains: Record<string, string> = {}
    for (const level of levels) {
      const value = level.values[level.domainOf[at] ?? -1]
      if (value !== undefined) domains[`${DOMAIN_PREFIX}${level.name}`] = value
    }
    return domains
  }
}
