import { describe, expect, test } from 'vitest'
import type { NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE, SCALING_GROUP, SCALING_GROUP_REPLICA_INDEX } from '../../api/names.ts'
import { podGang } from '../../bench/peers/pod-gang.ts'
import type { Delta } from '../../kube/reflector/types.ts'
import type { ClusterShape, Scenario, ServingWork } from '../../bench/scenario/scenario.ts'
import { runServing, type ServingCourse } from '../../bench/serving/course.ts'
import { Ledger } from '../../bench/serving/ledger.ts'
import { busiest, demandOf, rateAt } from '../../bench/serving/load.ts'
import { runServingRound } from '../../bench/serving/round.ts'
import { GPUS_A_COPY, objectsOf, servicesOf } from '../../bench/serving/service.ts'
import { BLIND } from '../../bench/traces/round.ts'
import { worldOf } from '../../bench/traces/world.ts'

const cluster: ClusterShape = {
  levels: [{ name: 'rack', count: 6 }],
  nodes: 12,
  node: { gpu: 4, cpu: 140, memoryGi: 944, pods: 110 },
}
const serving: ServingWork = { file: 'servegen/load.csv', hours: 1, packs: 'required', load: 1.5 }
const scenario = (changes: Partial<Scenario> = {}): Scenario => ({
  name: 'serving',
  summary: 'a test',
  source: null,
  depths: ['trace'],
  sets: [],
  cluster,
  workload: { kind: 'serving', serving },
  seed: 1,
  rounds: 1,
  limitSeconds: 600,
  peers: ['espalier'],
  measure: ['occupancy'],
  expect: { bound: 10, domainsPerGangAtMost: {} },
  ...changes,
})
const course = (scheduler: ServingCourse['scheduler'], changes: Partial<ServingWork> = {}): ServingCourse => ({
  scenario: scenario(),
  serving: { ...serving, ...changes },
  scheduler,
  words: scheduler === 'blind' ? BLIND : podGang.words,
  signal: new AbortController().signal,
  tell: () => {},
})

describe('request rates', () => {
  test('every model has its windows, gaps hold what was before, and what is short begins anew', () => {
    const day = demandOf('servegen/load.csv', 24)
    expect(day.map(({ model, rates }) => [model, rates.length])).toEqual(
      ['deepseek-r1', 'm-large', 'm-mid', 'm-small', 'mm-image'].map((model) => [model, 144]),
    )
    const fortnight = demandOf('servegen/load.csv', 336)
    expect(fortnight.every(({ rates }) => rates.length === 2_016 && rates.every((rate) => rate > 0))).toBe(true)
    const [r1] = fortnight
    expect(r1!.rates.slice(144, 288)).toEqual(r1!.rates.slice(0, 144))
    expect([0, 599_999, 600_000, 1e12].map((ms) => rateAt(r1!, ms))).toEqual(
      [0, 0, 1, 2_015].map((at) => r1!.rates[at]),
    )
  })

  test('at the busiest moment all together ask for the load', () => {
    const demands = demandOf('servegen/load.csv', 24)
    const services = servicesOf(demands, 0.8, 1_000)
    const asked = demands[0]!.rates.map((_, i) =>
      services.reduce((sum, { demand, ratePerCopy }) => sum + (demand.rates[i]! / ratePerCopy) * GPUS_A_COPY, 0),
    )
    expect(Math.max(...asked)).toBeCloseTo(800, 6)
    expect(busiest(demands)).toBeLessThan(demands.length)
    const peaks = services.map(({ demand, ratePerCopy }) => Math.max(...demand.rates) / ratePerCopy)
    for (const peak of peaks) expect(peak).toBeCloseTo(peaks[0]!, 6)
  })

  test('no cluster is so large that its services may not have the copies that their load asks for', () => {
    const services = servicesOf(demandOf('servegen/load.csv', 24), 1, 100_000)
    for (const service of services) {
      const asked = Math.max(...service.demand.rates) / service.ratePerCopy
      const [, autoscaler] = objectsOf(service, 'default', 'espalier', 'required', 'rack')
      const { maxReplicas } = (autoscaler as { spec?: unknown }).spec as { maxReplicas: number }
      expect(asked).toBeGreaterThan(100)
      expect(maxReplicas).toBeGreaterThanOrEqual(asked)
      expect(maxReplicas).toBeLessThan(asked + 1)
    }
  })

  test('a set says how each of its levels is scaled and where an engine may lie', () => {
    const [service] = servicesOf(demandOf('servegen/load.csv', 24), 0.8, 1_000)
    const [set, autoscaler] = objectsOf(service!, 'default', 'espalier', 'preferred', 'rack')
    expect(set).toMatchObject({
      kind: 'PodCliqueSet',
      spec: {
        template: {
          cliques: [
            { name: 'encode', spec: { autoScalingConfig: { minReplicas: 1, maxReplicas: 4 } } },
            {},
            {},
            {},
            {},
          ],
          podCliqueScalingGroups: [
            { name: 'prefill', scaleConfig: { maxReplicas: 3 }, topologyConstraint: { pack: { preferred: 'rack' } } },
            { name: 'decode', scaleConfig: { maxReplicas: 2 } },
          ],
        },
      },
    })
    expect(autoscaler).toMatchObject({ spec: { scaleTargetRef: { kind: 'PodCliqueSet', name: 'deepseek-r1' } } })
  })
})

