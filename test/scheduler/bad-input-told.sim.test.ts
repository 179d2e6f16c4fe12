/** What somebody got wrong outside of what is scheduled: log, metric and event say so, and it goes on. */
import { Registry } from 'prom-client'
import { afterEach, expect, test } from 'vitest'
import { ownMetrics } from '../../cli/metrics.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { Log } from '../../kube/log.ts'
import { measuredTransport } from '../../kube/measured-transport.ts'
import { EVENTS, NODES } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import { gang, node, pod, simpleGang } from './objects.ts'
import { startWorld, type World } from './world.ts'

let world: World
afterEach(() => world.stop())

interface Told {
  readonly logged: string[]
  /** Of metrics that are not 0: `espalier_waiting{reason="PodGangMissing"} 1`. */
  metrics(beginning: string): Promise<string[]>
  /** `Warning PodGangMissing on orphan: the PodGang …`. */
  events(): Promise<string[]>
}

async function start(
  gpus: number,
  wrap: (transport: Transport) => Transport = (transport) => transport,
): Promise<Told> {
  const logged: string[] = []
  const note =
    (level: string): Log['info'] =>
    (message, facts) =>
      void logged.push(`${level} ${message} ${JSON.stringify(facts ?? {})}`)
  const log: Log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
  const registry = new Registry()
  const metrics = ownMetrics(registry)
  world = await startWorld({
    nodes: [node('n1', { gpus })],
    log,
    metrics: metrics.scheduler,
    wrap: (transport) => measuredTransport(wrap(transport), metrics.request),
  })
  return {
    logged,
    metrics: async (beginning) =>
      (await registry.metrics()).split('\n').filter((line) => line.startsWith(beginning) && !line.endsWith(' 0')),
    async events() {
      const answer = await world.during(world.client.list<KubeObject>(EVENTS))
      if (answer.kind === 'failure') throw new Error(answer.message)
      return answer.value.items.map((event) => {
        const { type, reason, message, involvedObject } = event as unknown as Record<string, string> & {
          involvedObject: { name: string }
        }
        return `${type} ${reason} on ${involvedObject.name}: ${message}`
      })
    },
  }
}

const placed = async (): Promise<string[]> => Object.keys(await world.placed()).sort()

test('a PodGang that names pods that do not exist', async () => {
  const told = await start(4)
  await world.create(gang('g', [{ name: 'a', minimum: 2, pods: ['g-0', 'g-ghost'] }]))
  await world.create(pod('g-0', { gang: 'g', group: 'a' }), pod('alone'))
  await world.pass(5_000)
  const says = 'waiting for pods: a has 1 of the 2 that it needs'
  expect(told.logged).toContain(`info ${says} {"namespace":"default","podGang":"g"}`)
  expect(await told.metrics('espalier_waiting')).toEqual(['espalier_waiting{reason="WaitingForPods"} 1'])
  expect(await told.events()).toContain(`Normal WaitingForPods on g: ${says}`)
  expect(await placed()).toEqual(['alone'])
})

test('pods that are labelled with a PodGang that does not exist, or with a group that it does not name', async () => {
  const told = await start(4)
  await world.create(...simpleGang('g', 1, 1), pod('stray', { gang: 'g', group: 'b' }))
  await world.create(pod('orphan', { gang: 'none', group: 'a' }), pod('alone'))
  await world.pass(5_000)
  const says = 'the PodGang default/none does not exist'
  expect(told.logged).toContain(`warn ${says} {"namespace":"default","pod":"orphan"}`)
  expect(await told.metrics('espalier_waiting')).toEqual([
    'espalier_waiting{reason="PodGangMissing"} 1',
    'espalier_waiting{reason="NotAMember"} 1',
  ])
  const warnings = (await told.events()).filter((event) => event.startsWith('Warning'))
  expect(warnings.sort()).toEqual([
    expect.stringMatching(/^Warning NotAMember on stray: .*group b of PodGang default\/g/),
    `Warning PodGangMissing on orphan: ${says}`,
  ])
  await world.create(gang('none', [{ name: 'a', minimum: 1, pods: ['orphan'] }]))
  await world.pass(5_000)
  expect(await placed()).toEqual(['alone', 'g-0', 'orphan'])
  expect(await told.metrics('espalier_waiting')).toEqual(['espalier_waiting{reason="NotAMember"} 1'])
})

