import { afterEach, expect, test } from 'vitest'
import type { PodGang } from '../../api/generated/kinds.ts'
import { sleep } from '../../kube/clock.ts'
import { POD_CLIQUE_SETS, POD_GANGS } from '../../kube/resources.ts'
import { type Harness, startHarness } from './harness.ts'
import { oneCliqueYaml } from './workloads.ts'

/** How long a gang is not made because its pods are not there. */

let at: Harness | null = null
afterEach(() => at?.stop())

const makesPod = ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
  method === 'POST' && /\/pods(\?|$)/.test(path)

test('while no pod of it was made yet it is not made either, and is written once with all of them', async () => {
  const made = (at = await startHarness({
    through: (transport) => ({
      stream: (request) => transport.stream(request),
      close: () => transport.close(),
      request: async (request) => {
        if (makesPod(request)) await sleep(made.clock, 5_000, 'work')
        return transport.request(request)
      },
    }),
  }))
  await made.apply(POD_CLIQUE_SETS, oneCliqueYaml(1))
  await made.clock.runFor(4_000)
  expect(await made.list(POD_GANGS)).toEqual([])
  await made.settle()
  const [gang] = await made.list<PodGang>(POD_GANGS)
  expect(gang?.spec.podgroups.map(({ podReferences }) => podReferences.length)).toEqual([1])
  expect(made.writes.filter((write) => /^PATCH .*\/podgangs\/[^/]+$/.test(write))).toEqual([])
})

test('it is made soon where its pods are refused, and says so', async () => {
  const made = (at = await startHarness())
  made.cluster.server.setIntercept((request) => (makesPod(request) ? { status: 403, reason: 'Forbidden' } : 'pass'))
  await made.apply(POD_CLIQUE_SETS, oneCliqueYaml(2))
  await made.clock.runFor(6_000)
  const [gang] = await made.list<PodGang>(POD_GANGS)
  expect(gang?.status?.conditions?.find(({ type }) => type === 'Initialized')?.status).toBe('False')
})

test('nothing is waited for any more a few seconds after all is ready', async () => {
  const made = (at = await startHarness())
  await made.apply(POD_CLIQUE_SETS, oneCliqueYaml(2))
  const beganMs = made.clock.monotonicMs()
  await made.settle()
  expect(made.clock.monotonicMs() - beganMs).toBeLessThan(4_000)
})
