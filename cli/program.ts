/** Reads the command line, runs a command, and exits: this file alone reads process and exits. */
import { Command as Program, CommanderError } from 'commander'
import { type Command, type Flags, type Io, Refused } from './command.ts'
import { crds } from './commands/crds.ts'
import { explain } from './commands/explain.ts'
import { operator, run, scheduler } from './commands/run.ts'
import { simulate } from './commands/simulate.ts'
import { topologyCheck, topologyShow } from './commands/topology.ts'
import { up } from './commands/up.ts'
import { waitFor } from './commands/wait-for.ts'
import { VERSION } from './version.ts'
import { realClock } from '../kube/clock.ts'

const COMMANDS: readonly Command[] = [
  up,
  run,
  scheduler,
  operator,
  simulate,
  explain,
  topologyCheck,
  topologyShow,
  crds,
  waitFor,
]

/** One Ctrl-C reaches us twice under npm: from the terminal, and passed on by whoever started us. */
const ECHO_MS = 1_000

/** The first signal asks the command to end; another one, later than an echo of the first, ends the process. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  let firstMs = 0
  const onSignal = (): void => {
    if (!controller.signal.aborted) {
      firstMs = realClock.monotonicMs()
      controller.abort()
    } else if (realClock.monotonicMs() - firstMs > ECHO_MS) process.exit(130)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  return controller.signal
}

const io: Io = {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  isTerminal: process.stdout.isTTY === true,
  get columns() {
    return process.stdout.columns ?? 100
  },
  get rows() {
    return process.stdout.rows ?? 40
  },
  env: process.env,
  cwd: process.cwd(),
  stop: stopSignal(),
}

/** `topology check` lives under a parent command that only groups. */
function parentOf(program: Program, name: string): { parent: Program; leaf: string } {
  const [first = '', second] = name.split(' ')
  if (second === undefined) return { parent: program, leaf: first }
  const existing = program.commands.find((command) => command.name() === first)
  const parent = existing ?? program.command(first).description(`Commands about ${first}`)
  return { parent, leaf: second }
}

function register(program: Program, command: Command, done: (code: number) => void): void {
  const { parent, leaf } = parentOf(program, command.name)
  const made = parent.command(leaf).description(command.summary)
  for (const argument of command.arguments ?? []) made.argument(argument)
  for (const { usage, summary, default: value } of command.flags) made.option(usage, summary, value)
  if (command.examples !== undefined) made.addHelpText('after', `\n${command.examples}`)
  made.action(async () => done(await command.run(made.args, made.opts<Flags>(), io)))
}

/** Commander's own errors are usage errors; help and version are not errors at all. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof Refused) {
    io.err(error.message)
    return error.code
  }
  io.err(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return 1
}

let code = 0
const program = new Program('espalier')
  .description('Gang and topology scheduler for AI inference on Kubernetes, with a thin operator')
  .version(VERSION)
  .exitOverride()
for (const command of COMMANDS) register(program, command, (result) => (code = result))
for (const command of program.commands) {
  command.exitOverride()
  for (const child of command.commands) child.exitOverride()
}
await program.parseAsync(process.argv).catch((error: unknown) => (code = exitCodeOf(error)))
process.exitCode = code
// A command that has returned owns nothing any more: what is still open (keep-alive sockets) must not hold the process.
process.stdout.write('', () => process.exit(code))
