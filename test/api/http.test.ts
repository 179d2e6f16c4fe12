import { expect, test } from 'vitest'
import type { ExplainAnswer, Explanation } from '../../api/explanation.ts'
import type { Reports, SchedulerView } from '../../api/http/reports.ts'
import { parseListen } from '../../api/http/listen.ts'
import { reportServer } from '../../api/http/server.ts'

const told = {
  gangs: [
    {
      namespace: 'a',
      name: 'g',
      phase: 'Pending',
      placementScore: null,
      reason: 'DomainTooSmall',
      message: 'no rack fits',
      shortfalls: [{ domain: 'r1', podsFitting: 2 }],
    },
  ],
  pods: [
    {
      namespace: 'a',
      name: 'p',
      podGang: 'g',
      podGroup: 'w',
      node: null,
      phase: 'Pending',
      reason: 'DomainTooSmall',
      message: 'no rack fits',
    },
  ],
  topologyErrors: ['topology.yaml:3:1: wrong'],
}
const view: SchedulerView = {
  gangs: () => told.gangs,
  pods: () => told.pods,
  gang: (namespace, name) => told.gangs.find((each) => each.namespace === namespace && each.name === name) ?? null,
  topologyErrors: () => told.topologyErrors,
}
const of = (scheduler: SchedulerView | null, isReady = true, explained: ExplainAnswer | null = null): Reports => ({
  scheduler: () => scheduler,
  explain: () => explained,
  isReady: () => isReady,
  metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: () => Promise.resolve('up 1\n') },
})
const get = async (reports: Reports, url: string): Promise<[number, unknown]> => {
  const { statusCode, body } = await reportServer(reports).inject({ method: 'GET', url })
  return [statusCode, JSON.parse(body) as unknown]
}

test('a gang is reported with its reason and what was short per domain', async () => {
  expect(await get(of(view), '/v1/gangs/a/g')).toEqual([200, told.gangs[0]])
  expect(await get(of(view), '/v1/gangs')).toEqual([200, told.gangs])
  expect(await get(of(view), '/v1/pods')).toEqual([200, told.pods])
  expect(await get(of(view), '/v1/topology')).toEqual([200, { errors: told.topologyErrors }])
})

test('a report of 50,000 pods is whole, and timers run while it is worked out', async () => {
  const one = told.pods[0]!
  const workedOut = function* (): Generator<(typeof told.pods)[0]> {
    for (let i = 0; i < 50_000; i++) yield { ...one, name: `p${i}` }
  }
  let looks = 0
  const timer = setInterval(() => looks++, 1)
  const [status, pods] = await get(of({ ...view, pods: workedOut }), '/v1/pods')
  clearInterval(timer)
  expect([status, (pods as unknown[]).length, (pods as { name: string }[])[49_999]?.name]).toEqual([
    200,
    50_000,
    'p49999',
  ])
  expect(looks).toBeGreaterThan(10)
  expect(await get(of({ ...view, pods: () => [] }), '/v1/pods')).toEqual([200, []])
})

test('what is not there is a 404 with a code and a sentence', async () => {
  expect(await get(of(view), '/v1/gangs/a/none')).toEqual([404, { code: 'GangNotFound', message: 'no PodGang a/none' }])
  expect(await get(of(view), '/nothing')).toEqual([404, { code: 'NoSuchPath', message: 'nothing at /nothing' }])
})

test('a replica that does not lead says so instead of answering from an empty cache', async () => {
  for (const url of ['/v1/gangs', '/v1/gangs/a/g', '/v1/pods', '/v1/topology']) {
    expect([url, (await get(of(null), url))[0]]).toEqual([url, 503])
  }
})

