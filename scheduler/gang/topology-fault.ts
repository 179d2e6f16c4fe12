import { type Reason, reason } from '../../api/reasons.ts'
import type { CompiledTopology } from '../../topology/index.ts'
import type { ClusterState } from '../state/cluster.ts'
import type { Constraint, GangFacts, GangShape } from '../state/gang-facts.ts'

/** What is wrong with a gang's constraints in the topology that is in force: the gang is not placed until one changes. */
export function topologyFault(cluster: ClusterState, gang: GangFacts): Reason | null {
  if (gang.topologyName === null && gang.shape.requiringCount < 2) return null
  const topology = cluster.topologyOf(gang)
  if (topology === null) {
    return gang.topologyName === null ? null : reason('TopologyUnknown', { topology: gang.topologyName })
  }
  const known = faults.get(topology)?.get(gang.shape)
  if (known !== undefined) return known
  const found = faultIn(topology, gang)
  const ofTopology = faults.get(topology) ?? new WeakMap<GangShape, Reason | null>()
  faults.set(topology, ofTopology.set(gang.shape, found))
  return found
}

/** It is the same for gangs alike, for as long as the topology is the same object. */
const faults = new WeakMap<CompiledTopology, WeakMap<GangShape, Reason | null>>()

function faultIn(topology: CompiledTopology, gang: GangFacts): Reason | null {
  for (const scope of requiringScopes(gang)) {
    const why = tooBroad(topology, scope)
    if (why !== null) return why
  }
  return null
}

interface Requiring {
  readonly name: string
  readonly required: string
  /** The nearest scope around it that requires a level too. */
  readonly around: { readonly name: string; readonly required: string } | null
}

/** The scopes with a required key, each with what is required around it. */
function requiringScopes(gang: GangFacts): Requiring[] {
  const of = (name: string, { required }: Constraint, around: Requiring | null): Requiring | null =>
    required === null ? null : { name, required, around }
  const root = of('gang', gang.constraint, null)
  const configs = gang.constraintGroups.map((each) => ({ each, scope: of(each.name, each.constraint, root) }))
  const groups = gang.groups.map(({ name, constraint }) => {
    const config = configs.find(({ each }) => each.groups.includes(name))
    return of(name, constraint, config?.scope ?? root)
  })
  return [root, ...configs.map(({ scope }) => scope), ...groups].filter((scope) => scope !== null)
}

/**
 * A child's level that stands above its parent's says nothing and was meant otherwise. A parent level that goes over the
 * whole cluster (an NVLink domain over two racks) may cross what stands above it: there the child does say something.
 */
function tooBroad({ levels }: CompiledTopology, { name, required, around }: Requiring): Reason | null {
  if (around === null) return null
  const [own, outer] = [required, around.required].map((key) => levels.findIndex((level) => level.key === key))
  const [level, parentLevel] = [levels[own ?? -1], levels[outer ?? -1]]
  if (level === undefined || parentLevel === undefined || own === undefined || outer === undefined) return null
  if (own >= outer || parentLevel.within === 'cluster') return null
  return reason('RequiredTooBroad', {
    scope: name,
    level: level.name,
    parent: around.name,
    around: parentLevel.name,
  })
}
