import { type Adapter, podCount, type, typed } from './adapter.ts'

const POD_GROUPS = type('scheduling.x-k8s.io', 'v1alpha1', 'podgroups', 'PodGroup')

/** The coscheduling plugin of scheduler-plugins: it knows no topology. */
export const coscheduling: Adapter = {
  name: 'coscheduling',
  summary: 'PodGroup of scheduling.x-k8s.io/v1alpha1 (scheduler-plugins)',
  isTried: false,
  schedulerName: 'scheduler-plugins-scheduler',
  words: { gang: true, required: 'nothing', preferred: false },
  types: [POD_GROUPS],
  shared: () => [],
  objectsOf: (gang, { namespace }) =>
    gang.isSingle ? [] : [typed(POD_GROUPS, { name: gang.name, namespace }, { minMember: podCount(gang) })],
  marksOf: (gang) => (gang.isSingle ? {} : { labels: { 'scheduling.x-k8s.io/pod-group': gang.name } }),
}
