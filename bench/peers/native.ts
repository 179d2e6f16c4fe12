/** kube-scheduler's own ways: nothing but pods, PodGroups without and with a topology key, trees of CompositePodGroups. */
import { LEVEL_KEYS, type Level } from '../scenario/scenario.ts'
import { type Adapter, type Gang, type Group, type Place, podCount, type, typed, type TypedObject } from './adapter.ts'

const SCHEDULING = 'scheduling.k8s.io'
const POD_GROUPS = type(SCHEDULING, 'v1beta1', 'podgroups', 'PodGroup')
/** Trees are alpha in 1.37: their kinds are served by that version alone. */
const ALPHA_POD_GROUPS = type(SCHEDULING, 'v1alpha3', 'podgroups', 'PodGroup')
const COMPOSITES = type(SCHEDULING, 'v1alpha3', 'compositepodgroups', 'CompositePodGroup')
const WORKLOADS = type(SCHEDULING, 'v1alpha3', 'workloads', 'Workload')

const native = { isTried: true, schedulerName: 'default-scheduler', shared: () => [] } as const
const member = (podGroupName: string): { spec: object } => ({ spec: { schedulingGroup: { podGroupName } } })
const topologyOf = (level: Level | null): object =>
  level === null ? {} : { schedulingConstraints: { topology: [{ key: LEVEL_KEYS[level] }] } }
const gangPolicy = (minCount: number): object => ({ schedulingPolicy: { gang: { minCount } } })

export const plainPods: Adapter = {
  ...native,
  name: 'pods',
  summary: 'pods alone: no gang, no topology',
  words: { gang: false, required: 'nothing', preferred: false },
  types: [],
  objectsOf: () => [],
  marksOf: () => ({}),
}

const podGroupOf = (gang: Gang, { namespace }: Place, level: Level | null): TypedObject[] =>
  gang.isSingle
    ? []
    : [typed(POD_GROUPS, { name: gang.name, namespace }, { ...gangPolicy(podCount(gang)), ...topologyOf(level) })]

const podGroups = {
  ...native,
  types: [POD_GROUPS],
  marksOf: (gang: Gang) => (gang.isSingle ? {} : member(gang.name)),
} as const

export const podGroup: Adapter = {
  ...podGroups,
  name: 'podgroup',
  summary: 'PodGroup of scheduling.k8s.io/v1beta1 without a topology key',
  words: { gang: true, required: 'nothing', preferred: false },
  objectsOf: (gang, place) => podGroupOf(gang, place, null),
}

/** One key a PodGroup: the gang's, else that of its only group. */
export const podGroupTopology: Adapter = {
  ...podGroups,
  name: 'podgroup-topology',
  summary: 'PodGroup of scheduling.k8s.io/v1beta1 with its topology key',
  words: { gang: true, required: 'gang', preferred: false },
  objectsOf: (gang, place) => podGroupOf(gang, place, gang.required),
}

const groupName = (gang: Gang, group: Group): string => `${gang.name}-${group.name}`

/** A Workload a kind of gang: what a CompositePodGroup must refer to. */
function workloadOf(gang: Gang, { namespace }: Place): TypedObject {
  const podGroupTemplates = gang.groups.map((group) => ({
    name: group.name,
    ...gangPolicy(group.pods.length),
    ...topologyOf(group.required),
  }))
  const root = {
    name: 'root',
    schedulingPolicy: { gang: { minGroupCount: gang.groups.length } },
    ...topologyOf(gang.required),
    podGroupTemplates,
  }
  return typed(WORKLOADS, { name: gang.kind, namespace }, { compositePodGroupTemplates: [root] })
}

export const compositePodGroup: Adapter = {
  ...native,
  name: 'composite',
  summary: 'tree of a CompositePodGroup and PodGroups, scheduling.k8s.io/v1alpha3',
  words: { gang: true, required: 'groups', preferred: false },
  types: [COMPOSITES, ALPHA_POD_GROUPS, WORKLOADS],
  shared: (place, gangs) =>
    [...new Map(gangs.filter(({ isSingle }) => !isSingle).map((gang) => [gang.kind, gang])).values()].map((gang) =>
      workloadOf(gang, place),
    ),
  objectsOf(gang, { namespace }) {
    if (gang.isSingle) return []
    const from = (templateName: string): object => ({ workloadRef: { workloadName: gang.kind, templateName } })
    const root = typed(
      COMPOSITES,
      { name: gang.name, namespace },
      {
        ...from('root'),
        schedulingPolicy: { gang: { minGroupCount: gang.groups.length } },
        ...topologyOf(gang.required),
      },
    )
    const leaves = gang.groups.map((group) =>
      typed(
        ALPHA_POD_GROUPS,
        { name: groupName(gang, group), namespace },
        {
          ...from(group.name),
          parentCompositePodGroupName: gang.name,
          ...gangPolicy(group.pods.length),
          ...topologyOf(group.required),
        },
      ),
    )
    return [root, ...leaves]
  },
  marksOf: (gang, group) => (gang.isSingle ? {} : member(groupName(gang, group))),
}
