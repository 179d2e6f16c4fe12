/** `npm run controlplane -- up|down` as a person runs it: what it says, and that nothing of it stays. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Finished, runToEnd } from '../cli/espalier.ts'
import { findPrograms } from './binaries.ts'

const MAIN = join(import.meta.dirname, 'main.ts')
const canRun = findPrograms(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kwok'], { mayBuild: false }) !== null

/** Two starts, each bounded by a minute, on a machine that does other work too. */
const TEST_LIMIT_MS = 300_000

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-terminal-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const controlplane = (...args: string[]): Promise<Finished> =>
  runToEnd(process.execPath, [MAIN, ...args], { cwd: folder })

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50))
}

const kubeconfigIn = (said: string): string => /KUBECONFIG=(\S+)/.exec(said)?.[1] ?? ''

/** Process ids of those whose command line names the folder. */
const processesOf = (named: string): string[] =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && pid !== String(process.pid))
    .filter((pid) => commandLine(pid).includes(named))

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // it has ended meanwhile
  }
}

const nothingOf = (kubeconfig: string): boolean =>
  !existsSync(dirname(kubeconfig)) && processesOf(dirname(kubeconfig)).length === 0

describe('what is asked for wrongly is said before anything starts', () => {
  test.each([
    [['up', '--shape', 'tray'], 'want one of gb200-nvl72, hgx-h100'],
    [['up', '--nodes', '-1'], 'want a whole number from 0 to 20000'],
    [['up', '--nodes', 'many'], 'want a whole number from 0 to 20000'],
    [['sideways'], 'error'],
  ])('%s', async (args, words) => {
    const { code, err } = await controlplane(...args)
    expect(code).not.toBe(0)
    expect(err).toContain(words)
  })

  test('a port that somebody uses', async () => {
    const server = createServer()
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    )
    const { code, err } = await controlplane('up', '--port', String(port))
    server.close()
    expect(code).toBe(1)
    expect(err).toContain(`port ${port} cannot be used`)
    expect(err).toContain('give another with --port')
  })

  test('--help says what there is, and down without up says that nothing runs', async () => {
    expect((await controlplane('up', '--help')).out).toMatch(/--nodes <count>[\s\S]*--shape <name>[\s\S]*--detach/)
    const { code, out } = await controlplane('down')
    expect([code, out]).toEqual([0, 'no control plane runs here (.espalier/controlplane.json names none)\n'])
  })
})

describe.skipIf(!canRun || process.platform !== 'linux')(
  'a control plane from a terminal',
  { timeout: TEST_LIMIT_MS },
  () => {
    test('up returns once its nodes are there, a second up is refused, down ends everything', async () => {
      const up = await controlplane('up', '--detach', '--nodes', '20', '--shape', 'hgx-h100', '--heartbeats')
      expect(up.err).toBe('')
      expect(up.out).toMatch(/up after [\d.]+ s: etcd, kube-apiserver, kube-controller-manager, kwok/)
      const kubeconfig = kubeconfigIn(up.out)
      expect(processesOf(dirname(kubeconfig)).length).toBeGreaterThanOrEqual(5) // the keeper and four programs
      const second = await controlplane('up')
      expect(second.code).toBe(1)
      expect(second.err).toContain('one runs here already')
      const kubectl = async (...args: string[]): Promise<string> =>
        (await runToEnd('kubectl', ['--kubeconfig', kubeconfig, 'get', '--no-headers', ...args])).out
      expect((await kubectl('nodes')).match(/^hgx-r0[1-5]-n[1-4] +Ready /gm)).toHaveLength(20)
      await until(async () => (await kubectl('leases', '-n', 'kube-node-lease')).split('\n').length === 21)
      expect(await controlplane('down')).toMatchObject({ code: 0, out: 'ended\n' })
      expect(nothingOf(kubeconfig)).toBe(true)
    })

    test('killed without a word, it leaves no process and no folder; up then starts anew', async () => {
      const start = async (): Promise<{ child: ChildProcess; kubeconfig: string }> => {
        let said = ''
        const child = spawn(process.execPath, [MAIN, 'up'], { cwd: folder })
        child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
        await until(() => said.includes('end it with'))
        return { child, kubeconfig: kubeconfigIn(said) }
      }
      const first = await start()
      first.child.kill('SIGKILL')
      await until(() => nothingOf(first.kubeconfig))
      const second = await start()
      expect(second.kubeconfig).not.toBe(first.kubeconfig)
      second.child.kill('SIGINT')
      await until(() => second.child.exitCode !== null)
      expect(second.child.exitCode).toBe(0)
      expect(nothingOf(second.kubeconfig)).toBe(true)
    })

    test('Ctrl-C while its nodes are being made ends it, and nothing stays', async () => {
      const temporary = mkdtempSync(join(folder, 'tmp-'))
      const env = { ...process.env, TMPDIR: temporary }
      const child = spawn(process.execPath, [MAIN, 'up', '--nodes', '20000'], { cwd: folder, env, stdio: 'ignore' })
      const planes = (): string[] => readdirSync(temporary).filter((name) => name.startsWith('espalier-control-plane-'))
      await until(() => planes().some((name) => existsSync(join(temporary, name, 'down.sock'))))
      const startedMs = performance.now()
      child.kill('SIGINT')
      await until(() => child.exitCode !== null)
      expect(child.exitCode).toBe(0)
      expect(performance.now() - startedMs).toBeLessThan(20_000)
      expect([planes(), processesOf(temporary)]).toEqual([[], []])
    })
  },
)
