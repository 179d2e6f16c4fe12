/**
 * The contract of a command: a value, its world handed in, an exit code handed back. main.ts alone exits.
 * Exit codes: 0 done, 1 done but not as asked (not Ready, not found), 2 input or usage that cannot be read.
 */
export interface Io {
  out(text: string): void
  err(text: string): void
  /** Standard output is a terminal: colours and redrawing are welcome. */
  readonly isTerminal: boolean
  /** Size of the terminal in characters as it is now; 100 by 40 where there is none. */
  readonly columns: number
  readonly rows: number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Aborts on Ctrl-C or SIGTERM. */
  readonly stop: AbortSignal
}

/** What a command throws when the world is not as it must be: the sentence is for the user, no stack beside it. */
export class Refused extends Error {
  /** The exit code. */
  readonly code: 1 | 2

  constructor(message: string, code: 1 | 2) {
    super(message)
    this.code = code
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export type FlagValue = string | boolean | readonly string[] | undefined
export type Flags = Readonly<Record<string, FlagValue>>

export interface Flag {
  /** As in --help: `-f, --filename <file>`. `<file...>` may repeat; `--no-x` makes `x` true unless given. */
  readonly usage: string
  readonly summary: string
  readonly default?: string
}

export interface Command {
  /** One word, or two for a subcommand: `topology check`. */
  readonly name: string
  readonly summary: string
  /** Positional arguments in commander's form: `<podgang>`, `[file...]`. */
  readonly arguments?: readonly string[]
  readonly flags: readonly Flag[]
  /** Printed below the options of --help. */
  readonly examples?: string
  run(args: readonly string[], flags: Flags, io: Io): Promise<number>
}

export function text(flags: Flags, name: string): string | null {
  const value = flags[name]
  return typeof value === 'string' ? value : null
}

export function texts(flags: Flags, name: string): readonly string[] {
  const value = flags[name]
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value : []
}

/** A whole number in [min, max], or null after saying what was wrong. */
export function wholeNumber(io: Io, flags: Flags, name: string, min: number, max: number): number | null {
  const found = text(flags, name) ?? ''
  const value = Number(found)
  if (/^\d+$/.test(found) && value >= min && value <= max) return value
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  io.err(`--${flag}: found "${found}", want a whole number from ${min} to ${max}`)
  return null
}
