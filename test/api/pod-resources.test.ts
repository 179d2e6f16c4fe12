import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Container, ContainerStatus, PodSpec, PodStatus, ResourceList } from '../../api/kinds/kubernetes.ts'
import { podRequests } from '../../api/pod-resources.ts'
import { RUN } from './seed.ts'

const container = (requests: ResourceList, more: Partial<Container> = {}): Container => ({
  name: 'c',
  image: 'i',
  resources: { requests },
  ...more,
})
const sidecar = (requests: ResourceList): Container => container(requests, { restartPolicy: 'Always' })
const pod = (containers: Container[], initContainers: Container[] = [], more: Partial<PodSpec> = {}): PodSpec => ({
  containers,
  initContainers,
  ...more,
})

describe('a pod takes from its node', () => {
  const cases: readonly (readonly [name: string, spec: PodSpec, takes: Record<string, number>])[] = [
    ['nothing that it does not ask for', pod([container({})]), {}],
    [
      'the sum of its containers, cpu in thousandths, memory in bytes',
      pod([container({ cpu: '1', memory: '1Gi' }), container({ cpu: '250m', 'nvidia.com/gpu': '4' })]),
      { cpu: 1250, memory: 2 ** 30, 'nvidia.com/gpu': 4 },
    ],
    [
      'a sum that is rounded once, not per container',
      pod([container({ cpu: '0.5m' }), container({ cpu: '0.5m' })]),
      { cpu: 1 },
    ],
    [
      'a limit where no request stands',
      pod([{ name: 'c', resources: { limits: { 'nvidia.com/gpu': '8' } } }]),
      { 'nvidia.com/gpu': 8 },
    ],
    [
      'the request where both stand',
      pod([{ name: 'c', resources: { limits: { cpu: '2' }, requests: { cpu: '1' } } }]),
      { cpu: 1000 },
    ],
    ['an init container that is larger', pod([container({ cpu: '1' })], [container({ cpu: '3' })]), { cpu: 3000 }],
    [
      'not an init container that is smaller',
      pod([container({ cpu: '1' })], [container({ cpu: '500m' })]),
      { cpu: 1000 },
    ],
    [
      'the largest of several, not their sum',
      pod([container({ cpu: '1' })], [container({ cpu: '2' }), container({ cpu: '2' })]),
      { cpu: 2000 },
    ],
    ['sidecars beside its containers', pod([container({ cpu: '1' })], [sidecar({ cpu: '1' })]), { cpu: 2000 }],
    [
      'a sidecar beside the init container after it',
      pod([container({ cpu: '1' })], [sidecar({ cpu: '1' }), container({ cpu: '3' })]),
      { cpu: 4000 },
    ],
    [
      'no sidecar beside the init container before it',
      pod([container({ cpu: '1' })], [container({ cpu: '3' }), sidecar({ cpu: '1' })]),
      { cpu: 3000 },
    ],
    [
      'the overhead on top',
      pod([container({ cpu: '1' })], [container({ cpu: '3' })], { overhead: { cpu: '250m' } }),
      { cpu: 3250 },
    ],
    [
      'what the pod level says, more or less than its containers',
      pod([container({ cpu: '1', memory: '1Gi', 'nvidia.com/gpu': '1' })], [], {
        resources: { requests: { cpu: '3', memory: '512Mi', 'nvidia.com/gpu': '9' } },
      }),
      { cpu: 3000, memory: 2 ** 29, 'nvidia.com/gpu': 1 },
    ],
    [
      'a pod-level limit where nothing is requested',
      pod([container({})], [], { resources: { limits: { cpu: '2' } } }),
      { cpu: 2000 },
    ],
    [
      'what containers request under a pod-level limit',
      pod([container({ cpu: '1' })], [], { resources: { limits: { cpu: '2' } } }),
      { cpu: 1000 },
    ],
  ]
  for (const [name, spec, takes] of cases) test(name, () => expect(podRequests(spec)).toEqual(takes))

  test('resources in byte order, whatever the order in which they are written', () => {
    expect(Object.keys(podRequests(pod([container({ memory: '1', cpu: '1' })])))).toEqual(['cpu', 'memory'])
  })
})

