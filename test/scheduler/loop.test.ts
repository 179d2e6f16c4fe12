import { expect, test } from 'vitest'
import { silentLog } from '../../kube/log.ts'
import { Loop, type LoopOptions } from '../../scheduler/loop.ts'
import { NO_METRICS } from '../../scheduler/metrics.ts'
import { ClusterState } from '../../scheduler/state/cluster.ts'
import { VirtualClock } from '../../sim/clock.ts'

test('a gang that cannot be looked at keeps no other from it, and is looked at again with the next round', async () => {
  const clock = new VirtualClock()
  const cluster = new ClusterState(['espalier'])
  const seen: string[] = []
  const refresh = (key: string): null => {
    seen.push(key)
    if (key === 'default/a') throw new Error('a defect')
    return null
  }
  const book = { get: () => undefined, refresh }
  const fakes = { client: {}, binder: {}, gather: {}, status: {}, surplus: {}, plan: () => null }
  const rest = { clock, cluster, log: silentLog, metrics: NO_METRICS, defaultPack: 'none', maxSteps: 1 }
  const loop = new Loop({ ...rest, ...fakes, book } as unknown as LoopOptions)
  cluster.gangs.touch('default/a')
  cluster.gangs.touch('default/b')
  loop.start()
  await clock.runUntil(() => false, { maxVirtualMs: 50_000 })
  expect(seen).toEqual(['default/a', 'default/b'])
  await clock.runUntil(() => false, { maxVirtualMs: 20_000 })
  expect(seen).toEqual(['default/a', 'default/b', 'default/a'])
  await loop.stop()
})

test('thousands of gangs are looked at in turns of 20 ms, each once, and what comes meanwhile waits for the next sweep', async () => {
  const clock = new VirtualClock()
  const monotonicMs = clock.monotonicMs.bind(clock)
  const cluster = new ClusterState(['espalier'])
  const seen: string[] = []
  let workMs = 0
  clock.monotonicMs = () => monotonicMs() + workMs
  const refresh = (key: string): null => {
    seen.push(key)
    workMs += 15
    if (key === 'a') cluster.gangs.touch('late')
    return null
  }
  const book = { get: () => undefined, refresh }
  const metrics = { ...NO_METRICS, turned: () => void seen.push('|') }
  const fakes = { client: {}, binder: {}, gather: {}, status: {}, surplus: {}, plan: () => null }
  const rest = { clock, cluster, log: silentLog, metrics, defaultPack: 'none', maxSteps: 1 }
  const loop = new Loop({ ...rest, ...fakes, book } as unknown as LoopOptions)
  for (const key of ['a', 'b', 'c', 'd', 'e']) cluster.gangs.touch(key)
  loop.start()
  await clock.runUntil(() => false, { maxVirtualMs: 1_000 })
  expect(seen.join(' ')).toBe('a b | c d | e | late |')
  await loop.stop()
})
