import { afterEach, expect, test } from 'vitest'
import type { PodGang } from '../../api/generated/kinds.ts'
import { POD_GANGS } from '../../kube/resources.ts'
import type { HttpRequest } from '../../kube/transport.ts'
import { node, simpleGang } from './objects.ts'
import { startWorld, type World } from './world.ts'

let world: World
afterEach(() => world.stop())

test('of many gangs placed at once the first are told of before their pods are ready, the rest when they are', async () => {
  const told: PodGang['status'][] = []
  const note = ({ method, path, body }: HttpRequest): void => {
    if (method !== 'PATCH' || !/\/podgangs\/[^/]+\/status/.test(path)) return
    told.push((JSON.parse(body ?? '') as PodGang).status)
  }
  world = await startWorld({
    nodes: [node('n1', { gpus: 200 })],
    wrap: (transport) => ({
      stream: (request) => transport.stream(request),
      close: () => transport.close(),
      request: (request) => {
        note(request)
        return transport.request(request)
      },
    }),
  })
  const names = Array.from({ length: 100 }, (_, at) => `g${at}`)
  await world.create(...names.flatMap((name) => simpleGang(name, 1, 1)))
  await world.settle()
  const starting = told.filter((status) => status?.phase === 'Starting')
  expect(starting.length).toBeGreaterThanOrEqual(20)
  expect(starting.length).toBeLessThan(40)
  const page = await world.during(world.client.list<PodGang>(POD_GANGS))
  const phases = page.kind === 'ok' ? page.value.items.map(({ status }) => status?.phase) : []
  expect(phases).toEqual(Array(100).fill('Running'))
})
