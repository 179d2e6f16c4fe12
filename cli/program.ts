/** Reads the command line, runs a command, and exits: this file alone reads process and exits. */
import { Command as Program, CommanderError } from 'commander'
import { type Command, type Flags, type Io, Refused } from './command.ts'
import { VERSION } from './version.ts'
import { realClock } from '../kube/clock.ts'

type Load = () => Promise<Command | readonly Command[]>

/** In the order of `--help`. A command's own modules are loaded where it is asked for: a scheduler needs no simulator. */
const COMMANDS: Readonly<Record<string, Load>> = {
  up: async () => (await import('./commands/up.ts')).up,
  run: async () => (await import('./commands/run.ts')).run,
  scheduler: async () => (await import('./commands/run.ts')).scheduler,
  operator: async () => (await import('./commands/run.ts')).operator,
  simulate: async () => (await import('./commands/simulate.ts')).simulate,
  explain: async () => (await import('./commands/explain.ts')).explain,
  topology: async () => {
    const { topologyCheck, topologyShow } = await import('./commands/topology.ts')
    return [topologyCheck, topologyShow]
  },
  bench: async () => {
    const { benchCompare, benchList, benchReport, benchRun } = await import('./commands/bench.ts')
    return [benchList, benchRun, benchCompare, benchReport]
  },
  crds: async () => (await import('./commands/crds.ts')).crds,
  'wait-for': async () => (await import('./commands/wait-for.ts')).waitFor,
}

/** The one that is asked for, or all, for help and for what is misspelt. */
async function loadCommands(asked: string | undefined): Promise<readonly Command[]> {
  const one = asked === undefined || !Object.hasOwn(COMMANDS, asked) ? undefined : COMMANDS[asked]
  const loaded = await Promise.all((one === undefined ? Object.values(COMMANDS) : [one]).map((load) => load()))
  return loaded.flat()
}

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
for (const command of await loadCommands(process.argv[2])) register(program, command, (result) => (code = result))
for (const command of program.commands) {
  command.exitOverride()
  for (const child of command.commands) child.exitOverride()
}
await program.parseAsync(process.argv).catch((error: unknown) => (code = exitCodeOf(error)))
process.exitCode = code
// A command that has returned owns nothing any more: what is still open (keep-alive sockets) must not hold the process.
process.stdout.write('', () => process.exit(code))
