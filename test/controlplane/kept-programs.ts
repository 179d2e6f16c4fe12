/** The parent's side of the keeper: programs by name, started, signalled and waited for. */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Program } from './binaries.ts'

/** A line to the keeper. */
export type Order = Readonly<
  | { do: 'start'; program: Program; file: string; args: readonly string[]; log: string }
  | { do: 'signal'; program: Program; signal: NodeJS.Signals }
>

/** A line from the keeper; `ended` is an exit code, a signal or why it did not start. */
export type Told = Readonly<{ program: Program; pid: number } | { program: Program; ended: string }>

interface Kept {
  readonly pid: number | null
  /** Null while it runs. */
  readonly ended: string | null
}

export interface CommandLine {
  readonly file: string
  readonly args: readonly string[]
  readonly log: string
}

export class KeptPrograms {
  readonly #keeper: ChildProcess
  readonly #kept = new Map<Program, Kept>()
  readonly #commands = new Map<Program, CommandLine>()
  readonly #over: Promise<void>
  #waiting: (() => void)[] = []

  /** `folder` goes with the last of them. */
  constructor(folder: string) {
    this.#keeper = spawn(process.execPath, [join(import.meta.dirname, 'keeper.ts'), folder], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#over = new Promise((resolve) => this.#keeper.once('exit', () => resolve()))
    this.#keeper.stdin?.on('error', () => {}) // it has ended: `isOver` says so
    if (this.#keeper.stdout !== null)
      createInterface({ input: this.#keeper.stdout }).on('line', (line) => this.#take(JSON.parse(line) as Told))
    this.#keeper.once('exit', () => this.#wake())
  }

  /** The process whose children the programs are. */
  get pid(): number {
    return this.#keeper.pid ?? 0
  }

  get isOver(): boolean {
    return this.#keeper.exitCode !== null || this.#keeper.signalCode !== null
  }

  /** Process ids of those that run. */
  pids(): Readonly<Partial<Record<Program, number>>> {
    const running = [...this.#kept].filter(([, { pid, ended }]) => pid !== null && ended === null)
    return Object.fromEntries(running.map(([program, { pid }]) => [program, pid]))
  }

  /** How it ended; null while it runs or was never started. */
  endedWith(program: Program): string | null {
    return this.#kept.get(program)?.ended ?? null
  }

  start(program: Program, command: CommandLine): void {
    this.#commands.set(program, command)
    this.#kept.set(program, { pid: null, ended: null })
    writeFileSync(command.log, '', { flag: 'a' })
    this.#order({ do: 'start', program, ...command })
  }

  /** Starts one that has ended with the command line that it had. */
  startAgain(program: Program): void {
    const command = this.#commands.get(program)
    if (command === undefined) throw new Error(`${program} is no part of this control plane`)
    if (this.pids()[program] !== undefined) throw new Error(`${program} runs already`)
    this.start(program, command)
  }

  signal(program: Program, signal: NodeJS.Signals): void {
    if (this.pids()[program] === undefined) throw new Error(`${program} does not run`)
    this.#order({ do: 'signal', program, signal })
  }

  /** Resolves once it has ended. */
  async end(program: Program, signal: NodeJS.Signals): Promise<void> {
    this.signal(program, signal)
    while (this.endedWith(program) === null && !this.isOver)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Ends them all, and removes the folder. */
  async stop(): Promise<void> {
    this.#keeper.stdin?.end()
    await this.#over
  }

  #order(order: Order): void {
    this.#keeper.stdin?.write(`${JSON.stringify(order)}\n`)
  }

  #take(told: Told): void {
    const kept = this.#kept.get(told.program)
    if ('pid' in told) this.#kept.set(told.program, { pid: told.pid, ended: null })
    else this.#kept.set(told.program, { pid: kept?.pid ?? null, ended: told.ended })
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
