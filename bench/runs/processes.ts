/** A scheduler while it is measured, whoever started it, and what processes have cost so far. */
import { readFileSync } from 'node:fs'
import { cpuMsOf, startScheduler } from '../../test/controlplane/scheduler-process.ts'

export interface MeasuredScheduler {
  /** Null where it is not a process of this machine that we know. */
  readonly pid: number | null
  /** Its last words, for an error. */
  said(): string
  stop(): Promise<void>
}

/** `checkout`: the folder of another commit's working tree. */
export function startEspalier(
  kubeconfig: string,
  checkout: string | null,
  command: 'scheduler' | 'run',
): MeasuredScheduler {
  const main = checkout === null ? {} : { main: `${checkout}/cli/main.ts` }
  const started = startScheduler(kubeconfig, ['--no-leader-elect'], { ...main, command })
  return { pid: started.pid, said: () => started.said().slice(-2_000), stop: () => started.stop() }
}

export interface Cost {
  /** Processor time, user and system, since the process began. */
  readonly cpuMs: number
  /** The most that was ever resident. */
  readonly residentMegabytes: number
}

/** Null where there is no /proc, or no such process. */
export function costOf(pid: number | null | undefined): Cost | null {
  if (pid === null || pid === undefined) return null
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const kilobytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1])
    return { cpuMs: cpuMsOf(pid), residentMegabytes: Math.round(kilobytes / 1_024) }
  } catch {
    return null
  }
}
