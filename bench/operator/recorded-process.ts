/** `espalier` in a process of its own whose writes are recorded. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cpuMsOf } from '../servers.ts'
import type { SentRequest } from './sent-requests.ts'

export interface RecordedProcess {
  /** User and system time so far; NaN where there is no /proc. */
  cpuMs(): number
  /** What it sent since the last call. */
  sent(): Promise<SentRequest[]>
  /** What it has logged. */
  said(): string
  stop(): Promise<void>
}

const LOOK_MS = 20
const MAIN = join(import.meta.dirname, '../../cli/main.ts')
const RECORDER = join(import.meta.dirname, '../processes/record-requests.ts')

/** ESPALIER_PROFILE names a folder for its CPU profile. */
export function startRecorded(half: 'operator' | 'scheduler', kubeconfig: string): RecordedProcess {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'))
  const file = join(folder, 'requests')
  const profile = process.env['ESPALIER_PROFILE']
  const profiling =
    profile === undefined
      ? []
      : ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${half}-${process.hrtime.bigint()}.cpuprofile`]
  const args = [...profiling, '--import', RECORDER, MAIN, half, '--kubeconfig', kubeconfig, '--no-leader-elect']
  const child = spawn(process.execPath, [...args, '--log-level', 'warn'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ESPALIER_REQUESTS: file },
  })
  endWithUs(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text))
  return {
    cpuMs: () => cpuMsOf(child.pid!) ?? Number.NaN,
    sent: () => sentBy(child, file),
    said: () => said,
    stop: async () => {
      await ended(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What fails here leaves nothing behind that runs. */
export function endWithUs(child: ChildProcess): void {
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
}

async function sentBy(child: ChildProcess, file: string): Promise<SentRequest[]> {
  rmSync(file, { force: true })
  child.kill('SIGUSR2')
  while (!existsSync(file)) {
    if (child.exitCode !== null) throw new Error(`the measured process ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as SentRequest)
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  const end = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  return end
}
