import { expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { demandOf } from '../../scheduler/state/demand.ts'
import { nodeFacts } from '../../scheduler/state/node-facts.ts'

type Spec = Record<string, unknown>

const worker = (more: Spec = {}): Spec => ({
  name: 'worker',
  resources: { requests: { cpu: '4', memory: '8Gi' }, limits: { memory: '8Gi' } },
  ports: [{ containerPort: 8080 }],
  ...more,
})
const given = (more: Spec = {}): Spec => ({
  containerStatuses: [{ name: 'worker', allocatedResources: { cpu: '4', memory: '8Gi' }, ...more }],
})
const pod = (spec: Spec = {}, status: Spec = given()): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', namespace: 'default', uid: 'a', resourceVersion: '1' },
    spec: { containers: [worker()], initContainers: [{ name: 'first', resources: {} }], ...spec },
    status,
  }) as unknown as Pod

const term = { matchExpressions: [{ key: 'a', operator: 'Exists' }] }
const inContainer = (more: Spec): Pod => pod({ containers: [worker(more)] })
const refused = { conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }] }
const asksForMore = { containers: [worker({ resources: { requests: { cpu: '6', memory: '8Gi' } } })] }

/** Each differs from `pod()` in one thing, and asks for something else. */
const CHANGED: readonly [what: string, pod: Pod][] = [
  ['a request', inContainer({ resources: { requests: { cpu: '5', memory: '8Gi' }, limits: { memory: '8Gi' } } })],
  [
    'a limit that stands for a request',
    inContainer({ resources: { requests: { cpu: '4' }, limits: { memory: '9Gi' } } }),
  ],
  ['a host port', inContainer({ ports: [{ containerPort: 8080, hostPort: 80 }] })],
  ['the protocol of a host port', inContainer({ ports: [{ containerPort: 8080, hostPort: 80, protocol: 'UDP' }] })],
  ['the host network', pod({ hostNetwork: true })],
  ['another container', pod({ containers: [worker(), worker({ name: 'second' })] })],
  [
    'an init container that asks for more',
    pod({ initContainers: [worker({ resources: { requests: { cpu: '9' } } })] }),
  ],
  ['a sidecar', pod({ initContainers: [worker({ name: 'side', restartPolicy: 'Always' })] })],
  ['what the pod level asks for', pod({ resources: { requests: { cpu: '7' } } })],
  ['what the pod level is limited to', pod({ resources: { limits: { 'hugepages-2Mi': '2Mi' } } })],
  ['the overhead', pod({ overhead: { cpu: '100m' } })],
  ['the node selector', pod({ nodeSelector: { disk: 'ssd' } })],
  [
    'the required node affinity',
    pod({
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } },
    }),
  ],
  ['a toleration', pod({ tolerations: [{ key: 'gpu', operator: 'Exists' }] })],
  ['what the kubelet has allocated', pod({}, given({ allocatedResources: { cpu: '6', memory: '8Gi' } }))],
  ['what the container has now', pod({}, given({ resources: { requests: { cpu: '8', memory: '8Gi' } } }))],
  ['which container has it', pod({}, given({ name: 'first', allocatedResources: { cpu: '9' } }))],
]

test.each(CHANGED)(
  'what a pod asks for is seen to change with %s, though pods of the old demand were read before',
  (_, changed) => {
    const before = demandOf(pod())
    const after = demandOf(changed)
    expect(after.key).not.toBe(before.key)
    expect(demandOf(pod())).toBe(before)
  },
)

test('what the kubelet gives the whole pod is seen to change', () => {
  const of = (status: Spec): Pod =>
    pod({ resources: { requests: { cpu: '4', memory: '8Gi' } } }, { ...given(), ...status })
  const cpuOf = (status: Spec): number | undefined => demandOf(of(status)).requests['cpu']
  expect(cpuOf({})).toBe(4_000)
  expect(cpuOf({ allocatedResources: { cpu: '6' } })).toBe(6_000)
  expect(cpuOf({ resources: { requests: { cpu: '5' } } })).toBe(5_000)
  expect(cpuOf({ containerStatuses: [], allocatedResources: { cpu: '7' } })).toBe(7_000)
  expect(cpuOf({})).toBe(4_000)
})

test('a resize that is refused, in either way of saying so, leaves the pod with what it has', () => {
  const cpuOf = (status: Spec): number | undefined =>
    demandOf(pod(asksForMore, { ...given(), ...status })).requests['cpu']
  expect(cpuOf({})).toBe(6_000)
  expect(cpuOf(refused)).toBe(4_000)
  expect(cpuOf({})).toBe(6_000)
  expect(cpuOf({ resize: 'Infeasible' })).toBe(4_000)
  expect(cpuOf({ conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Deferred' }] })).toBe(6_000)
})

test('pods that ask for the same share one demand, however their amounts are written', () => {
  const other = inContainer({ resources: { requests: { memory: '8192Mi', cpu: '4000m' }, limits: { memory: '8Gi' } } })
  expect(demandOf(other)).toBe(demandOf(pod()))
  expect(demandOf(pod({}, { phase: 'Running' }))).toBe(demandOf(pod()))
})

test('a node whose allocatable changes has other amounts, and one that says the same again has the same record', () => {
  const node = (allocatable: Record<string, string>): ReturnType<typeof nodeFacts> =>
    nodeFacts({ metadata: { name: 'n', uid: 'n' }, status: { allocatable } } as never)
  const before = node({ cpu: '8', 'nvidia.com/gpu': '4' }).allocatable
  expect(node({ cpu: '8', 'nvidia.com/gpu': '3' }).allocatable).toEqual({ cpu: 8_000, 'nvidia.com/gpu': 3 })
  expect(node({ cpu: '8', 'nvidia.com/gpu': '4' }).allocatable).toBe(before)
})
