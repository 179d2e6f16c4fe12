/**
 * `npm test`: every vitest project, then one line `N passed, N failed`. A file that cannot be loaded counts as a failure,
 * and a run in which nothing passed is a failed run, so a green end means that tests ran.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Told {
  readonly fullName: string
  readonly status: string
}

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly Told[]
  }[]
}

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'espalier-test-'))
const reportFile = join(folder, 'report.json')
const run = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
)

function readReport(): Report | null {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8')) as Report
  } catch {
    return null // vitest did not get far enough to write one
  }
}

const report = readReport()
rmSync(folder, { recursive: true, force: true })
const unloadable = report?.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
const failed = report === null ? 1 : report.numFailedTests + (unloadable?.length ?? 0)
const passed = report?.numPassedTests ?? 0
const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0)
const isGreen = run.status === 0 && failed === 0 && passed > 0

/** The one suite that two servers are held to: so many tests passed on each. */
function passedOn(server: 'embedded' | 'real'): number {
  const suite = report?.testResults.filter(({ name }) => name.includes('/test/behaviour/')) ?? []
  const told = suite.flatMap(({ assertionResults }) => assertionResults)
  return told.filter(({ fullName, status }) => status === 'passed' && fullName.includes(`(${server})`)).length
}

const embedded = passedOn('embedded')
if (embedded > 0)
  process.stdout.write(
    `\ntest/behaviour: ${embedded} passed on the embedded server, ${passedOn('real')} on kube-apiserver\n`,
  )
process.stdout.write(
  `\n${passed} passed, ${isGreen ? 0 : Math.max(1, failed)} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
)
process.exit(isGreen ? 0 : 1)
