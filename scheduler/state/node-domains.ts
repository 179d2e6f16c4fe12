import { DOMAIN_PREFIX } from '../../api/names.ts'
import type { CompiledTopology } from '../../topology/index.ts'
import type { NodeTable } from './node-table.ts'

/** Annotation of each level → the domain there. */
export type Domains = Readonly<Record<string, string>>

const NO_DOMAINS: Domains = {}

interface OfTopology {
  readonly topology: CompiledTopology
  /** Of the annotations, level by level. */
  readonly names: readonly string[]
  readonly byNode: Map<string, Domains>
}

/** In which domains nodes lie, as pods are told: one record a node, which every pod that comes to it shares. */
export class NodeDomains {
  readonly #nodes: NodeTable
  /** A topology that changes is another object. */
  readonly #known = new WeakMap<CompiledTopology, OfTopology>()
  /** Most gangs are placed by one topology. */
  #last: OfTopology | null = null

  constructor(nodes: NodeTable) {
    this.#nodes = nodes
  }

  of(topology: CompiledTopology | null, node: string): Domains {
    if (topology === null) return NO_DOMAINS
    const of = this.#last?.topology === topology ? this.#last : this.#ofTopology(topology)
    this.#last = of
    let domains = of.byNode.get(node)
    if (domains === undefined) of.byNode.set(node, (domains = this.#domainsIn(of, node)))
    return domains
  }

  #ofTopology(topology: CompiledTopology): OfTopology {
    const known = this.#known.get(topology)
    if (known !== undefined) return known
    const names = topology.levels.map(({ name }) => `${DOMAIN_PREFIX}${name}`)
    const made = { topology, names, byNode: new Map<string, Domains>() }
    this.#known.set(topology, made)
    return made
  }

  #domainsIn({ topology: { levels }, names }: OfTopology, node: string): Domains {
    const at = this.#nodes.read().ixOf.get(node) ?? -1
    const domains: Record<string, string> = {}
    for (let i = 0; i < levels.length; i++) {
      const { values, domainOf } = levels[i] as CompiledTopology['levels'][number]
      const value = values[domainOf[at] ?? -1]
      if (value !== undefined) domains[names[i] as string] = value
    }
    return domains
  }
}