describe('while a resize is under way a pod takes', () => {
  const given = (allocated: ResourceList, more: Partial<PodStatus> = {}): PodStatus => ({
    containerStatuses: [
      {
        name: 'c',
        ready: true,
        restartCount: 0,
        image: 'i',
        imageID: '',
        allocatedResources: allocated,
      } satisfies ContainerStatus,
    ],
    ...more,
  })
  const asked = pod([container({ cpu: '2' })])

  test('what the node still gives it, when it asks for less', () => {
    expect(podRequests(asked, given({ cpu: '3' }))).toEqual({ cpu: 3000 })
  })
  test('what it asks for, when that is more', () => {
    expect(podRequests(asked, given({ cpu: '1' }))).toEqual({ cpu: 2000 })
  })
  test('what it has, when the node can never give more', () => {
    const conditions = [{ type: 'PodResizePending', status: 'True' as const, reason: 'Infeasible' }]
    expect(podRequests(asked, given({ cpu: '1' }, { conditions }))).toEqual({ cpu: 1000 })
  })
  const ofPod = (cpu: string): PodSpec => pod([container({ cpu: '1' })], [], { resources: { requests: { cpu } } })
  test('what the node still gives the whole pod, when its pod level asks for less', () => {
    const status = { allocatedResources: { cpu: '4' }, resources: { requests: { cpu: '3' } } }
    expect(podRequests(ofPod('2'), given({ cpu: '1' }, status))).toEqual({ cpu: 4000 })
    expect(podRequests(ofPod('2'), given({ cpu: '1' }, { resources: { requests: { cpu: '3' } } }))).toEqual({
      cpu: 3000,
    })
  })
  test('what its pod level asks for, when that is more, and what it has when the node can never give more', () => {
    const status = { allocatedResources: { cpu: '2' } }
    const conditions = [{ type: 'PodResizePending', status: 'True' as const, reason: 'Infeasible' }]
    expect(podRequests(ofPod('4'), given({ cpu: '1' }, status))).toEqual({ cpu: 4000 })
    expect(podRequests(ofPod('4'), given({ cpu: '1' }, { ...status, conditions }))).toEqual({ cpu: 2000 })
  })
  test('what its containers take, where the status of the pod repeats their sum', () => {
    expect(podRequests(asked, given({ cpu: '1' }, { allocatedResources: { cpu: '1' } }))).toEqual({ cpu: 2000 })
  })
  test('what it asks for, when its status says nothing', () => {
    expect(podRequests(asked, { containerStatuses: [] })).toEqual({ cpu: 2000 })
  })
})

describe('any pod', () => {
  const milli = fc.integer({ min: 0, max: 4000 }).map((amount) => ({ cpu: `${amount}m` }))
  const init = fc
    .tuple(milli, fc.boolean())
    .map(([amount, isSidecar]) => (isSidecar ? sidecar(amount) : container(amount)))

  test('takes at least what it holds at every moment of its life, and at some moment just that', () => {
    fc.assert(
      fc.property(fc.array(milli, { minLength: 1, maxLength: 3 }), fc.array(init, { maxLength: 4 }), (mains, inits) => {
        const cpuOf = (one: Container): number => Number.parseInt(one.resources?.requests?.['cpu'] ?? '0')
        let sidecars = 0
        const moments = inits.map((one) => {
          if (one.restartPolicy === 'Always') sidecars += cpuOf(one)
          return sidecars + (one.restartPolicy === 'Always' ? 0 : cpuOf(one))
        })
        moments.push(sidecars + mains.reduce((sum, { cpu }) => sum + Number.parseInt(cpu), 0))
        expect(
          podRequests(
            pod(
              mains.map((one) => container(one)),
              inits,
            ),
          )['cpu'] ?? 0,
        ).toBe(Math.max(...moments))
      }),
      RUN,
    )
  })
})
