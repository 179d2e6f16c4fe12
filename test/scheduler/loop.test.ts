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
