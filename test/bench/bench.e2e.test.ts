import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Row } from '../../bench/runs/summary.ts'
import { espalier, type Finished, ROOT, runToEnd } from '../cli/espalier.ts'
import { type ControlPlane, NATIVE_GANGS, startControlPlane } from '../controlplane/control-plane.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-bench-test-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const bench = (...args: string[]): Promise<Finished> => espalier(['bench', ...args], { cwd: folder })

interface Line extends Row {
  readonly ms: number
  readonly ok: boolean
}
const linesOf = ({ out }: Finished): Line[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)

describe('the smoke set', () => {
  test('is measured without a control plane, is kept, and gives a report that needs no network', async () => {
    const first = await bench('run', '--set', 'smoke', '--depth', 'embedded', '-o', 'json')
    const planned = await bench('run', 'smoke-gangs', '--depth', 'planner', '-o', 'json')
    const traced = await bench('run', 'trace-tiresias', '-o', 'json')
    expect(
      [first, planned, traced].map(({ code }) => code),
      first.err + planned.err + traced.err,
    ).toEqual([0, 0, 0])
    const [gangs, set] = linesOf(first)
    expect(gangs).toMatchObject({ scenario: 'smoke-gangs', peer: 'espalier', ok: true, seed: 1, failure: null })
    expect(gangs!.figures).toMatchObject({ pods: 64, partialGangs: 0, brokenUntold: 0 })
    expect(set!.figures).toMatchObject({ pods: 72, domainsPerGang: { rack: 1 } })
    expect(linesOf(planned)[0]!.figures).toMatchObject({ pods: 64 })
    expect(linesOf(traced).map(({ peer, figures }) => [peer, figures?.trace?.started])).toEqual([
      ['blind', 60],
      ['espalier', 60],
      ['greedy', 60],
    ])
    const page = readFileSync(join(folder, '.espalier/bench/report.html'), 'utf8')
    expect(page).toContain('<svg')
    expect(page).not.toMatch(/(src|href)="|@import|url\(|<script|https?:/)

    const again = await bench('run', '--set', 'smoke', '--depth', 'embedded', '-o', 'json')
    expect(again.err).toContain('smoke-gangs (embedded): 1 rounds are there already')
    expect(again.out).toBe(first.out)
  }, 110_000)
})

test('npm run bench reaches the same scenarios', async () => {
  const { code, out } = await runToEnd(process.execPath, [join(ROOT, 'bench/run.ts'), 'list'])
  expect(code).toBe(0)
  expect(out).toMatch(/^gangs-2250x4-rack +5000 +planner,embedded,control-plane +full/m)
})

test('Ctrl-C ends a run, keeps the rounds that were measured, and the run goes on from there', async () => {
  const args = ['run', 'smoke-gangs', '--depth', 'embedded', '--rounds', '20', '--folder', 'stopped']
  const child = spawn(process.execPath, [join(ROOT, 'cli/main.ts'), 'bench', ...args], { cwd: folder })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  while (!said.includes('round 2 of 20, espalier …')) await new Promise((resolve) => setTimeout(resolve, 50))
  child.kill('SIGINT')
  expect(await ended, said).toBe(1)
  expect(said).toMatch(/stopped; \d+ rounds are kept in .*stopped: the same command goes on from there/)
  const kept = readdirSync(join(folder, 'stopped/rounds')).length
  expect(kept).toBeGreaterThanOrEqual(1)
  expect(kept).toBeLessThan(20)
  const more = await bench('run', 'smoke-gangs', '--depth', 'embedded', '--rounds', String(kept), '--folder', 'stopped')
  expect(more.err).toContain(`${kept} rounds are there already`)
  expect(more.code).toBe(0)
}, 110_000)

describe('beside kube-scheduler', () => {
  let plane: ControlPlane | null = null
  afterAll(() => plane?.stop())

  test('every one of its ways does the smoke work on one control plane, judged by one checker', async () => {
    const run = await bench('run', 'smoke-gangs', '--depth', 'control-plane', '-o', 'json')
    if (run.err.includes('there is no control plane here')) return
    expect(run.code, run.err).toBe(0)
    const lines = linesOf(run)
    expect(lines.map(({ peer }) => peer)).toEqual([
      'espalier',
      'kube-composite',
      'kube-podgroup',
      'kube-podgroup-topology',
      'kube-pods',
    ])
    expect([lines[0]!.failure, lines[4]!.failure]).toEqual([null, null])
    // kube-scheduler's alpha gangs leave a gang unbound now and then: that is told, and not timed.
    const failed = lines.filter(({ failure }) => failure !== null)
    for (const { failure } of failed) expect(failure).toMatch(/^\d+ of 64 pods bound after/)
    expect(failed.length).toBeLessThan(3)
    for (const { figures } of lines.filter(({ failure }) => failure === null)) {
      expect(figures!.pods).toBeGreaterThanOrEqual(64)
      expect(figures!.writesPerPod).toBeGreaterThanOrEqual(1)
      expect(figures!.apiServerCpuMs).toBeGreaterThan(0)
    }
    expect(lines[0]!.figures!.brokenUntold).toBe(0)
  })

  test('--against runs beside the scheduler of a cluster, leaves nothing behind, and refuses a cluster that is in use', async () => {
    plane = await startControlPlane({ scheduler: true, ...NATIVE_GANGS })
    if (plane === null) return
    const kubectl = (...args: string[]): Promise<Finished> =>
      runToEnd('kubectl', ['--kubeconfig', plane!.kubeconfig, ...args])
    const against = (name: string, ...more: string[]): Promise<Finished> =>
      bench(
        'run',
        'smoke-gangs',
        '--folder',
        'against',
        '--against',
        name,
        '--kubeconfig',
        plane!.kubeconfig,
        '-o',
        'json',
        ...more,
      )

    const run = await against('podgroup-topology')
    expect(run.code, run.err).toBe(0)
    expect(linesOf(run).map(({ peer, failure }) => [peer, failure])).toEqual([
      ['espalier', null],
      ['podgroup-topology', null],
    ])
    expect((await kubectl('get', 'nodes', '-o', 'name')).out).toBe('')
    expect((await kubectl('get', 'pods', '-A', '-o', 'name')).out).toBe('')

    const missing = await against('volcano')
    expect(missing.err).toContain(
      'volcano is not there: this cluster serves no PodGroup of scheduling.volcano.sh/v1beta1',
    )
    expect(missing.code).toBe(1)

    await kubectl('run', 'someone', '--image=x')
    const full = await against('podgroup-topology')
    expect(full.err).toContain('the cluster is not empty: 0 nodes, 1 pods. --not-empty runs on its nodes all the same')
    expect(full.code).toBe(1)
  })
})
