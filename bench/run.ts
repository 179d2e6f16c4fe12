/** `npm run bench -- [NAME…] [--seed N] [-o json]`: runs kernels by name, all of them without one. */
import { readdirSync } from 'node:fs'
import { arch, cpus, platform, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import type { Line } from './harness.ts'

const kernels = new URL('kernels/', import.meta.url)
const known = readdirSync(kernels)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -3))
  .sort()

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' }, output: { type: 'string', short: 'o', default: 'table' } },
})

function print(line: Line): void {
  if (values.output === 'json') process.stdout.write(`${JSON.stringify(line)}\n`)
  else {
    const facts = Object.entries(line.facts ?? {}).map(([name, value]) => `${name} ${value}`)
    process.stdout.write(`${line.scenario.padEnd(32)} ${line.ms.toFixed(3).padStart(10)} ms  ${facts.join(', ')}\n`)
  }
}

async function main(): Promise<number> {
  const unknown = positionals.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    process.stderr.write(`no scenario ${unknown.join(', ')}; there are: ${known.join(', ')}\n`)
    return 2
  }
  if (values.output !== 'json') {
    process.stdout.write(
      `node ${process.version}, ${platform()} ${arch()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB\n`,
    )
  }
  for (const name of positionals.length > 0 ? positionals : known) {
    const kernel = (await import(new URL(`${name}.ts`, kernels).href)) as { run(seed: number): Line | Promise<Line> }
    print(await kernel.run(Number(values.seed)))
  }
  return 0
}

process.exitCode = await main()
