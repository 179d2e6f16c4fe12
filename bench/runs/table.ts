import { table } from '../../cli/progress.ts'
import type { Measure } from '../scenario/scenario.ts'
import { rounded, type ServingFigures } from './result.ts'
import type { Row } from './summary.ts'

const HEAD = [
  'SCENARIO',
  'DEPTH',
  'SCHEDULER',
  'ROUNDS',
  'PODS',
  'PODS/S',
  '(SLOWEST…FASTEST)',
  'OF OURS',
  'GANG P50/P95 MS',
  'CPU MS/POD',
  'SERVER CPU MS/POD',
  'MB',
  'WRITES/POD',
  'RACKS/GANG',
]

const shown = (value: number | null | undefined, digits = 1): string =>
  value === null || value === undefined ? '–' : String(rounded(value, digits))

/** Lines for a terminal; a scheduler that was not timed says why instead of figures. */
export function tableOf(rows: readonly Row[]): string[] {
  const timed = rows.filter(({ figures }) => figures !== null && figures.trace === null)
  const lines = timed.length === 0 ? [] : table([HEAD, ...timed.map(cellsOf)])
  return [...lines, ...traceLines(rows), ...rows.filter(({ failure }) => failure !== null).map(failureLine)]
}

const failureLine = ({ scenario, depth, peer, failure }: Row): string =>
  `${scenario} (${depth}), ${peer}: not timed, ${failure}`

function cellsOf(row: Row): string[] {
  const figures = row.figures!
  const perPod = (value: number | null): string => (value === null ? '–' : shown(value / figures.pods, 3))
  const { gangMs, domainsPerGang } = figures
  const of = (measure: Measure, text: string): string => (row.measure.includes(measure) ? text : '–')
  return [
    row.scenario,
    row.depth,
    row.peer,
    String(row.rounds),
    String(figures.pods),
    of('throughput', shown(figures.podsPerSecond)),
    of('throughput', row.rounds > 1 ? `(${shown(row.slowest)}…${shown(row.fastest)})` : ''),
    of('throughput', shown(row.ofOurs, 2)),
    of('time-to-bound', gangMs === null ? '–' : `${shown(gangMs.median, 0)}/${shown(gangMs.p95, 0)}`),
    of('cost', perPod(figures.schedulerCpuMs)),
    of('cost', perPod(figures.apiServerCpuMs)),
    of('cost', shown(figures.schedulerMegabytes, 0)),
    of('cost', shown(figures.writesPerPod, 2)),
    of('domains', shown(domainsPerGang.rack ?? domainsPerGang.block ?? domainsPerGang.zone, 2)),
  ]
}

const TRACE_HEAD = [
  'SCENARIO',
  'SCHEDULER',
  'JOBS',
  'GPUS IN USE %',
  'WAIT MEAN/P50/P95 MIN',
  'FRAGMENTED %',
  'DOMAINS BY FEWEST',
  'BROKEN PREFERENCES',
  'EVICTIONS',
  'WHOLE MEAN/P50/P95 MIN',
  'ASKED, NOT READY %',
]

function tracedCells(rows: readonly Row[]): string[][] {
  return rows.flatMap(({ scenario, peer, figures, measure }) => {
    const trace = figures?.trace ?? null
    if (trace === null) return []
    const of = (one: Measure, text: string): string => (measure.includes(one) ? text : '–')
    return [
      [
        scenario,
        peer,
        `${trace.started} of ${trace.jobs}`,
        of('occupancy', shown(trace.occupancyPercent, 2)),
        of('waiting', minutesOf(trace.waitMinutes)),
        of('occupancy', shown(trace.fragmentationPercent, 2)),
        of('domains', shown(trace.domainsByFewest, 2)),
        of('domains', String(trace.brokenPreferences)),
        String(trace.evictions),
        ...servingCells(trace.serving ?? null, of),
      ],
    ]
  })
}

const minutesOf = ({ mean, median, p95 }: ServingFigures['wholeMinutes']): string =>
  `${shown(mean)}/${shown(median)}/${shown(p95)}`

const servingCells = (serving: ServingFigures | null, of: (one: Measure, text: string) => string): string[] =>
  serving === null ? ['–', '–'] : [of('waiting', minutesOf(serving.wholeMinutes)), shown(serving.notReadyPercent, 2)]

function traceLines(rows: readonly Row[]): string[] {
  const traced = tracedCells(rows)
  return traced.length === 0 ? [] : table([TRACE_HEAD, ...traced])
}

/** The same tables for a page of docs. */
export function markdownOf(rows: readonly Row[]): string[] {
  const timed = rows.filter(({ figures }) => figures !== null && figures.trace === null).map(cellsOf)
  const traced = tracedCells(rows)
  const failed = rows.filter(({ failure }) => failure !== null).map((row) => `- ${failureLine(row)}`)
  return [...piped(HEAD, timed), ...piped(TRACE_HEAD, traced), ...failed]
}

const piped = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  rows.length === 0
    ? []
    : [head.map((name) => name.toLowerCase()), head.map(() => '---'), ...rows]
        .map((cells) => `| ${cells.join(' | ')} |`)
        .concat('')

/** One object a row: the stable fields are scenario, ms, ok and seed. */
export const jsonOf = ({ figures, ...row }: Row): string =>
  JSON.stringify({ ...row, ms: figures?.ms ?? 0, ok: row.failure === null, figures })
