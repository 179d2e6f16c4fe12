/** What people write of PodCliqueSets. */
import type { NewObject } from '../../../api/kinds/kubernetes.ts'
import { GPU, NAMESPACE, OUR_NAME } from '../facts.ts'
import type { DrawnClique, DrawnSet } from './drawn.ts'

export const FIRST_IMAGE = 'busybox:1'

/** `images`: of cliques that have had another one since. */
export function templateOf(set: DrawnSet, images: ReadonlyMap<string, string>): object {
  const { group } = set
  const clique = ({ name, replicas, minAvailable, gpus, cpus }: DrawnClique): object => {
    const requests = { ...(gpus > 0 ? { [GPU]: String(gpus) } : {}), cpu: String(cpus) }
    const image = images.get(name) ?? FIRST_IMAGE
    const containers = [{ name: 'main', image, resources: { limits: requests, requests } }]
    const podSpec = { schedulerName: OUR_NAME, containers }
    return { name, spec: { roleName: name, replicas, minAvailable, podSpec } }
  }
  const groups =
    group === null
      ? {}
      : {
          podCliqueScalingGroups: [
            {
              name: group.name,
              replicas: group.replicas,
              minAvailable: group.minAvailable,
              cliqueNames: group.cliques.map(({ name }) => name),
            },
          ],
        }
  return { ...groups, cliques: [...set.cliques, ...(group?.cliques ?? [])].map(clique) }
}

export const setObject = (set: DrawnSet): NewObject => ({
  apiVersion: 'grove.io/v1alpha1',
  kind: 'PodCliqueSet',
  metadata: { name: set.name, namespace: NAMESPACE },
  spec: { replicas: set.replicas, template: templateOf(set, new Map()) },
})
