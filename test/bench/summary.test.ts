import { expect, test } from 'vitest'
import { reportOf } from '../../bench/report/page.ts'
import { curveOf, type Figures, type RoundResult, spreadOf } from '../../bench/runs/result.ts'
import { summarise } from '../../bench/runs/summary.ts'
import { tableOf } from '../../bench/runs/table.ts'
import { MEASURES } from '../../bench/scenario/scenario.ts'

const figures: Figures = {
  pods: 100,
  nodes: 10,
  ms: 1_000,
  podsPerSecond: 100,
  firstMs: 5,
  gangMs: { median: 10, p95: 20, most: 30 },
  schedulerCpuMs: 200,
  apiServerCpuMs: 300,
  etcdCpuMs: null,
  schedulerMegabytes: 90,
  apiServerMegabytes: 400,
  writes: { 'pods/binding': 100 },
  writesPerPod: 1,
  domainsPerGang: { rack: 1.5 },
  domainCounts: { 1: 5, 2: 5 },
  brokenPreferences: 0,
  partialGangs: 0,
  brokenUntold: 3,
  curve: [
    [0, 1],
    [1_000, 100],
  ],
  trace: null,
}

const result = (peer: string, round: number, outcome: RoundResult['outcome']): RoundResult => ({
  scenario: 'some',
  depth: 'control-plane',
  peer,
  round,
  seed: 1,
  fingerprint: 'x',
  startedAt: '2026-01-01T00:00:00Z',
  load: [0, 0],
  measure: MEASURES,
  outcome,
})
const at = (podsPerSecond: number): RoundResult['outcome'] => ({
  kind: 'measured',
  figures: { ...figures, podsPerSecond, schedulerCpuMs: podsPerSecond },
})
const rounds = [
  ...[300, 100, 200].map((rate, i) => result('espalier', i + 1, at(rate))),
  ...[50, 60, 40].map((rate, i) => result('kube-pods', i + 1, at(rate))),
  result('kube-podgroup', 1, { kind: 'unbound', bound: 7, of: 100, seconds: 60, words: '' }),
  result('kube-podgroup', 2, { kind: 'skipped', reason: 'round 1' }),
  result('kube-composite', 1, at(900)),
  result('kube-composite', 2, { kind: 'wrong', faults: ['node-1 has 8 gpu, 9 are used'] }),
]

test('a row has the medians, the spread, and the ratio to ours', () => {
  const [ours, theirs] = summarise(rounds)
  expect(ours).toMatchObject({ peer: 'espalier', rounds: 3, slowest: 100, fastest: 300, ofOurs: null, failure: null })
  expect(ours!.figures).toMatchObject({ podsPerSecond: 200, schedulerCpuMs: 200, gangMs: { median: 10 } })
  expect(theirs).toMatchObject({ peer: 'kube-pods', slowest: 40, fastest: 60, ofOurs: 0.25 })
})

test('one that left pods unbound or was wrong once has no figures, in table and report', () => {
  const rows = summarise(rounds)
  expect(rows.slice(2).map(({ figures: none, failure }) => [none, failure])).toEqual([
    [null, '7 of 100 pods bound after 60 s'],
    [null, 'node-1 has 8 gpu, 9 are used'],
  ])
  const table = tableOf(rows).join('\n')
  expect(table).toContain('some (control-plane), kube-podgroup: not timed, 7 of 100 pods bound after 60 s')
  expect(table).not.toContain('900')
  expect(reportOf(rows, null)).toContain('not timed: node-1 has 8 gpu, 9 are used')
})

test('a round that broke leaves the figures of the others, and is told where there are none', () => {
  const broken = (round: number): RoundResult =>
    result('kube-pods', round, { kind: 'failed', message: 'connect ECONNREFUSED' })
  const [row] = summarise([broken(1), result('kube-pods', 2, at(50))])
  expect(row).toMatchObject({ rounds: 1, failure: null, figures: { podsPerSecond: 50 } })
  expect(summarise([broken(1)])[0]).toMatchObject({ failure: 'the round broke: connect ECONNREFUSED', figures: null })
})

test('what a scenario does not measure is shown neither in the table nor in the report', () => {
  const shown = (measure: RoundResult['measure']): string => {
    const rows = summarise(['espalier', 'kube-pods'].map((peer) => ({ ...result(peer, 1, at(4_321)), measure })))
    return tableOf(rows).join('\n') + reportOf(rows, null)
  }
  expect(shown(MEASURES)).toMatch(/4321 .*10\/20/)
  expect(shown(MEASURES)).toContain('Time to bound')
  expect(shown(MEASURES)).toContain('Processor time')
  const domainsAlone = shown(['domains'])
  expect(domainsAlone).not.toMatch(/4321|4,321|10\/20/)
  expect(domainsAlone).not.toMatch(/Time to bound|Processor time/)
  expect(domainsAlone).toContain('Domains per gang')
})

test('what a name says is text in the report, never markup', () => {
  const page = reportOf(summarise([result('<script>', 1, at(10))]), null)
  expect(page).not.toContain('<script')
  expect(page).toContain('&lt;script&gt;')
})

test('of an even number of rounds the median lies between the two in the middle', () => {
  const [ours] = summarise(rounds.slice(0, 2))
  expect(ours!.figures).toMatchObject({ podsPerSecond: 200, schedulerCpuMs: 200 })
})

test('spreads and curves of few and of many', () => {
  expect(spreadOf([])).toEqual({ median: 0, p95: 0, most: 0 })
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, p95: 3, most: 3 })
  const curve = curveOf(
    Array.from({ length: 1_001 }, (_, i) => i * 2),
    0,
  )
  expect(curve.length).toBeLessThanOrEqual(121)
  expect(curve.at(-1)).toEqual([2_000, 1_001])
})
