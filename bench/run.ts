/**
 * `npm run bench -- NAME… [--seed N] [-o json]`: runs kernels by name (flags of theirs: bench/README.md), all of them
 * without one. Anything else is `espalier bench`: list, run, compare, report, or the name of a scenario file.
 */
import { readdirSync } from 'node:fs'
import { arch, cpus, platform, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import type { Line, RunOptions } from './harness.ts'

/** Kernels time code alone; scenarios start servers and ask them. */
const files = new Map(
  ['kernels/', 'scenarios/'].flatMap((folder) =>
    readdirSync(new URL(folder, import.meta.url))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => [name.slice(0, -3), new URL(`${folder}${name}`, import.meta.url)] as const),
  ),
)
const known = [...files.keys()].sort()

/** One line, or several as they come. */
interface Benchmark {
  run(seed: number, options: RunOptions): Line | Promise<Line | Iterable<Line>> | Iterable<Line> | AsyncIterable<Line>
}

/** What scenarios can be told beside the seed. */
const CHANGES = ['only', 'nodes', 'gangs', 'size', 'shapes', 'count', 'repetitions', 'quick', 'solver'] as const

const USAGE = `npm run bench -- [NAME...] [--seed N] [-o json] [${CHANGES.map((name) => `--${name} X`).join('] [')}]
kernels: ${known.join(', ')}; without a name all of them run
npm run bench -- list|run|compare|report …: scenarios from files, beside other schedulers (espalier bench --help)`

function readArguments(): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seed: { type: 'string', default: '1' },
        output: { type: 'string', short: 'o', default: 'table' },
        help: { type: 'boolean', short: 'h', default: false },
        ...Object.fromEntries(CHANGES.map((name) => [name, { type: 'string' as const }])),
      },
    })
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`)
    process.exit(2)
  }
}

/** Verbs of `espalier bench`. */
const VERBS = ['list', 'run', 'compare', 'report']

/** What `espalier` is to be asked; null: a kernel is meant. */
function commandOf(args: readonly string[]): readonly string[] | null {
  const first = args[0] ?? ''
  if (VERBS.includes(first)) return ['bench', ...args]
  const isOfFile =
    first !== '' && !known.includes(first) && (!first.startsWith('-') || ['--set', '--quick'].includes(first))
  return isOfFile ? ['bench', 'run', ...args] : null
}

const command = commandOf(process.argv.slice(2))
const { values, positionals } = command === null ? readArguments() : { values: {}, positionals: [] }

let areAllOk = true

function print(line: Line): void {
  areAllOk &&= line.ok
  if (values['output'] === 'json') process.stdout.write(`${JSON.stringify(line)}\n`)
  else {
    const facts = Object.entries(line.facts ?? {}).map(([name, value]) => `${name} ${value}`)
    process.stdout.write(`${line.scenario.padEnd(32)} ${line.ms.toFixed(3).padStart(10)} ms  ${facts.join(', ')}\n`)
  }
}

async function main(): Promise<number> {
  if (values['help']) {
    process.stdout.write(`${USAGE}\n`)
    return 0
  }
  const unknown = positionals.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    process.stderr.write(`no scenario ${unknown.join(', ')}; there are: ${known.join(', ')}\n`)
    return 2
  }
  if (values['output'] !== 'json') {
    process.stdout.write(
      `node ${process.version}, ${platform()} ${arch()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB\n`,
    )
  }
  for (const name of positionals.length > 0 ? positionals : known) {
    const benchmark = (await import(files.get(name)!.href)) as Benchmark
    const lines = await benchmark.run(Number(values['seed']), values as RunOptions)
    if (Symbol.asyncIterator in lines) for await (const line of lines) print(line)
    else for (const line of Symbol.iterator in lines ? lines : [lines]) print(line)
  }
  return areAllOk ? 0 : 1
}

if (command === null) process.exitCode = await main()
else {
  process.argv.splice(2, process.argv.length, ...command)
  await import('../cli/main.ts')
}
