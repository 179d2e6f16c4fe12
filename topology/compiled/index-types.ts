/**
 * The flat form of a topology that placement reads. Positions, never names, inside: a NodeIx counts the nodes of one
 * view in byte order of their names, a DomainIx the domains of one level in byte order of their paths.
 */
declare const space: unique symbol
export type NodeIx = number & { readonly [space]: 'node' }
export type DomainIx = number & { readonly [space]: 'domain' }

/** One level of one topology over the nodes of one view. */
export interface CompiledLevel {
  /** The level's name in the topology (`rack`), or the label key where no topology lists the key. */
  readonly name: string
  /** The node label whose value is the domain. */
  readonly key: string
  /** How fast nodes inside a domain reach each other, where the declaration says so. */
  readonly gigabytesPerSecond?: number
  /** `parent`: a domain is the path of labels down to here. `cluster`: one value is one domain wherever it occurs. */
  readonly within: 'parent' | 'cluster'
  /** Per NodeIx the DomainIx, or -1 where the node lacks the label. */
  readonly domainOf: Int32Array
  /** Per DomainIx its path as people write it: `z1/b2/r07`, or the bare value for a cluster-wide level. */
  readonly paths: readonly string[]
  /** Per DomainIx the last part of the path: the label's value. */
  readonly values: readonly string[]
  /** Nodes of domain d: nodes[starts[d]] .. nodes[starts[d + 1] - 1], in NodeIx order. starts has one cell extra. */
  readonly starts: Int32Array
  readonly nodes: Int32Array
}

export interface CompiledTopology {
  /** '' for the topology found from well-known labels. */
  readonly name: string
  /** Broad to narrow. */
  readonly levels: readonly CompiledLevel[]
}

/**
 * All topologies in force over one set of nodes, for the turn in hand: a change of nodes or declarations makes another,
 * and may write into the arrays of this one. A level or topology that is another object than before has changed.
 */
export interface TopologyIndex {
  readonly nodeNames: readonly string[]
  readonly topologies: readonly CompiledTopology[]
  /**
   * The topology that a gang is placed by: the one it names; else the first by name that lists one of `keys`; else
   * `default`; else the first. Null when it names one that does not exist, or when there is none at all.
   */
  topologyFor(name: string | null, keys: readonly string[]): CompiledTopology | null
  /** The level for a label key: of that topology if it lists the key, else a level of its own over the key. */
  levelFor(topology: CompiledTopology | null, key: string): CompiledLevel
}
