/** `espalier scheduler` as a user starts it, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SchedulerProcess {
  readonly pid: number
  /** User and system time so far; 0 where there is no /proc. */
  cpuMs(): number
  /** SIGKILL is a crash, SIGSTOP lets it hang, SIGCONT lets it go on. */
  signal(signal: NodeJS.Signals): void
  /** Resolves when it has ended, however it did. */
  readonly ended: Promise<void>
  readonly isOver: boolean
  /** What it has logged. */
  said(): string
  stop(): Promise<void>
}

/** Linux counts in ticks of 10 ms. */
const TICK_MS = 10

/** User and system time of a process; 0 where there is no /proc, or no such process. */
export function cpuMsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  } catch {
    return 0
  }
}

/** Of this checkout. */
const MAIN = join(import.meta.dirname, '../../cli/main.ts')

/** ESPALIER_PROFILE names a folder for a CPU profile. `main`: another checkout's, `command`: another half. */
export function startScheduler(
  kubeconfig: string,
  more: readonly string[] = [],
  { main = MAIN, command = 'scheduler' }: { readonly main?: string; readonly command?: 'scheduler' | 'run' } = {},
): SchedulerProcess {
  const folder = process.env['ESPALIER_PROFILE']
  const profile = folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
  const args = [...profile, main, command, '--kubeconfig', kubeconfig, ...more]
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (said += text))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    pid: child.pid ?? 0,
    cpuMs: () => cpuMsOf(child.pid ?? 0),
    signal: (signal) => void child.kill(signal),
    ended,
    get isOver() {
      return child.exitCode !== null || child.signalCode !== null
    },
    said: () => said,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
