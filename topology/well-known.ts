import { CLUSTER_WIDE_KEYS } from '../api/kinds/topology-file.ts'
import type { CompiledLevel } from './compiled/index-types.ts'

/** A level that a label key stands for where nobody declared one. */
export interface WellKnownLevel {
  readonly name: string
  readonly key: string
  readonly within: CompiledLevel['within']
}

const level = (name: string, key: string, within: CompiledLevel['within'] = 'parent'): WellKnownLevel => ({
  name,
  key,
  within,
})

const ZONE: readonly WellKnownLevel[] = [
  level('region', 'topology.kubernetes.io/region'),
  level('zone', 'topology.kubernetes.io/zone'),
]

/**
 * Ways in which a fabric is written on nodes, the most specific family first: topograph 1.0, topograph before 1.0,
 * then what clouds write. The first family with a label on any node is taken, the others are left alone: two families
 * describe the same switches twice. Broad to narrow inside a family; tiers of topograph count up from the leaf.
 */
export const FABRIC_FAMILIES: readonly (readonly WellKnownLevel[])[] = [
  [5, 4, 3, 2, 1].map((tier) => level(`tier-${tier}`, `fabric.topograph.run/tier-${tier}`)),
  ['datacenter', 'spine', 'block', 'leaf'].map((tier) => level(tier, `network.topology.nvidia.com/${tier}`)),
  [
    level('block', 'cloud.google.com/gce-topology-block'),
    level('subblock', 'cloud.google.com/gce-topology-subblock'),
    level('host-block', 'cloud.google.com/gce-topology-host'),
  ],
  [1, 2, 3].map((layer) => level(`network-node-${layer}`, `topology.k8s.aws/network-node-layer-${layer}`)),
  [
    level('hpc-island', 'oci.oraclecloud.com/rdma.hpc_island_id'),
    level('network-block', 'oci.oraclecloud.com/rdma.network_block_id'),
    level('local-block', 'oci.oraclecloud.com/rdma.local_block_id'),
  ],
]

/** NVLink domains, the most specific first. They may cross the switches above, so each is its own. */
export const ACCELERATOR_LEVELS: readonly WellKnownLevel[] = [
  level('nvlink', 'nvidia.com/gpu.clique', 'cluster'),
  level('nvlink', 'accelerator.topograph.run/domain', 'cluster'),
  level('nvlink', 'network.topology.nvidia.com/accelerator', 'cluster'),
]

export const HOST: WellKnownLevel = level('host', 'kubernetes.io/hostname')

/** What `within` a level has that does not say: accelerator labels name a domain wherever they occur. */
export const defaultWithin = (key: string): CompiledLevel['within'] =>
  CLUSTER_WIDE_KEYS.has(key) ? 'cluster' : 'parent'

/** Every label that may give a level where nobody declared one. */
export const WELL_KNOWN_KEYS: readonly string[] = [
  ...new Set([...ZONE, ...FABRIC_FAMILIES.flat(), ...ACCELERATOR_LEVELS, HOST].map(({ key }) => key)),
]

/**
 * The levels to use where no topology is declared: of each kind the first family that some node carries. A node whose
 * label appears late (gpu.clique waits for the fabric manager) brings its level with it.
 */
export function levelsCarried(isCarriedKey: (key: string) => boolean): readonly WellKnownLevel[] {
  const isCarried = ({ key }: WellKnownLevel): boolean => isCarriedKey(key)
  const fabric = FABRIC_FAMILIES.find((family) => family.some(isCarried)) ?? []
  const accelerator = ACCELERATOR_LEVELS.find(isCarried)
  return [...[...ZONE, ...fabric].filter(isCarried), ...(accelerator ? [accelerator] : []), ...[HOST].filter(isCarried)]
}

/** The same, looked up in the labels of the nodes. A label without a value is none. O(nodes × well-known keys). */
export function detectLevels(labels: Iterable<Readonly<Record<string, string>>>): readonly WellKnownLevel[] {
  const carried = new Set<string>()
  for (const of of labels) {
    for (const key of WELL_KNOWN_KEYS) if (!carried.has(key) && Object.hasOwn(of, key) && of[key]) carried.add(key)
  }
  return levelsCarried((key) => carried.has(key))
}