const short = { resource: 'nvidia.com/gpu', amount: 8, text: '8' }
const fit = { domain: 'r1', nodes: 2, podsFitting: 1, podsFittingEmpty: 2, short, excluded: { NodeUnschedulable: 1 } }
const change = {
  kind: 'uncordon',
  what: 'uncordon the node n1',
  touches: { pods: 0, nodes: 1 },
  outcome: 'fits',
} as const
const explanation: Explanation = {
  namespace: 'a',
  name: 'g',
  phase: 'Pending',
  verdict: 'refused',
  reason: 'DomainTooSmall',
  message: 'no rack fits',
  placementScore: null,
  groups: [{ name: 'w', minimum: 2, bound: 0, pending: 2, gated: 0 }],
  demands: [
    { groups: ['w'], pods: 2, requests: { 'nvidia.com/gpu': '8' }, nodes: 2, nodesPassing: 1, excluded: { X: 1 } },
  ],
  scopes: [
    {
      scope: 'gang',
      alike: ['b'],
      podsNeeded: 2,
      required: 'rack',
      pinnedTo: ['r1'],
      levels: [
        { level: 'rack', isRequired: true, domains: 1, domainsFitting: 0, nearest: [fit, { ...fit, short: null }] },
      ],
    },
  ],
  nearest: { scope: 'gang', level: 'rack', domain: 'r1', podsNeeded: 2, podsFitting: 1, short },
  changes: { smallest: change, tried: [change], notTried: [], unlisted: 0 },
  placement: [
    {
      scope: 'gang',
      pods: 2,
      required: null,
      preferred: 'rack',
      isPreferredByDefault: false,
      pinnedTo: [],
      levels: [
        {
          level: 'rack',
          wish: 'givenUp',
          domainsUsed: 2,
          domains: [{ domain: 'r1', pods: 1 }],
          bestNow: { domain: 'r1', podsFitting: 1 },
        },
      ],
    },
  ],
  betterScore: null,
}
const EXPLANATION = '/v1/gangs/a/g/explanation'

test('an explanation is sent whole, with its empty parts as null, and nothing else with it', async () => {
  const answer = (told: object): ExplainAnswer => ({ kind: 'explained', explanation: told as Explanation })
  expect(await get(of(view, true, answer(explanation)), EXPLANATION)).toEqual([200, explanation])
  const nothing = { ...explanation, nearest: null, changes: null }
  expect(await get(of(view, true, answer(nothing)), EXPLANATION)).toEqual([200, nothing])
  const unnamed = { ...explanation, pods: ['secret'], scopes: [{ ...explanation.scopes[0], victims: ['secret'] }] }
  expect(JSON.stringify(await get(of(view, true, answer(unnamed)), EXPLANATION))).not.toContain('secret')
})

test('no explanation: the gang is not there, others ask at the same time, or another replica leads', async () => {
  expect((await get(of(view, true, { kind: 'unknown' }), EXPLANATION))[0]).toBe(404)
  expect((await get(of(view), EXPLANATION))[0]).toBe(503)
  const busy = reportServer(of(view, true, { kind: 'busy', retryAfterMs: 1_200 }))
  const { statusCode, headers } = await busy.inject({ method: 'GET', url: EXPLANATION })
  expect([statusCode, headers['retry-after']]).toEqual([429, '2'])
})

test('health is always told, readiness only when the caches are warm', async () => {
  expect((await get(of(view, false), '/healthz'))[0]).toBe(200)
  expect((await get(of(view, false), '/readyz'))[0]).toBe(503)
  expect((await get(of(view, true), '/readyz'))[0]).toBe(200)
})

test('metrics come as the text that Prometheus reads', async () => {
  const { statusCode, headers, body } = await reportServer(of(null)).inject({ method: 'GET', url: '/metrics' })
  expect([statusCode, headers['content-type'], body]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
    'up 1\n',
  ])
})

test('where to listen is read from host and port', () => {
  expect(parseListen('127.0.0.1:8080')).toEqual({ host: '127.0.0.1', port: 8080 })
  expect(parseListen(':8080')).toEqual({ host: '0.0.0.0', port: 8080 })
  expect(parseListen('[::1]:80')).toEqual({ host: '::1', port: 80 })
  for (const wrong of ['8080', 'a:b', 'a:70000', 'a:b:80']) expect(parseListen(wrong)).toBeNull()
})
