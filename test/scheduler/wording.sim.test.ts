import { afterEach, expect, test } from 'vitest'
import type { HttpRequest } from '../../kube/transport.ts'
import { node, pod, simpleGang } from './objects.ts'
import { startWorld, type World } from './world.ts'

let world: World
afterEach(() => world.stop())

interface Told {
  readonly atMs: number
  readonly message: string
}

/** A gang of 10 on 8 seats, of which one is taken each second; what is written on the gang and its first pod. */
async function crowded(): Promise<{ readonly gang: Told[]; readonly first: Told[] }> {
  const told: { readonly gang: Told[]; readonly first: Told[] } = { gang: [], first: [] }
  const note = ({ method, path, body }: HttpRequest, atMs: number): void => {
    const of = path.includes('/podgangs/g/status') ? told.gang : path.includes('/pods/g-0/status') ? told.first : null
    if (method !== 'PATCH' || of === null) return
    const { conditions } = (JSON.parse(body ?? '') as { status: { conditions: { message: string }[] } }).status
    of.push({ atMs, message: conditions[0]?.message ?? '' })
  }
  world = await startWorld({
    nodes: [node('n', { gpus: 8 })],
    wrap: (transport, clock) => ({
      stream: (request) => transport.stream(request),
      close: () => transport.close(),
      request: (request) => {
        note(request, clock.monotonicMs())
        return transport.request(request)
      },
    }),
  })
  await world.create(...simpleGang('g', 10, 10))
  for (let at = 0; at < 6; at++) {
    await world.pass(2_000)
    await world.create(pod(`f${at}`))
  }
  await world.pass(60_000)
  return told
}

test('new counts of a reason that stays are told every ten seconds at most, and the last of them are', async () => {
  for (const told of Object.values(await crowded()) as Told[][]) {
    expect(told[0]?.message).toContain('8 of 10 pods')
    expect(told.at(-1)?.message).toContain('2 of 10 pods')
    expect(told.length).within(2, 4)
    const gapsMs = told.slice(1).map(({ atMs }, at) => atMs - (told[at]?.atMs ?? 0))
    expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(10_000)
  }
})

test('another reason is told at once', async () => {
  const told: string[] = []
  world = await startWorld({ nodes: [node('n', { gpus: 8 })] })
  const reasonOf = async (): Promise<string> => {
    const found = (await world.pods()).find(({ metadata }) => metadata.name === 'g-0')
    return found?.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message?.split(':')[0] ?? ''
  }
  const [podGang, ...pods] = simpleGang('g', 10, 10)
  await world.create(...[podGang, ...pods.slice(0, 9)].filter((each) => each !== undefined))
  await world.pass(2_000)
  told.push(await reasonOf())
  await world.create(...pods.slice(9))
  await world.pass(1_500)
  told.push(await reasonOf())
  expect(told).toEqual(['WaitingForPods', 'InsufficientResources'])
})
