import { describe, expect, test } from 'vitest'
import { Baseline, type Rival } from '../../bench/occupancy/rivals.ts'
import { podGang } from '../../bench/peers/pod-gang.ts'
import type { ClusterShape, TraceWork } from '../../bench/scenario/scenario.ts'
import { runCourse } from '../../bench/traces/course.ts'
import { TRACE_FILES } from '../../bench/traces/files.ts'
import { jobsOf, type TraceJob } from '../../bench/traces/jobs.ts'
import { fewestDomains, levelFor } from '../../bench/traces/packs.ts'
import { rivalOf } from '../../bench/traces/rivals.ts'
import { worldOf } from '../../bench/traces/world.ts'

const racks: ClusterShape = {
  levels: [
    { name: 'block', count: 2 },
    { name: 'rack', count: 2 },
  ],
  nodes: 4,
  node: { gpu: 4, cpu: 64, memoryGi: 512, pods: 110 },
}
const work = (file: string, changes: Partial<TraceWork> = {}): TraceWork => ({
  file,
  topology: 'cluster',
  gpusPerPod: 4,
  packs: 'required',
  days: 365,
  load: 0.9,
  ...changes,
})
const world = worldOf({ topology: 'cluster' }, racks)
const job = (name: string, pods: number, arrivesMs: number, durationMs = 3_600_000): TraceJob => ({
  name,
  pods,
  gpusAPod: 4,
  arrivesMs,
  durationMs,
})

describe('traces', () => {
  test('every file gives its jobs, in order, at the load that was asked for', () => {
    const counts = TRACE_FILES.map((file) => jobsOf(work(file), 1_000).length)
    expect(counts).toEqual([992, 2_396, 60])
    const jobs = jobsOf(work('philly-muri/trace3.csv'), 1_000)
    const asked = jobs.reduce((sum, each) => sum + each.pods * each.gpusAPod * each.durationMs, 0)
    expect(asked / (1_000 * jobs.at(-1)!.arrivesMs)).toBeCloseTo(0.9, 1)
    expect(jobs.every((each, i) => i === 0 || each.arrivesMs >= jobs[i - 1]!.arrivesMs)).toBe(true)
    expect(Math.max(...jobs.map(({ pods }) => pods))).toBe(8)
  })

  test('lingjun has its 847 hosts in 119 ragged racks under three switches', () => {
    const { nodes, levels } = worldOf({ topology: 'lingjun' }, racks)
    expect(nodes).toHaveLength(847)
    expect(levels.map(({ level, domains }) => [level, domains.length])).toEqual([
      ['block', 3],
      ['rack', 119],
    ])
    expect(new Set(levels[1]!.domains.map(({ length }) => length))).toEqual(new Set([2, 3, 4, 5, 6, 7, 8]))
  })

  test('a job is packed into the narrowest level that can hold it', () => {
    expect([1, 4, 5, 8, 9].map((pods) => levelFor(job('j', pods, 0), world))).toEqual([
      'rack',
      'rack',
      'block',
      'block',
      null,
    ])
    expect([4, 5, 9].map((pods) => fewestDomains(job('j', pods, 0), world))).toEqual([1, 2, 3])
  })

  test('waiting, occupancy and domains come out as by hand', () => {
    // Two jobs of a rack each fill block 0 or one rack of each; the third needs both racks of a block; the last ends the count.
    const jobs = [job('a', 4, 0), job('b', 4, 0), job('c', 8, 0), job('d', 8, 1_800_000), job('e', 1, 7_200_000)]
    for (const name of ['espalier', 'greedy']) {
      const figures = runCourse(rivalOf(name, world, 'required'), {
        world,
        jobs,
        packs: 'required',
        words: podGang.words,
      })
      expect(figures).toMatchObject({ jobs: 5, started: 5, evictions: 0, domainsByFewest: 1 })
      expect(figures.waitMinutes.most).toBe(30)
      expect(figures.occupancyPercent).toBe(75)
    }
  })

  test('the three schedulers run the same trace, and a rack is kept by those who know of it', () => {
    const jobs = jobsOf(work('tiresias/60_job.csv', { load: 1.5 }), 64)
    const course = { world, jobs, packs: 'required' as const, words: podGang.words }
    const own = runCourse(rivalOf('espalier', world, 'required'), course)
    const greedy = runCourse(rivalOf('greedy', world, 'required'), course)
    const blind = runCourse(rivalOf('blind', world, 'required'), {
      ...course,
      words: { ...podGang.words, required: 'nothing' },
    })
    expect([own.started, greedy.started, blind.started]).toEqual([60, 60, 60])
    expect(own.waitMinutes.most).toBeGreaterThan(0)
    expect(own.domainsByFewest).toBe(1)
    expect(blind.domainsByFewest).toBeGreaterThanOrEqual(own.domainsByFewest)
  })

  test('the judge finds one out that keeps no racks, and one that over-commits', () => {
    const all = world.nodes.map((_, at) => at)
    const scattering = (): Rival<TraceJob> =>
      new Baseline<TraceJob>('scattering', all.length, 4, () => [all.filter((at) => at % 4 === 0)])
    const course = { world, jobs: [job('a', 4, 0), job('b', 1, 1)], packs: 'required' as const, words: podGang.words }
    expect(() => runCourse(scattering(), course)).toThrow(/scattering: a lies in 4 domains of rack/)
    const greedyNodes = (): Rival<TraceJob> => new Baseline<TraceJob>('crowding', all.length, 400, () => [[0]])
    expect(() => runCourse(greedyNodes(), course)).toThrow(/crowding: node-00000 has 4 nvidia.com\/gpu, 16 are used/)
  })
})
