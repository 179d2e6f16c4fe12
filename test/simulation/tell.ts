/** What a run prints. */
import { ALL_KINDS } from './faults/kinds.ts'
import { PHASES } from './reach.ts'
import type { Outcome } from './run-seed.ts'

export interface Tally {
  seeds: number
  failed: number
  binds: number
  faults: number
  virtualMs: number
  readonly cells: Map<string, number>
}

export const newTally = (): Tally => ({ seeds: 0, failed: 0, binds: 0, faults: 0, virtualMs: 0, cells: new Map() })

export function count(tally: Tally, outcome: Outcome): void {
  tally.seeds++
  tally.binds += outcome.binds
  tally.faults += outcome.faults
  tally.virtualMs += outcome.virtualMs
  if (outcome.violations.length > 0) tally.failed++
  for (const [cell, times] of outcome.cells) tally.cells.set(cell, (tally.cells.get(cell) ?? 0) + times)
}

/** A failing seed with all that was drawn. */
export function failure({ drawn, violations }: Outcome): string {
  const { seed, nodes, gangs, faults, replicas, latencyMs } = drawn
  const kinds = faults.map(({ kind, rate }) => `${kind} ${rate.toFixed(3)}`).join(', ')
  const head = `seed ${seed}: ${nodes.length} nodes, ${gangs.length} gangs, ${replicas} replicas, ${latencyMs} ms; ${kinds}`
  return [head, ...violations.map(({ promise, atMs, what }) => `  ${promise} at ${atMs.toFixed(0)} ms: ${what}`)].join(
    '\n',
  )
}

/** Fault kinds down, phases across: how often a fault of the kind struck in the phase. */
export function reachMatrix({ cells }: Tally): string {
  const kinds = ALL_KINDS.map(({ kind }) => kind)
  const head = `${''.padEnd(20)}${PHASES.map((phase) => phase.slice(0, 9).padStart(10)).join('')}`
  const rows = kinds.map(
    (kind) =>
      `${kind.padEnd(20)}${PHASES.map((phase) => String(cells.get(`${kind}|${phase}`) ?? 0).padStart(10)).join('')}`,
  )
  const empty = kinds.flatMap((kind) =>
    PHASES.filter((phase) => !cells.has(`${kind}|${phase}`)).map((phase) => `${kind} × ${phase}`),
  )
  return [head, ...rows, `${empty.length} of ${kinds.length * PHASES.length} cells were not reached`].join('\n')
}
