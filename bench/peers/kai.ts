import { LEVEL_KEYS, type Level, LEVELS } from '../scenario/scenario.ts'
import { type Adapter, podCount, type, typed } from './adapter.ts'

const POD_GROUPS = type('scheduling.run.ai', 'v2alpha2', 'podgroups', 'PodGroup')
const QUEUES = type('scheduling.run.ai', 'v2', 'queues', 'Queue', false)
const TOPOLOGIES = type('kai.scheduler', 'v1alpha1', 'topologies', 'Topology', false)

const NAME = 'espalier-bench'
const QUEUE = { 'kai.scheduler/queue': NAME }
const UNLIMITED = { quota: -1, limit: -1, overQuotaWeight: 1 }

function constraint(required: Level | null, preferred: Level | null): object {
  if (required === null && preferred === null) return {}
  return {
    topologyConstraint: {
      topology: NAME,
      ...(required === null ? {} : { requiredTopologyLevel: LEVEL_KEYS[required] }),
      ...(preferred === null ? {} : { preferredTopologyLevel: LEVEL_KEYS[preferred] }),
    },
  }
}

/** KAI's own PodGroup, with a sub-group for each group; its pod grouper is told to keep away. */
export const kai: Adapter = {
  name: 'kai',
  summary: 'PodGroup of scheduling.run.ai/v2alpha2 (KAI)',
  isTried: false,
  schedulerName: 'kai-scheduler',
  words: { gang: true, required: 'groups', preferred: true },
  types: [POD_GROUPS, QUEUES, TOPOLOGIES],
  shared: () => [
    typed(QUEUES, { name: NAME }, { resources: { cpu: UNLIMITED, gpu: UNLIMITED, memory: UNLIMITED } }),
    typed(TOPOLOGIES, { name: NAME }, { levels: LEVELS.map((level) => ({ nodeLabel: LEVEL_KEYS[level] })) }),
  ],
  objectsOf(gang, { namespace }) {
    const subGroups = gang.groups.map(({ name, pods, required }) => ({
      name,
      minMember: pods.length,
      ...constraint(required, null),
    }))
    const spec = {
      minMember: podCount(gang),
      queue: NAME,
      ...constraint(gang.required, gang.preferred),
      ...(gang.isSingle ? {} : { subGroups }),
    }
    return [typed(POD_GROUPS, { name: gang.name, namespace, labels: QUEUE }, spec)]
  },
  marksOf: (gang, group) => ({
    labels: { ...QUEUE, ...(gang.isSingle ? {} : { 'kai.scheduler/subgroup-name': group.name }) },
    annotations: { 'pod-group-name': gang.name, 'kai.scheduler/skip-podgrouper': 'true' },
  }),
}
