/** Request rates of real services, window by window. */
import { readFileSync } from 'node:fs'
import { inPackage } from '../../cli/package.ts'
import { rowsOf } from '../traces/jobs.ts'
import type { LoadFile } from './files.ts'

export const WINDOW_MS = 600_000
const HOUR_MS = 3_600_000

/** One model that is served: requests a second in each window of `WINDOW_MS`. */
export interface Demand {
  readonly model: string
  readonly rates: readonly number[]
}

/**
 * The first `hours` of every model of the file, by name. Windows at zero are gaps of the collection, since all clients are
 * silent in them at once: they hold the rate before. A model with fewer windows begins anew.
 */
export function demandOf(file: LoadFile, hours: number): Demand[] {
  const rows = rowsOf(readFileSync(inPackage(`bench/traces/data/${file}`), 'utf8'))
  const windows = Math.ceil((hours * HOUR_MS) / WINDOW_MS)
  const models = Map.groupBy(rows, (row) => row.get('model') ?? '')
  return [...models]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([model, own]) => {
      const sorted = own
        .map((row) => ({ atS: Number(row.get('t_s')), rate: Number(row.get('requests_per_s')) }))
        .sort((a, b) => a.atS - b.atS)
      if (sorted.some(({ atS, rate }) => !(atS >= 0 && rate >= 0)))
        throw new Error(`${file} has a row without a figure`)
      return {
        model,
        rates: held(
          sorted.map(({ rate }) => rate),
          windows,
        ),
      }
    })
}

function held(rates: readonly number[], windows: number): number[] {
  let last = rates.find((rate) => rate > 0) ?? 0
  return Array.from({ length: windows }, (_, i) => {
    const rate = rates[i % rates.length] ?? 0
    if (rate > 0) last = rate
    return last
  })
}

/** In the window in which `afterMs` from the start lies; the last one goes on. */
export const rateAt = ({ rates }: Demand, afterMs: number): number =>
  rates[Math.min(rates.length - 1, Math.max(0, Math.floor(afterMs / WINDOW_MS)))] ?? 0

/** The largest sum over all models of what each asks for of its own peak, 1 for each that is at its peak. */
export function busiest(demands: readonly Demand[]): number {
  const peaks = demands.map(({ rates }) => Math.max(...rates))
  const windows = demands[0]?.rates.length ?? 0
  const sums = Array.from({ length: windows }, (_, i) =>
    demands.reduce((sum, { rates }, d) => sum + (rates[i] ?? 0) / (peaks[d] ?? 1), 0),
  )
  return Math.max(...sums)
}
