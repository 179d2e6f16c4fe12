/** `npm run check`: types, lint, format, walls; then the sizes that the house limits speak of. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { allSources, functionSizes, quantile } from './sources.ts'

const root = join(import.meta.dirname, '..')
const bin = (name: string): string => join(root, 'node_modules', '.bin', name)
const isWrite = process.argv.includes('--write')

const steps: readonly (readonly [string, string, readonly string[]])[] = isWrite
  ? [['format', bin('biome'), ['format', '--write', '.']]]
  : [
      ['types', bin('tsc'), ['-p', 'tsconfig.json']],
      ['lint', bin('oxlint'), ['--type-aware', '--deny-warnings']],
      ['format', bin('biome'), ['format', '.']],
      [
        'walls',
        process.execPath,
        [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'unit', 'test/house.test.ts'],
      ],
    ]

function runStep([name, command, args]: (typeof steps)[number]): boolean {
  process.stdout.write(`== ${name}\n`)
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0
}

function reportSizes(): void {
  const sources = allSources().filter(({ room, path }) => room !== 'test' && !path.includes('/generated/'))
  const functions = sources.flatMap(functionSizes).map(({ lines }) => lines)
  const files = sources.map(({ text }) => text.split('\n').length - 1)
  const line = (name: string, sizes: readonly number[]): string =>
    `${name}: ${sizes.length}, lines at the median / nine in ten / largest: ${quantile(sizes, 0.5)} / ${quantile(sizes, 0.9)} / ${Math.max(...sizes)}\n`
  process.stdout.write(`== sizes\n${line('files', files)}${line('functions', functions)}`)
}

const failed = steps.filter((step) => !runStep(step)).map(([name]) => name)
if (!isWrite) reportSizes()
if (failed.length > 0) process.stdout.write(`\nfailed: ${failed.join(', ')}\n`)
process.exit(failed.length === 0 ? 0 : 1)
