import type { KubeObject } from '../../../api/kinds/kubernetes.ts'
import { POD_CLIQUES } from '../../../kube/resources.ts'
import { NAMESPACE } from '../facts.ts'
import { CLIQUES } from '../history.ts'
import { oneOf } from '../random.ts'
import type { World } from '../world.ts'
import type { Strike } from './strike.ts'

const on =
  (strike: (world: World, clique: KubeObject) => Promise<unknown>) =>
  async (world: World): Promise<boolean> => {
    const cliques = [...world.history.kept(CLIQUES).values()]
    if (cliques.length > 0) await strike(world, oneOf(world.random, cliques))
    return cliques.length > 0
  }

const key = ({ metadata: { name } }: KubeObject): { namespace: string; name: string } => ({
  namespace: NAMESPACE,
  name,
})

/** What somebody writes over a label. */
export const STOMPED = 'stomped'

type Kinds = 'clique-deleted' | 'label-stomped'

export const setFaults: Readonly<Record<Kinds, Strike>> = {
  /** With its pods, which the cluster's garbage collection takes away. */
  'clique-deleted': on((world, clique) => world.chaos.delete(POD_CLIQUES, key(clique))),
  'label-stomped': on((world, clique) => {
    const label = oneOf(world.random, Object.keys(clique.metadata.labels ?? {}))
    const value = world.random() < 0.5 ? null : STOMPED
    return world.chaos.mergePatch(POD_CLIQUES, key(clique), { metadata: { labels: { [label]: value } } })
  }),
}
