/** What the scheduler would see of an input: its topologies over the nodes, and the GPUs that are free. */
import { describe } from '../api/field-error.ts'
import { GPU_RESOURCE, SCHEDULER_NAME } from '../api/names.ts'
import { ClusterState } from '../scheduler/state/cluster.ts'
import { nodeFacts } from '../scheduler/state/node-facts.ts'
import { podFacts } from '../scheduler/state/pod-facts.ts'
import {
  checkPatterns,
  checkTopology,
  type CompiledTopology,
  type Gpus,
  type TopologyFinding,
  TopologySource,
} from '../topology/index.ts'
import { messageOf, Refused } from './command.ts'
import type { TopologyInput } from './topology-input.ts'

export interface TopologyView {
  readonly topologies: readonly CompiledTopology[]
  readonly nodeNames: readonly string[]
  readonly gpusOf: (node: string) => Gpus
  /** Labels that hardly mean what they say, patterns that match nothing. */
  readonly findings: readonly TopologyFinding[]
  /** Declarations that are set aside, and why. */
  readonly setAside: readonly string[]
}

/** Throws where an object is not what its kind says. */
export function topologyView(input: TopologyInput): TopologyView {
  const source = new TopologySource()
  const cluster = new ClusterState([SCHEDULER_NAME])
  try {
    if (input.files[0] !== undefined) source.setFile(input.files[0].text)
    source.setBindings(input.bindings)
    cluster.setDeclarations(source.inForce())
    for (const node of input.nodes) cluster.setNode(nodeFacts(node))
    for (const pod of input.pods) cluster.setPod(podFacts(pod))
  } catch (error) {
    throw new Refused(`an object of the input is not what its kind says: ${messageOf(error)}`, 2)
  }
  const { topologies, nodeNames } = cluster.topology()
  const declared = source.inForce()
  return {
    topologies,
    nodeNames,
    gpusOf: gpusIn(cluster),
    findings: [
      ...declared.flatMap((each) => checkPatterns(each, nodeNames)),
      ...topologies.flatMap((topology) => checkTopology(topology, nodeNames)),
    ],
    setAside: source.reports().flatMap(({ source: name, errors }) => errors.map((error) => describe(name, error))),
  }
}

/** Free is what the scheduler counts as free: terminating, assumed and pinned pods use theirs. */
function gpusIn(cluster: ClusterState): (node: string) => Gpus {
  cluster.nodes.require({ [GPU_RESOURCE]: 1 })
  const { ixOf, columnOf, resources, free, allocatable } = cluster.nodes.read()
  const column = columnOf.get(GPU_RESOURCE) ?? 0
  return (node) => {
    const cell = (ixOf.get(node) ?? 0) * resources.length + column
    return { capacity: allocatable[cell] ?? 0, free: Math.max(0, free[cell] ?? 0) }
  }
}
