import { afterEach, expect, test } from 'vitest'
import { PODS } from '../../kube/resources.ts'
import { cliqueIn, refusingOne, UNSTARTABLE } from './half-bound.ts'
import { gang, node, pod, type PodForm } from './objects.ts'
import { startWorld, type World, type WorldOptions } from './world.ts'

let world: World
const start = async (options: WorldOptions): Promise<void> => {
  world = await startWorld(options)
}
afterEach(() => world.stop())

/** g-0 is on n1 already, g-1 can never be bound. `attempt`: what the writer of g-0 says of its binding. */
async function halfBoundByOthers(attempt: (gangUid: string) => string | null): Promise<void> {
  await start({ nodes: [node('n1')], wrap: refusingOne })
  const owner = await cliqueIn(world)
  await world.create(gang('g', [{ name: 'a', minimum: 2, pods: ['g-0', 'g-1'] }]))
  const text = attempt((await world.gang('g')).metadata.uid)
  const annotations = text === null ? {} : { annotations: { 'espalier.io/attempt': text } }
  const common = { gang: 'g', group: 'a', controller: owner } as const
  await world.create(
    pod('g-0', { ...common, nodeName: 'n1', spec: UNSTARTABLE, ...annotations }),
    pod('g-1', { ...common }),
  )
  await world.restart()
  await world.pass(180_000)
}

test('on a cluster that another scheduler has bound half of a gang in, nothing is evicted', async () => {
  await halfBoundByOthers(() => null)
  expect(await world.placed()).toEqual({ 'g-0': 'n1' })
})

test('a bind that somebody only claims to be ours is not undone', async () => {
  await halfBoundByOthers((uid) => `${uid}/1/first/2`)
  expect(await world.placed()).toEqual({ 'g-0': 'n1' })
})

test('a gang that is given back again and again is tried less and less often', async () => {
  await start({ nodes: [node('n1')], wrap: refusingOne })
  const owner = await cliqueIn(world)
  const form: PodForm = { gang: 'g', group: 'a', controller: owner, spec: UNSTARTABLE }
  await world.create(
    gang('g', [{ name: 'a', minimum: 2, pods: ['g-0', 'g-1'] }]),
    pod('g-0', form),
    pod('g-1', { ...form, spec: {} }),
  )
  const givenBackMs: number[] = []
  while (world.clock.monotonicMs() < 1_800_000) {
    await world.pass(1_000)
    if ((await world.pods()).some(({ metadata }) => metadata.name === 'g-0')) continue
    givenBackMs.push(world.clock.monotonicMs())
    await world.create(pod('g-0', form)) // as its controller does
  }
  const restsMs = givenBackMs.slice(1).map((ms, i) => ms - (givenBackMs[i] ?? 0))
  expect(givenBackMs.length).toBeGreaterThan(3)
  expect(givenBackMs.length).toBeLessThan(9)
  expect(restsMs.every((ms, i) => i < 2 || ms > (restsMs[i - 1] ?? 0) + 20_000)).toBe(true)
  const waits = world.scheduler.report().pods.find(({ name }) => name === 'g-0')
  expect(waits?.reason).toBe('GivenBack')
  expect((await world.client.get(PODS, { namespace: 'default', name: 'g-0' })).kind).toBe('ok')
})
