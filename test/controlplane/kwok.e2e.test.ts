/** kube-scheduler and kwok as parts of a control plane: nodes come up, pods live and go, gangs of kube-scheduler bind. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KubeObject, Node, Pod } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import type { KubeClient } from '../../kube/client.ts'
import { loadConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { NODES, PODS, SERVICE_ACCOUNTS } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import { WAITER_CONTAINER } from '../../sim/nodes/pod-run.ts'
import { gb200Nvl72 } from '../../sim/shapes.ts'
import { isReady } from '../in-process.ts'
import { type ControlPlane, NATIVE_GANGS, startControlPlane } from './control-plane.ts'
import { TURN } from './kwok-stages.ts'
import { createNodes } from './nodes.ts'
import { startTurns } from './turns.ts'

const plane: ControlPlane | null = await startControlPlane({ scheduler: true, kwok: true, ...NATIVE_GANGS })

describe.skipIf(plane === null)('kube-scheduler and kwok', () => {
  let client: KubeClient
  let transport: Transport

  beforeAll(async () => {
    if (plane === null) return
    transport = httpTransport(await loadConfig({ kubeconfig: plane.kubeconfig }))
    client = kubeClient(transport)
    await createNodes(client, gb200Nvl72({ racks: 1, racksPerBlock: 1 }))
    await until(async () => (await client.get(SERVICE_ACCOUNTS, { namespace, name: 'default' })).kind === 'ok')
  })

  afterAll(async () => {
    await transport?.close()
    await plane?.stop()
    expect(existsSync(plane?.folder ?? '')).toBe(false)
  })

  const namespace = 'default'

  async function until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50))
  }

  const pod = async (name: string): Promise<Pod> => valueOrThrow(await client.get<Pod>(PODS, { namespace, name }))

  async function untilReady(name: string): Promise<Pod> {
    await until(async () => isReady(await pod(name)))
    return pod(name)
  }

  async function create(name: string, spec: object, labels = {}): Promise<void> {
    const metadata = { name, namespace, labels }
    valueOrThrow(await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata, spec }))
  }

  const containers = [{ name: 'main', image: 'busybox', resources: { requests: { cpu: '1' } } }]

  test('every node becomes Ready, keeps its size and its address, and has no Lease', async () => {
    const nodes = async (): Promise<readonly Node[]> => valueOrThrow(await client.list<Node>(NODES)).items
    const ready = ({ status }: Node): boolean =>
      status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
    await until(async () => (await nodes()).every(ready))
    const [first] = await nodes()
    expect(first?.status?.allocatable).toMatchObject({ cpu: '140', 'nvidia.com/gpu': '4' })
    expect(first?.status?.addresses).toContainEqual({ type: 'InternalIP', address: '10.16.1.1' })
    const leases = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true }
    expect(valueOrThrow(await client.list(leases, { namespace: 'kube-node-lease' })).items).toEqual([])
  })

  test('kube-scheduler binds a pod, it runs, and it goes when it is deleted', async () => {
    await create('single', { containers })
    const { spec, status } = await untilReady('single')
    expect(spec.nodeName).toMatch(/^gb200-r01-/)
    expect(status).toMatchObject({
      phase: 'Running',
      hostIP: expect.stringMatching(/^10\.16\./),
      podIP: expect.any(String),
    })
    expect(status?.conditions?.find(({ type }) => type === 'PodScheduled')?.status).toBe('True')
    expect(valueOrThrow(await client.delete(PODS, { namespace, name: 'single' }))).toBeDefined()
    await until(async () => (await client.get(PODS, { namespace, name: 'single' })).kind === 'failure')
  })

  test('init containers end, sidecars stay, and containers wait for them', async () => {
    const initContainers = [
      { name: 'fetch', image: 'busybox' },
      { name: 'proxy', image: 'busybox', restartPolicy: 'Always' },
    ]
    await create('with-init', { initContainers, containers })
    const { status } = await untilReady('with-init')
    const states = Object.fromEntries(
      (status?.initContainerStatuses ?? []).map(({ name, state }) => [name, Object.keys(state ?? {}).join()]),
    )
    expect(states).toEqual({ fetch: 'terminated', proxy: 'running' })
  })

  test('the waiter holds its pod back until the cliques before it are Ready', async () => {
    const refused: string[] = []
    const turns = await startTurns(client, (message) => refused.push(message))
    const gang = { 'grove.io/podgang': 'g' }
    const waiter = { name: WAITER_CONTAINER, image: 'waiter', args: ['--podcliques=g-0-first:1'] }
    await create('second', { initContainers: [waiter], containers }, { ...gang, 'grove.io/podclique': 'g-0-second' })
    await until(async () => (await pod('second')).status?.initContainerStatuses?.[0]?.state?.['running'] !== undefined)
    await new Promise((resolve) => setTimeout(resolve, 700)) // longer than the stage's delay: it would run by now
    expect(isReady(await pod('second'))).toBe(false)
    await create('first', { containers }, { ...gang, 'grove.io/podclique': 'g-0-first' })
    const ended = await untilReady('second')
    expect(ended.metadata.annotations?.[TURN]).toBe('true')
    expect(isReady(await pod('first'))).toBe(true)
    expect(refused).toEqual([])
    await turns.stop()
  })

  test("kube-scheduler's own gangs: nothing is bound below the minimum, all of it at the minimum", async () => {
    const groups = {
      group: 'scheduling.k8s.io',
      version: 'v1beta1',
      plural: 'podgroups',
      kind: 'PodGroup',
      namespaced: true,
    }
    const spec = { schedulingPolicy: { gang: { minCount: 2 } } }
    const group: KubeObject | { apiVersion: string; kind: string; metadata: object } = {
      apiVersion: 'scheduling.k8s.io/v1beta1',
      kind: 'PodGroup',
      metadata: { name: 'pair', namespace },
    }
    valueOrThrow(await client.create(groups, { ...group, spec }))
    const member = { containers, schedulingGroup: { podGroupName: 'pair' } }
    await create('pair-0', member)
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect((await pod('pair-0')).spec.nodeName).toBeUndefined()
    await create('pair-1', member)
    await untilReady('pair-0')
    await untilReady('pair-1')
  })

  test('a program is killed and started again with its data', async () => {
    const before = plane?.pids()
    await plane?.restart('etcd')
    await plane?.restart('kube-apiserver')
    const after = plane?.pids()
    expect(after?.etcd).not.toBe(before?.etcd)
    expect(after?.['kube-apiserver']).not.toBe(before?.['kube-apiserver'])
    expect(after?.kwok).toBe(before?.kwok)
    await untilReady('pair-1')
  })

  test('a program that is stopped hangs, and goes on when it is let', async () => {
    plane?.signal('etcd', 'SIGSTOP')
    const answer = client.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'late', namespace },
      spec: { containers },
    })
    const first = await Promise.race([answer, new Promise((resolve) => setTimeout(() => resolve('hangs'), 500))])
    expect(first).toBe('hangs')
    plane?.signal('etcd', 'SIGCONT')
    expect((await answer).kind).toBe('ok')
  })
})
