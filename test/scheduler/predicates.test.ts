import { expect, test } from 'vitest'
import type { Node, Pod } from '../../api/kinds/kubernetes.ts'
import { firstFailing, PREDICATES } from '../../scheduler/predicates/list.ts'
import { unsupportedPath } from '../../scheduler/predicates/unsupported.ts'
import { demandOf } from '../../scheduler/state/demand.ts'
import { nodeFacts } from '../../scheduler/state/node-facts.ts'
import { asObject } from './facts.ts'
import { node, type NodeForm, pod } from './objects.ts'

type Spec = Readonly<Record<string, unknown>>

function verdict(spec: Spec, form: NodeForm): string {
  const demand = demandOf(asObject(pod('p', { spec }), 'u') as Pod)
  const at = firstFailing(demand, nodeFacts(asObject(node('n1', form), 'n') as Node))
  return at < 0 ? 'passes' : (PREDICATES[at]?.code ?? '?')
}
const requires = (matchExpressions: object[], matchFields: object[] = []): Spec => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions, matchFields }] },
    },
  },
})
const NO_SCHEDULE = [{ key: 'k', value: 'v', effect: 'NoSchedule' }]
const UNSCHEDULABLE = { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' }

const cases: readonly { name: string; spec: Spec; node: NodeForm; want: string }[] = [
  { name: 'a cordoned node takes nobody', spec: {}, node: { unschedulable: true }, want: 'NodeUnschedulable' },
  {
    name: 'unless the cordon is tolerated',
    spec: { tolerations: [UNSCHEDULABLE] },
    node: { unschedulable: true },
    want: 'passes',
  },
  { name: 'a taint keeps out', spec: {}, node: { taints: NO_SCHEDULE }, want: 'TaintNotTolerated' },
  {
    name: 'a toleration lets in',
    spec: { tolerations: [{ key: 'k', operator: 'Exists' }] },
    node: { taints: NO_SCHEDULE },
    want: 'passes',
  },
  {
    name: 'a preference keeps nobody out',
    spec: {},
    node: { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] },
    want: 'passes',
  },
  {
    name: 'NoExecute keeps out',
    spec: {},
    node: { taints: [{ key: 'k', effect: 'NoExecute' }] },
    want: 'TaintNotTolerated',
  },
  {
    name: 'the node selector is a label',
    spec: { nodeSelector: { a: 'b' } },
    node: { labels: { a: 'c' } },
    want: 'NodeSelectorMismatch',
  },
  {
    name: 'required affinity holds',
    spec: requires([{ key: 'a', operator: 'In', values: ['b'] }]),
    node: { labels: { a: 'c' } },
    want: 'NodeAffinityMismatch',
  },
  {
    name: 'a node can be named',
    spec: requires([], [{ key: 'metadata.name', operator: 'In', values: ['n2'] }]),
    node: {},
    want: 'NodeAffinityMismatch',
  },
  {
    name: 'what matches passes',
    spec: { nodeSelector: { a: 'b' }, ...requires([{ key: 'a', operator: 'Exists' }]) },
    node: { labels: { a: 'b' } },
    want: 'passes',
  },
]
for (const { name, spec, node: form, want } of cases) test(name, () => expect(verdict(spec, form)).toBe(want))

const hard = (field: string): Spec => ({
  affinity: { [field]: { requiredDuringSchedulingIgnoredDuringExecution: [{}] } },
})
const soft = (field: string): Spec => ({
  affinity: { [field]: { preferredDuringSchedulingIgnoredDuringExecution: [{}] } },
})
const unsupported: readonly (readonly [Spec, string | null])[] = [
  [{ resourceClaims: [{ name: 'gpu' }] }, 'spec.resourceClaims[0]'],
  [
    {
      volumes: [
        { name: 'x', emptyDir: {} },
        { name: 'd', persistentVolumeClaim: { claimName: 'c' } },
      ],
    },
    'spec.volumes[1].persistentVolumeClaim',
  ],
  [{ volumes: [{ name: 'd', ephemeral: {} }] }, 'spec.volumes[0].ephemeral'],
  [hard('podAffinity'), 'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]'],
  [hard('podAntiAffinity'), 'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]'],
  [soft('podAntiAffinity'), null],
  [
    { topologySpreadConstraints: [{ whenUnsatisfiable: 'ScheduleAnyway' }, { whenUnsatisfiable: 'DoNotSchedule' }] },
    'spec.topologySpreadConstraints[1]',
  ],
  [{ schedulingGroup: { podGroupName: 'g' } }, 'spec.schedulingGroup'],
  [{}, null],
]
for (const [spec, want] of unsupported) {
  test(`${want ?? `${JSON.stringify(spec)}: nothing`} is named as not evaluated`, () =>
    expect(unsupportedPath(asObject(pod('p', { spec }), 'u') as Pod)).toBe(want))
}

test('a fraction of a GPU is not evaluated', () => {
  const asked = asObject(pod('p', { annotations: { 'gpu-fraction': '0.5' } }), 'u') as Pod
  expect(unsupportedPath(asked)).toBe('metadata.annotations[gpu-fraction]')
})
