import type { PodGang } from '../../../api/generated/kinds.ts'
import { POD_GANGS } from '../../../kube/resources.ts'
import { between, oneOf } from '../random.ts'
import { NAMESPACE } from '../facts.ts'
import type { World } from '../world.ts'
import type { Strike } from './strike.ts'

const on =
  (strike: (world: World, gang: PodGang) => Promise<unknown>) =>
  async (world: World): Promise<boolean> => {
    const gangs = [...world.history.gangs.values()]
    if (gangs.length > 0) await strike(world, oneOf(world.random, gangs))
    return gangs.length > 0
  }

const key = ({ metadata: { name } }: PodGang): { namespace: string; name: string } => ({ namespace: NAMESPACE, name })

async function deleted(world: World, gang: PodGang, ms: readonly [number, number]): Promise<void> {
  await world.chaos.delete(POD_GANGS, key(gang))
  world.clock.after(between(world.random, ...ms), 'work', () => void world.workload.remake(gang.metadata.name))
}

type Kinds = 'gang-edited' | 'gang-deleted' | 'gang-recreated'

export const gangFaults: Readonly<Record<Kinds, Strike>> = {
  /** A minimum rises to all that is referenced, or falls. */
  'gang-edited': on((world, gang) => {
    const podgroups = gang.spec.podgroups.map((group) => ({
      ...group,
      minReplicas: between(world.random, 1, group.podReferences.length),
    }))
    return world.chaos.mergePatch(POD_GANGS, key(gang), { spec: { podgroups } })
  }),
  'gang-deleted': on((world, gang) => deleted(world, gang, [2_000, 15_000])),
  'gang-recreated': on((world, gang) => deleted(world, gang, [0, 30])),
}
