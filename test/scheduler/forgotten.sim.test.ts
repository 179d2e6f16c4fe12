import { afterEach, expect, test } from 'vitest'
import { POD_GANGS, PODS } from '../../kube/resources.ts'
import { node, pod, simpleGang } from './objects.ts'
import { startWorld, type World } from './world.ts'

let world: World
afterEach(() => world.stop())

test('of gangs and pods that are gone nothing that they were told is remembered', async () => {
  world = await startWorld({ nodes: [node('n', { gpus: 4 })] })
  await world.create(...simpleGang('placed', 2, 2), ...simpleGang('refused', 8, 8), pod('refused', { gpus: 8 }))
  await world.pass(5_000)
  expect(world.scheduler.audit().kept).toMatchObject({ entries: 3, told: 3 })
  for (const { metadata } of await world.pods()) {
    await world.during(world.client.delete(PODS, { namespace: 'default', name: metadata.name }, NOW))
  }
  for (const name of ['placed', 'refused']) {
    await world.during(world.client.delete(POD_GANGS, { namespace: 'default', name }, NOW))
  }
  await world.pass(120_000)
  expect(world.scheduler.audit().kept).toMatchObject({ entries: 0, told: 0 })
})

const NOW = { gracePeriodSeconds: 0 }
