import { POD_CLIQUE, POD_GANG, POD_INDEX, SCHEDULER_NAME } from '../../api/names.ts'
import { POD_GANGS } from '../../kube/resources.ts'
import { LEVEL_KEYS, type Level } from '../scenario/scenario.ts'
import { type Adapter, typed } from './adapter.ts'

function pack(required: Level | null, preferred: Level | null): object {
  if (required === null && preferred === null) return {}
  const packConstraint = {
    ...(required === null ? {} : { required: LEVEL_KEYS[required] }),
    ...(preferred === null ? {} : { preferred: LEVEL_KEYS[preferred] }),
  }
  return { topologyConstraint: { packConstraint } }
}

/** Grove's PodGang: what Espalier reads, and KAI through Grove's operator. */
export const podGang: Adapter = {
  name: 'podgang',
  summary: 'PodGang of scheduler.grove.io/v1alpha1',
  isTried: true,
  schedulerName: SCHEDULER_NAME,
  words: { gang: true, required: 'groups', preferred: true },
  types: [POD_GANGS],
  shared: () => [],
  objectsOf(gang, { namespace }) {
    if (gang.isSingle) return []
    const podgroups = gang.groups.map(({ name, pods, required }) => ({
      name,
      minReplicas: pods.length,
      podReferences: pods.map((pod) => ({ namespace, name: pod })),
      ...pack(required, null),
    }))
    return [typed(POD_GANGS, { name: gang.name, namespace }, { podgroups, ...pack(gang.required, gang.preferred) })]
  },
  marksOf: (gang, group, index) =>
    gang.isSingle ? {} : { labels: { [POD_GANG]: gang.name, [POD_CLIQUE]: group.name, [POD_INDEX]: String(index) } },
}
