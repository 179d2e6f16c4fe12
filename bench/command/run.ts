import { resolve } from 'node:path'
import { type Flags, type Io, Refused, text, texts } from '../../cli/command.ts'
import type { RoundResult } from '../runs/result.ts'
import type { Heat } from '../runs/ground.ts'
import { isFailed, runSession } from '../runs/session.ts'
import { Store } from '../runs/store.ts'
import { type Row, summarise } from '../runs/summary.ts'
import { jsonOf, markdownOf, tableOf } from '../runs/table.ts'
import { reportOf } from '../report/page.ts'
import { againstCluster } from './against.ts'
import { type Asked, heatsOf } from './select.ts'

const DEFAULT_FOLDER = '.espalier/bench'
const OUTPUTS: Readonly<Record<string, (rows: readonly Row[]) => readonly string[]>> = {
  table: tableOf,
  markdown: markdownOf,
  json: (rows) => rows.map(jsonOf),
}
const REPORT = 'report.html'

export function folderOf(flags: Flags, io: Io): string {
  return resolve(io.cwd, text(flags, 'folder') ?? DEFAULT_FOLDER)
}

function number(flags: Flags, name: string, most: number): number | null {
  const value = text(flags, name)
  if (value === null) return null
  if (/^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= most) return Number(value)
  throw new Refused(`--${name}: found ${JSON.stringify(value)}, want a whole number from 1 to ${most}`, 2)
}

const listed = (flags: Flags, name: string): readonly string[] =>
  (text(flags, name) ?? '').split(',').filter((one) => one !== '')

export const askedOf = (names: readonly string[], flags: Flags): Asked => ({
  names,
  files: texts(flags, 'filename'),
  set: flags['quick'] === true ? 'quick' : text(flags, 'set'),
  depth: text(flags, 'depth'),
  peers: listed(flags, 'peers'),
  rounds: number(flags, 'rounds', 100),
  seed: number(flags, 'seed', 2 ** 31),
})

/** Before anything is measured. */
export function refuseOutput(flags: Flags): void {
  const output = text(flags, 'output') ?? 'table'
  if (!Object.hasOwn(OUTPUTS, output))
    throw new Refused(`--output: found ${JSON.stringify(output)}, want one of ${Object.keys(OUTPUTS).join(', ')}`, 2)
}

/** Measures what is missing, then shows all of it that was asked for. */
export async function runBench(names: readonly string[], flags: Flags, io: Io): Promise<number> {
  refuseOutput(flags)
  const heats = heatsOf(askedOf(names, flags))
  const name = text(flags, 'against')
  const kubeconfig = text(flags, 'kubeconfig')
  const against = { schedulerName: text(flags, 'schedulerName'), kubeconfig, mayHoldMore: flags['notEmpty'] === true }
  const chosen =
    name === null ? { heats, cluster: null, warnings: [] } : await againstCluster({ name, ...against }, heats)
  for (const warning of chosen.warnings) io.err(warning)
  const store = new Store(folderOf(flags, io))
  await runSession({ ...chosen, store, io })
  return show(store, chosen.heats, flags, io)
}

/** Rows of what was asked for, and the report of all that the folder holds. */
export function show(store: Store, heats: readonly Heat[], flags: Flags, io: Io): number {
  const results = store.results.filter((result) => heats.some((heat) => isOf(heat, result)))
  print(store, results, flags, io)
  if (io.stop.aborted)
    io.err(`stopped; ${results.length} rounds are kept in ${store.folder}: the same command goes on from there`)
  return io.stop.aborted || results.some(isFailed) ? 1 : 0
}

const isOf = ({ scenario, depth, contestants }: Heat, result: RoundResult): boolean =>
  scenario.name === result.scenario && depth === result.depth && contestants.some(({ name }) => name === result.peer)

export function print(store: Store, results: readonly RoundResult[], flags: Flags, io: Io): void {
  const rows = summarise(results)
  for (const line of (OUTPUTS[text(flags, 'output') ?? 'table'] ?? tableOf)(rows)) io.out(line)
  io.err(`report: ${store.writeText(REPORT, reportOf(summarise(store.results), store.machine()))}`)
}
