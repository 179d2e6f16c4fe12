/** `espalier` in a process of its own, and what it costs: processor time, memory, blocks of its event loop. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cpuMsOf } from './servers.ts'

export interface Blocks {
  readonly ms: number
  readonly loadedMs: number
}

export interface MeasuredProcess {
  /** User and system time so far. */
  cpuMs(): number
  /** What it has read so far, from files and connections. */
  readBytes(): number
  /** Resident now, and at its highest. */
  memoryMegabytes(): { readonly now: number; readonly highest: number }
  /** The longest time between two turns of its event loop since the last call, and how long it took to load its code. */
  longestBlocks(): Promise<Blocks>
  stop(): Promise<void>
}

const LOOK_MS = 20
const MAIN = join(import.meta.dirname, '../cli/main.ts')
const BLOCKS = join(import.meta.dirname, 'processes/loop-blocks.ts')

/** `espalier` with these arguments, or another program of ours. Linux only: costs are read from /proc. */
export function startMeasured(args: readonly string[], program: string = MAIN): MeasuredProcess {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'))
  const file = join(folder, 'blocks')
  const profile = process.env['ESPALIER_PROFILE']
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const child = spawn(process.execPath, [...profiling, '--import', BLOCKS, program, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ESPALIER_LOOP_BLOCKS: file },
  })
  const pid = child.pid!
  return {
    cpuMs: () => cpuMsOf(pid) ?? Number.NaN,
    readBytes: () => Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]),
    memoryMegabytes: () => ({ now: kilobytes(pid, 'VmRSS') / 1_024, highest: kilobytes(pid, 'VmHWM') / 1_024 }),
    longestBlocks: () => blocksOf(child, file),
    stop: async () => {
      await ended(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const kilobytes = (pid: number, field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])

async function blocksOf(child: ChildProcess, file: string): Promise<Blocks> {
  rmSync(file, { force: true })
  child.kill('SIGUSR2')
  while (!existsSync(file)) {
    if (child.exitCode !== null) throw new Error(`the measured process ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  const [ms, loadedMs] = readFileSync(file, 'utf8').split(' ').map(Number)
  return { ms: ms ?? Number.NaN, loadedMs: loadedMs ?? Number.NaN }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  const end = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  return end
}
