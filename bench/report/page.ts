/** The report: one page that needs nothing else, so that it opens without a network and can be sent around. */
import type { Machine } from '../runs/machine.ts'
import type { Row } from '../runs/summary.ts'
import type { Measure } from '../scenario/scenario.ts'
import { coloursOf, escaped, shown } from './plot.ts'
import { costs, curves, domains, isTimed, occupancy, sweeps } from './sections.ts'

const STYLE = `
:root{--bg:#fff;--fg:#1c2128;--dim:#667080;--grid:#e3e7ec;--c0:#0b6bcb;--c1:#d9480f;--c2:#2b8a3e;--c3:#9c36b5;--c4:#c2255c;--c5:#5f3dc4;--c6:#087f5b;--c7:#846358}
@media (prefers-color-scheme:dark){:root{--bg:#14181d;--fg:#e6e9ee;--dim:#98a2b0;--grid:#2a313a;--c0:#4dabf7;--c1:#ff922b;--c2:#51cf66;--c3:#da77f2;--c4:#f783ac;--c5:#9775fa;--c6:#38d9a9;--c7:#c8a78f}}
body{margin:0 auto;max-width:1240px;padding:24px;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 4px}p{margin:4px 0 12px;color:var(--dim)}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;white-space:nowrap}
th,td{padding:4px 10px;border-bottom:1px solid var(--grid);text-align:right}th{color:var(--dim);font-weight:600;vertical-align:bottom}
th:nth-child(-n+3),td:nth-child(-n+3){text-align:left}td.why{text-align:left;white-space:normal;color:var(--c1)}tr.first td{border-top:2px solid var(--grid)}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(360px,1fr));gap:20px}figure{margin:0}figcaption{font-weight:600}svg{width:100%;height:auto}
.grid{stroke:var(--grid)}.tick,.axis{fill:var(--dim);font-size:12px}.line{fill:none;stroke-width:2}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px}.legend i{display:inline-block;width:11px;height:11px;border-radius:2px;margin-right:6px}
${Array.from({ length: 8 }, (_, i) => `.c${i}{fill:var(--c${i});background:var(--c${i})}.s${i}{stroke:var(--c${i})}`).join('')}`

export function reportOf(rows: readonly Row[], machine: Machine | null): string {
  const colourOf = coloursOf(rows.map(({ peer }) => peer).sort((a, b) => rank(a) - rank(b)))
  const timed = rows.filter(isTimed)
  const parts = [curves, domains, costs, sweeps, occupancy].map((part) => part(timed, colourOf))
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Espalier: benchmark report</title><style>${STYLE}</style></head><body>
<h1>Scheduling benchmark</h1><p>${machineText(machine)}</p>
${tableHtml(rows)}
${traceHtml(rows)}
${parts.join('\n')}
</body></html>
`
}

/** Ours has the first colour. */
const rank = (peer: string): number => (peer === 'espalier' ? 0 : 1)

const machineText = (machine: Machine | null): string =>
  machine === null
    ? 'The machine was not described.'
    : escaped(
        `${machine.cores} × ${machine.processor}, ${machine.memoryGib} GiB, ${machine.system}, Node ${machine.node}, ` +
          `Espalier ${machine.espalier}${machine.commit === null ? '' : ` at ${machine.commit}`}. ` +
          'Medians over the rounds; every figure is of a round that the checker found nothing wrong with.',
      )

const HEAD = [
  'scenario',
  'depth',
  'scheduler',
  'rounds',
  'pods',
  'pods/s',
  'slowest to fastest',
  'of ours',
  'gang p50, ms',
  'gang p95, ms',
  'CPU ms/pod',
  'server CPU ms/pod',
  'memory, MB',
  'writes/pod',
  'racks/gang',
  'broken, untold',
]

const cell = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : shown(value))

function tableHtml(rows: readonly Row[]): string {
  const own = rows.filter(({ figures }) => figures === null || figures.trace === null)
  if (own.length === 0) return ''
  const lines = own.map((row, i) => {
    const isFirst = own[i - 1]?.scenario !== row.scenario
    const names = [row.scenario, row.depth, row.peer].map((text) => `<td>${escaped(text)}</td>`).join('')
    return `<tr${isFirst ? ' class="first"' : ''}>${names}${cellsOf(row)}</tr>`
  })
  return `<div class="scroll"><table><thead><tr>${HEAD.map((text) => `<th>${text}</th>`).join('')}</tr></thead><tbody>${lines.join('')}</tbody></table></div>`
}

function cellsOf({ figures, failure, rounds, slowest, fastest, ofOurs, measure }: Row): string {
  if (figures === null)
    return `<td class="why" colspan="${HEAD.length - 3}">not timed: ${escaped(failure ?? 'nothing was measured')}</td>`
  const perPod = (value: number | null): number | null => (value === null ? null : value / figures.pods)
  const { gangMs, domainsPerGang } = figures
  const spread = rounds > 1 ? `${shown(slowest)} to ${shown(fastest)}` : '–'
  const of = (one: Measure, text: string): string => (measure.includes(one) ? text : '–')
  const values = [
    cell(rounds),
    cell(figures.pods),
    of('throughput', cell(figures.podsPerSecond)),
    of('throughput', spread),
    of('throughput', cell(ofOurs)),
    of('time-to-bound', cell(gangMs?.median)),
    of('time-to-bound', cell(gangMs?.p95)),
    of('cost', cell(perPod(figures.schedulerCpuMs))),
    of('cost', cell(perPod(figures.apiServerCpuMs))),
    of('cost', cell(figures.schedulerMegabytes)),
    of('cost', cell(figures.writesPerPod)),
    of('domains', cell(domainsPerGang.rack ?? domainsPerGang.block ?? domainsPerGang.zone)),
    cell(figures.brokenUntold),
  ]
  return values.map((value) => `<td>${value}</td>`).join('')
}

const TRACE_HEAD = [
  'scenario',
  'depth',
  'scheduler',
  'jobs',
  'GPUs in use, %',
  'wait mean, min',
  'wait p50',
  'wait p95',
  'fragmented, %',
  'domains by fewest',
  'broken preferences',
  'evictions',
  'whole mean, min',
  'whole p95',
  'asked, not ready, %',
]

function traceHtml(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ scenario, depth, peer, figures, measure }) => {
    const trace = figures?.trace ?? null
    if (trace === null) return []
    const { waitMinutes: wait } = trace
    const of = (one: Measure, value: number): string => (measure.includes(one) ? cell(value) : '–')
    const values = [
      cell(trace.started),
      of('occupancy', trace.occupancyPercent),
      ...[wait.mean, wait.median, wait.p95].map((minutes) => of('waiting', minutes)),
      of('occupancy', trace.fragmentationPercent),
      of('domains', trace.domainsByFewest),
      of('domains', trace.brokenPreferences),
      cell(trace.evictions),
      ...[trace.serving?.wholeMinutes.mean, trace.serving?.wholeMinutes.p95].map(cell),
      cell(trace.serving?.notReadyPercent),
    ]
    return [
      `<tr>${[scenario, depth, peer].map((text) => `<td>${escaped(text)}</td>`).join('')}${values.map((value) => `<td>${value}</td>`).join('')}</tr>`,
    ]
  })
  if (lines.length === 0) return ''
  return `<h2>Traces</h2><div class="scroll"><table><thead><tr>${TRACE_HEAD.map((text) => `<th>${text}</th>`).join('')}</tr></thead><tbody>${lines.join('')}</tbody></table></div>`
}
