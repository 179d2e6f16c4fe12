import { describe, expect, test } from 'vitest'
import type { KubeObject, Pod, PodStatus } from '../../api/kinds/kubernetes.ts'
import { builtInColumns } from '../../sim/server/columns.ts'

const NOW_MS = Date.parse('2026-01-01T01:00:00Z')

function shown(collection: string, object: object): Record<string, unknown> {
  const table = builtInColumns.get(collection)
  if (table === undefined) throw new Error(`no columns for ${collection}`)
  const cells = table.row(object as KubeObject, NOW_MS)
  return Object.fromEntries(table.columns.map(({ name }, i) => [name, cells[i]]))
}

const meta = (more: object = {}): object => ({
  name: 'x',
  namespace: 'default',
  creationTimestamp: '2026-01-01T00:55:00Z',
  ...more,
})
const container = (state: object, more: object = {}): object => ({
  name: 'main',
  ready: false,
  restartCount: 0,
  image: '',
  imageID: '',
  state,
  ...more,
})
const running = container({ running: {} }, { ready: true })
const INITIALIZED = { type: 'Initialized', status: 'True' }

const podShown = (status: object, spec: object = {}, metadata: object = {}): string => {
  const pod = {
    metadata: meta(metadata),
    spec: { containers: [{ name: 'main' }], ...spec },
    status: status as PodStatus,
  }
  const { Ready, Status, Restarts } = shown('/pods', pod as Partial<Pod>)
  return `${String(Ready)} ${String(Status)} ${String(Restarts)}`
}

describe('a pod is shown as kubectl shows it:', () => {
  const inits = { initContainers: [{ name: 'one' }, { name: 'two' }] }
  const initStatus = (name: string, state: object): object => ({ ...container(state), name })
  const cases: [string, object, object, object, string][] = [
    ['pending', { phase: 'Pending' }, {}, {}, '0/1 Pending 0'],
    [
      'gated',
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
      {},
      {},
      '0/1 SchedulingGated 0',
    ],
    [
      'creating',
      { phase: 'Pending', containerStatuses: [container({ waiting: { reason: 'ContainerCreating' } })] },
      {},
      {},
      '0/1 ContainerCreating 0',
    ],
    ['running', { phase: 'Running', containerStatuses: [running] }, {}, {}, '1/1 Running 0'],
    [
      'leaving',
      { phase: 'Running', containerStatuses: [running] },
      {},
      { deletionTimestamp: 'x' },
      '1/1 Terminating 0',
    ],
    [
      'out of reach',
      { phase: 'Running', reason: 'NodeLost', containerStatuses: [running] },
      {},
      { deletionTimestamp: 'x' },
      '1/1 Unknown 0',
    ],
    ['refused', { phase: 'Failed', reason: 'OutOfcpu' }, {}, {}, '0/1 OutOfcpu 0'],
    [
      'done',
      { phase: 'Succeeded', containerStatuses: [container({ terminated: { exitCode: 0, reason: 'Completed' } })] },
      {},
      {},
      '0/1 Completed 0',
    ],
    [
      'ended without a reason',
      { phase: 'Failed', containerStatuses: [container({ terminated: { exitCode: 3 } })] },
      {},
      {},
      '0/1 ExitCode:3 0',
    ],
    [
      'in its second init container',
      {
        phase: 'Pending',
        initContainerStatuses: [initStatus('one', { terminated: { exitCode: 0 } }), initStatus('two', { running: {} })],
      },
      inits,
      {},
      '0/1 Init:1/2 0',
    ],
    [
      'with a failing init container',
      { phase: 'Pending', initContainerStatuses: [initStatus('one', { waiting: { reason: 'CrashLoopBackOff' } })] },
      inits,
      {},
      '0/1 Init:CrashLoopBackOff 0',
    ],
    [
      'with a sidecar',
      {
        phase: 'Running',
        conditions: [INITIALIZED],
        initContainerStatuses: [{ ...running, name: 'one', started: true }],
        containerStatuses: [running],
      },
      { initContainers: [{ name: 'one', restartPolicy: 'Always' }] },
      {},
      '2/2 Running 0',
    ],
    [
      'restarted',
      {
        phase: 'Running',
        containerStatuses: [
          {
            ...running,
            restartCount: 2,
            lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:57:00Z' } },
          },
        ],
      },
      {},
      {},
      '1/1 Running 2 (3m ago)',
    ],
  ]
  test.each(cases)('%s', (_name, status, spec, metadata, line) => {
    expect(podShown(status, spec, metadata)).toBe(line)
  })
})

test('a cordoned node says so, and its roles are in order', () => {
  const labels = { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/control-plane': '' }
  const status = { conditions: [{ type: 'Ready', status: 'True' }], nodeInfo: { kubeletVersion: 'v1.34.0' } }
  const node = { metadata: meta({ labels }), spec: { unschedulable: true }, status }
  expect(shown('/nodes', node)).toMatchObject({
    Status: 'Ready,SchedulingDisabled',
    Roles: 'control-plane,worker',
    Age: '5m',
    'Internal-IP': '<none>',
  })
})

test('a headless service shows None, its ports and its selector', () => {
  const spec = { clusterIP: 'None', selector: { b: '2', a: '1' }, ports: [{ port: 80 }, { port: 53, protocol: 'UDP' }] }
  expect(shown('/services', { metadata: meta(), spec })).toMatchObject({
    Type: 'ClusterIP',
    'Cluster-IP': 'None',
    'External-IP': '<none>',
    'Port(s)': '80/TCP,53/UDP',
    Selector: 'a=1,b=2',
  })
})

test('an autoscaler shows what it measures, unknown until it does', () => {
  const cpu = { type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 60 } } }
  const spec = { scaleTargetRef: { kind: 'PodClique', name: 'p' }, minReplicas: 1, maxReplicas: 4, metrics: [cpu] }
  const hpa = { metadata: meta(), spec }
  expect(shown('autoscaling/horizontalpodautoscalers', hpa)).toMatchObject({
    Reference: 'PodClique/p',
    Targets: 'cpu: <unknown>/60%',
  })
  const status = {
    currentReplicas: 2,
    currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 90 } } }],
  }
  expect(shown('autoscaling/horizontalpodautoscalers', { ...hpa, status })).toMatchObject({
    Targets: 'cpu: 90%/60%',
    Replicas: 2,
    MinPods: '1',
    MaxPods: 4,
  })
})

test('an event shows its object and its message, trimmed', () => {
  const event = {
    metadata: meta(),
    type: 'Warning',
    reason: 'Failed',
    message: ' no \n',
    involvedObject: { kind: 'Pod', name: 'a' },
    lastTimestamp: '2026-01-01T00:59:00Z',
    count: 3,
  }
  expect(shown('/events', event)).toMatchObject({ 'Last Seen': '60s', Object: 'pod/a', Message: 'no', Count: '3' })
})
