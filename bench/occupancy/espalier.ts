import { seededRandom } from '../../kube/random.ts'
import type { NodeFacts } from '../../scheduler/state/node-facts.ts'
import { type Arrivals, arrivalsOf, declarationOf } from '../planner/objects.ts'
import type { Scenario } from '../planner/scenario.ts'
import { VirtualScheduler } from '../planner/virtual-scheduler.ts'
import type { Rival } from './rivals.ts'
import { BLOCK, DOMAIN, levelOf, type StreamGang } from './stream.ts'

/** How gangs state their packs: preferred NVLink domain, or required domain or block. */
export type Packs = 'preferred' | 'required'

/** Gang and pods as they come to the scheduler's state. */
export function objectsOf(gang: StreamGang, packs: Packs): Arrivals {
  const { name, pods, gpusAPod } = gang
  const pack = packs === 'required' ? { required: levelOf(gang) } : { preferred: DOMAIN }
  const group = { name: 'a', pods, gpus: gpusAPod, cpu: gpusAPod }
  const scenario = { id: name, cluster: [1, 1, 1], gangs: 1, groups: [group], ...pack, peer: null, reachMs: 0 }
  return arrivalsOf(scenario as unknown as Scenario, name, 1, seededRandom(1))
}

export class Espalier extends VirtualScheduler<StreamGang> implements Rival<StreamGang> {
  readonly name = 'espalier'

  constructor(nodes: readonly NodeFacts[], packs: Packs) {
    super(nodes, declarationOf([BLOCK, DOMAIN, 'host']), (gang) => objectsOf(gang, packs))
  }
}
