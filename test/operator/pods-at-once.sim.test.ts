import { afterEach, expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { sleep } from '../../kube/clock.ts'
import { POD_CLIQUE_SETS, PODS } from '../../kube/resources.ts'
import { type Harness, startHarness } from './harness.ts'
import { oneCliqueYaml } from './workloads.ts'

let at: Harness | null = null
afterEach(() => at?.stop())

test('pods of a template are made all at once where one was let through, and one by one again after a refusal', async () => {
  const ANSWER_MS = 100
  let underWay = 0
  let most = 0
  const made = (at = await startHarness({
    through: (transport) => ({
      stream: (request) => transport.stream(request),
      close: () => transport.close(),
      request: async (request) => {
        if (request.method !== 'POST' || !/\/pods(\?|$)/.test(request.path)) return transport.request(request)
        most = Math.max(most, ++underWay)
        await sleep(made.clock, ANSWER_MS, 'work')
        const answer = await transport.request(request)
        underWay--
        return answer
      },
    }),
  }))
  const mostOf = async (replicas: number, ms: number): Promise<number> => {
    most = 0
    await made.patch(POD_CLIQUE_SETS, 's', { spec: { replicas } }, 'scale')
    await made.clock.runFor(ms)
    return most
  }
  await made.apply(POD_CLIQUE_SETS, oneCliqueYaml(8))
  await made.clock.runFor(5_000)
  expect(most, '1, 2, 4, and the last').toBe(4)
  expect(await mostOf(2, 2_000)).toBe(8)
  made.cluster.server.setIntercept(({ method, path }) =>
    method === 'POST' && /\/pods(\?|$)/.test(path) ? { status: 403, reason: 'Forbidden' } : 'pass',
  )
  expect(await mostOf(3, ANSWER_MS * 2)).toBe(8)
  most = 0
  await made.clock.runFor(5_000)
  expect(most, 'no more are tried than tell whether it is so').toBe(1)
  made.cluster.server.setIntercept(null)
  await made.settle()
  expect(await made.list<Pod>(PODS)).toHaveLength(24)
})

test('gates that may not be lifted are tried one at a time after the first refusals, and lifted when they may be', async () => {
  const made = (at = await startHarness())
  let patches = 0
  made.cluster.server.setIntercept(({ method, path, body }) => {
    if (method !== 'PATCH' || !/\/pods\/[^/]+(\?|$)/.test(path) || !String(body).includes('schedulingGates'))
      return 'pass'
    patches++
    return { status: 403, reason: 'Forbidden' }
  })
  await made.apply(POD_CLIQUE_SETS, oneCliqueYaml(60))
  await made.clock.runFor(60_000)
  expect(patches).toBeGreaterThan(60)
  expect(patches).toBeLessThan(60 + 60)
  made.cluster.server.setIntercept(null)
  await made.settle()
  const pods = await made.list<Pod>(PODS)
  expect(pods.filter(({ spec }) => (spec.schedulingGates ?? []).length === 0)).toHaveLength(60)
})