test('a PodGang of another scheduler waits for nothing of ours', async () => {
  const told = await start(4)
  await world.create(...simpleGang('foreign', 2, 2, { schedulerName: 'another' }), pod('big', { gpus: 8 }))
  await world.pass(5_000)
  const waiting = await told.metrics('espalier_waiting')
  expect(waiting, 'of `big` alone').toHaveLength(1)
  expect(waiting[0]).not.toContain('WaitingForPods')
})

test('a node whose allocatable shrinks below its use', async () => {
  const told = await start(4)
  await world.create(...simpleGang('g', 3, 3))
  await world.pass(3_000)
  const resize = async (gpus: string): Promise<void> => {
    const status = { allocatable: { 'nvidia.com/gpu': gpus }, capacity: { 'nvidia.com/gpu': gpus } }
    const patched = world.client.mergePatch(NODES, { namespace: '', name: 'n1' }, { status }, { subresource: 'status' })
    expect((await world.during(patched)).kind).toBe('ok')
  }
  for (const gpus of ['3', '1', '2']) {
    await resize(gpus)
    await world.pass(2_000)
  }
  const says = 'the node has become smaller than what is used on it: 3 of 1 nvidia.com/gpu'
  expect(told.logged.filter((line) => line.includes('smaller'))).toEqual([`warn ${says} {"node":"n1"}`])
  expect(await told.metrics('espalier_nodes_below_use_total')).toEqual(['espalier_nodes_below_use_total 1'])
  expect(await told.events()).toContain(`Warning AllocatableBelowUse on n1: ${says}`)
  await world.create(pod('late'))
  await world.pass(3_000)
  expect(await placed()).toEqual(['g-0', 'g-1', 'g-2'])
})

const answering = (code: number, reason: string): ReturnType<Transport['request']> =>
  Promise.resolve({ status: code, headers: {}, body: JSON.stringify({ kind: 'Status', code, reason, message: 'no' }) })

test('an API server of an older minor version, which has no streaming lists', async () => {
  const told = await start(4, (transport) => ({
    request: (request) => transport.request(request),
    close: () => transport.close(),
    stream: async (request) => {
      if (!request.path.includes('sendInitialEvents')) return transport.stream(request)
      return { ...(await answering(422, 'Invalid')), lines: nothing() }
    },
  }))
  await world.create(...simpleGang('g', 2, 2))
  await world.pass(3_000)
  expect(told.logged.filter((line) => /^warn (pods|nodes): the server.* no streaming lists/.test(line))).toHaveLength(2)
  expect(await told.metrics('espalier_api_requests_total{method="GET",code="422"}')).toHaveLength(1)
  expect(await placed()).toEqual(['g-0', 'g-1'])
})

test('credentials that have expired', async () => {
  let isExpired = false
  const told = await start(4, (transport) => ({
    request: (request) => (isExpired ? answering(401, 'Unauthorized') : transport.request(request)),
    close: () => transport.close(),
    stream: async (request) =>
      isExpired ? { ...(await answering(401, 'Unauthorized')), lines: nothing() } : transport.stream(request),
  }))
  await world.create(pod('p'))
  isExpired = true
  await world.pass(10_000)
  expect(told.logged.filter((line) => line.includes('not allowed to bind') && line.startsWith('error'))).toHaveLength(1)
  expect(await told.metrics('espalier_bindings_total{outcome="forbidden"}')).toHaveLength(1)
  expect(await told.metrics('espalier_api_requests_total{method="POST",code="401"}')).toHaveLength(1)
  isExpired = false
  await world.pass(120_000)
  expect(await placed()).toEqual(['p'])
})

async function* nothing(): AsyncGenerator<string> {}