describe('services in virtual time', () => {
  test('the three levels follow the load, engines are kept whole and in a rack, and the work is told', async () => {
    const own = await runServing(course('espalier'))
    expect(own.serving!.scaled.sets).toBeGreaterThan(0)
    expect(own.serving!.scaled.groups).toBeGreaterThan(0)
    expect(own.serving!.scaled.cliques).toBeGreaterThan(0)
    expect(own).toMatchObject({ domainsByFewest: 1, brokenPreferences: 0, evictions: 0 })
    expect(own.started).toBeGreaterThan(30)
    expect(own.occupancyPercent).toBeGreaterThan(40)
    expect(own.serving!.notReadyPercent).toBeGreaterThan(0)
    expect(own.serving!.wholeMinutes.mean).toBeGreaterThanOrEqual(own.waitMinutes.mean)
  }, 120_000)

  test('the baselines serve the same load; the blind one breaks preferences that the others keep', async () => {
    const [greedy, blind] = [
      await runServing(course('greedy', { packs: 'preferred' })),
      await runServing(course('blind', { packs: 'preferred' })),
    ]
    expect(greedy).toMatchObject({ domainsByFewest: 1, brokenPreferences: 0 })
    expect(blind.brokenPreferences).toBeGreaterThan(0)
    expect(blind.started).toBeGreaterThan(30)
  }, 120_000)

  test('a round that did less than its scenario expects is not timed', async () => {
    const more = scenario({ expect: { bound: 100_000, domainsPerGangAtMost: {} } })
    const outcome = await runServingRound(more, serving, 'blind', AbortSignal.abort(), () => {})
    expect(outcome).toMatchObject({ kind: 'unbound', bound: 0, of: 100_000 })
  }, 60_000)
})

test('a round that takes longer than its scenario allows is told as one that broke, and no figure is shown', async () => {
  const short = scenario({ limitSeconds: 0.001 })
  const outcome = await runServingRound(short, serving, 'greedy', new AbortController().signal, () => {})
  expect(outcome).toEqual({ kind: 'failed', message: 'not at its end after 0.001 s' })
}, 60_000)

describe('the ledger', () => {
  const world = worldOf({ topology: 'cluster' }, cluster)
  const labels = { [SCALING_GROUP]: 'm-0-prefill', [SCALING_GROUP_REPLICA_INDEX]: '1' }
  const pod = (name: string, node: string, isReady: boolean): Pod =>
    ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, uid: name, labels },
      spec: {
        ...(node === '' ? {} : { nodeName: node }),
        containers: [{ name: 'a', resources: { requests: { [GPU_RESOURCE]: '4' } } }],
      },
      status: isReady ? { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } : { phase: 'Pending' },
    }) as unknown as Pod
  const added = (object: Pod): Delta<Pod> => ({ kind: 'added', object, before: null })
  const updated = (before: Pod, object: Pod): Delta<Pod> => ({ kind: 'updated', object, before })
  const nameOf = (at: number): string => (world.nodes[at] as NewObject).metadata.name ?? ''

  test('waiting, getting whole, GPU time and racks come out as by hand', () => {
    let nowMs = 0
    const ledger = new Ledger(world, 'preferred', () => nowMs)
    const [a, b] = [pod('a', '', false), pod('b', '', false)]
    ledger.take(added(a))
    nowMs = 60_000
    ledger.take(added(b))
    nowMs = 180_000
    const bound = [pod('a', nameOf(0), false), pod('b', nameOf(18), false)]
    ledger.take(updated(a, bound[0]!))
    ledger.take(updated(b, bound[1]!))
    nowMs = 240_000
    ledger.take(updated(bound[0]!, pod('a', nameOf(0), true)))
    ledger.take(updated(bound[1]!, pod('b', nameOf(18), true)))
    nowMs = 480_000
    ledger.sample()
    nowMs = 3_600_000
    ledger.closeHour()
    const figures = ledger.figures()
    expect(figures).toMatchObject({ jobs: 1, started: 1, domainsByFewest: 2, brokenPreferences: 1 })
    expect(figures.waitMinutes.mean).toBe(2)
    expect(figures.serving.wholeMinutes.mean).toBe(3)
    // 8 GPUs for 3,420 of 3,600 s, of 288; asked for 4 for 60 s and 8 for 3,540 s; Ready 8 for 3,360 s.
    const inUse = (100 * 8 * 3_420) / (288 * 3_600)
    expect(figures.occupancyPercent).toBeCloseTo(inUse, 2)
    expect(figures.occupancy).toEqual([[1, Number(inUse.toFixed(2))]])
    expect(figures.fragmentationPercent).toBe(0)
    expect(figures.serving.notReadyPercent).toBeCloseTo(100 * (1 - (8 * 3_360) / (4 * 60 + 8 * 3_540)), 2)
  })

  test('a node that gets more than it has is found out at once', () => {
    const ledger = new Ledger(world, 'required', () => 0)
    ledger.take(added(pod('a', nameOf(0), false)))
    expect(() => ledger.take(added(pod('b', nameOf(0), false)))).toThrow(/has 4 GPUs, 8 are used/)
  })
})
