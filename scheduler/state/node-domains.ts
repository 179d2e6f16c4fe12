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
  /** True for rows of one generation of the node table. */
  readonly byRow: Map<number, Domains>
  generation: number
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
    return this.at(topology, this.#nodes.read().ixOf.get(node) ?? -1)
  }

  /** By the node's row in the table as it is laid out now; in none for -1. */
  at(topology: CompiledTopology | null, row: number): Domains {
    if (topology === null || row < 0) return NO_DOMAINS
    const of = this.#last?.topology === topology ? this.#last : this.#ofTopology(topology)
    const { generation } = this.#nodes.read()
    if (of.generation !== generation) of.byRow.clear()
    of.generation = generation
    this.#last = of
    let domains = of.byRow.get(row)
    if (domains === undefined) of.byRow.set(row, (domains = domainsIn(of, row)))
    return domains
  }

  #ofTopology(topology: CompiledTopology): OfTopology {
    const known = this.#known.get(topology)
    if (known !== undefined) return known
    const names = topology.levels.map(({ name }) => `${DOMAIN_PREFIX}${name}`)
    const made = { topology, names, byRow: new Map<number, Domains>(), generation: -1 }
    this.#known.set(topology, made)
    return made
  }
}

function domainsIn({ topology: { levels }, names }: OfTopology, row: number): Domains {
  const domains: Record<string, string> = {}
  for (let i = 0; i < levels.length; i++) {
    const { values, domainOf } = levels[i] as CompiledTopology['levels'][number]
    const value = values[domainOf[row] ?? -1]
    if (value !== undefined) domains[names[i] as string] = value
  }
  return domains
}
