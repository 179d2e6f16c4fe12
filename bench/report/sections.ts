/** Which picture shows what of the rows. */
import type { Figures } from '../runs/result.ts'
import type { Row } from '../runs/summary.ts'
import type { Measure } from '../scenario/scenario.ts'
import { barPlot, type ColourOf, linePlot, type Series } from './plot.ts'

type Timed = Row & { readonly figures: Figures }

export const isTimed = (row: Row): row is Timed => row.figures !== null

const section = (title: string, note: string, plots: readonly string[]): string =>
  plots.length === 0
    ? ''
    : `<section><h2>${title}</h2><p>${note}</p><div class="plots">${plots.join('')}</div></section>`

const byHeat = (rows: readonly Timed[]): Timed[][] => [
  ...Map.groupBy(rows, ({ scenario, depth }) => `${scenario} ${depth}`).values(),
]
const shows =
  (one: Measure) =>
  ({ measure }: Timed): boolean =>
    measure.includes(one)
const titleOf = (rows: readonly Timed[]): string => `${rows[0]?.scenario} (${rows[0]?.depth})`

export function curves(rows: readonly Timed[], colourOf: ColourOf): string {
  const plots = byHeat(rows.filter(shows('time-to-bound')).filter(({ figures }) => figures.curve.length > 1)).map(
    (own) =>
      linePlot(
        {
          title: titleOf(own),
          x: { label: 'seconds' },
          y: { label: 'pods bound' },
          series: own.map(({ peer, figures }) => ({
            name: peer,
            points: [[0, 0] as const, ...figures.curve.map(([ms, pods]) => [ms / 1_000, pods] as const)],
          })),
        },
        colourOf,
      ),
  )
  const note =
    'From the start of the scheduler’s process where all work was there before it, else from the first creation. The round whose rate is the median.'
  return section('Time to bound', note, plots)
}

export function domains(rows: readonly Timed[], colourOf: ColourOf): string {
  const plots = byHeat(
    rows.filter(shows('domains')).filter(({ figures }) => Object.keys(figures.domainCounts).length > 0),
  )
    .filter((own) => own.length > 1)
    .map((own) => {
      const counts = own.flatMap(({ figures }) => Object.keys(figures.domainCounts).map(Number))
      const labels = [...new Set(counts)].sort((a, b) => a - b).slice(0, 16)
      const groups = labels.map((label) => ({
        label: String(label),
        bars: Object.fromEntries(own.map(({ peer, figures }) => [peer, figures.domainCounts[label] ?? 0])),
      }))
      return barPlot({ title: titleOf(own), x: 'domains that a gang uses', y: 'gangs', groups }, colourOf)
    })
  return section('Domains per gang', 'Of the narrowest level above a host. Fewer is tighter.', plots)
}

export function occupancy(rows: readonly Timed[], colourOf: ColourOf): string {
  const plots = byHeat(
    rows.filter(shows('occupancy')).filter(({ figures }) => (figures.trace?.occupancy.length ?? 0) > 1),
  ).map((own) =>
    linePlot(
      {
        title: titleOf(own),
        x: { label: 'days of virtual time' },
        y: { label: '% of the GPUs in use' },
        series: own.map(({ peer, figures }) => ({ name: peer, points: thinned(figures.trace?.occupancy ?? []) })),
      },
      colourOf,
    ),
  )
  return section(
    'Occupancy',
    'Jobs and services of a trace in virtual time. Blind knows no topology; greedy takes nothing back.',
    plots,
  )
}

const POINTS = 200

/** Means of as many hours as make `POINTS` points. */
function thinned(hours: readonly (readonly [hour: number, percent: number])[]): [number, number][] {
  const step = Math.max(1, Math.ceil(hours.length / POINTS))
  return Array.from({ length: Math.ceil(hours.length / step) }, (_, i) => {
    const part = hours.slice(i * step, (i + 1) * step)
    return [(part[0]?.[0] ?? 0) / 24, part.reduce((sum, [, percent]) => sum + percent, 0) / part.length]
  })
}

/** Scenarios that differ in the number of nodes alone. */
export function sweeps(rows: readonly Timed[], colourOf: ColourOf): string {
  const swept = rows.filter(shows('cost')).filter(({ scenario }) => scenario.includes('@'))
  const groups = Map.groupBy(swept, ({ scenario, depth }) => `${scenario.split('@')[0]} (${depth})`)
  const plots = [...groups].flatMap(([title, own]) => {
    const isLatency = own.some(({ figures }) => figures.gangMs !== null)
    const of = ({ figures }: Timed): number => (isLatency ? (figures.gangMs?.median ?? 0) : figures.ms)
    const cpu = ({ figures }: Timed): number => (figures.schedulerCpuMs ?? 0) / figures.pods
    const series = (pick: (row: Timed) => number): Series[] =>
      [...Map.groupBy(own, ({ peer }) => peer)].map(([name, mine]) => ({
        name,
        points: mine.map((row) => [row.figures.nodes, pick(row)] as const).sort((a, b) => a[0] - b[0]),
      }))
    const x = { label: 'nodes', isLogarithmic: true }
    const time = isLatency ? 'ms to a bound gang, median' : 'ms for the whole work'
    return [
      linePlot({ title, x, y: { label: time }, series: series(of), hasDots: true }, colourOf),
      linePlot(
        { title, x, y: { label: 'processor ms of the scheduler, a pod' }, series: series(cpu), hasDots: true },
        colourOf,
      ),
    ]
  })
  return section('Cost against nodes', 'The same work in ever larger clusters.', plots)
}

export function costs(rows: readonly Timed[], colourOf: ColourOf): string {
  const own = rows
    .filter(shows('cost'))
    .filter(({ depth, figures }) => depth === 'control-plane' && figures.schedulerCpuMs !== null)
  const plots = byHeat(own)
    .filter((each) => each.length > 1)
    .map((each) => {
      const bars = (pick: (figures: Figures) => number | null): Record<string, number> =>
        Object.fromEntries(each.map(({ peer, figures }) => [peer, pick(figures) ?? 0]))
      const groups = [
        { label: 'scheduler', bars: bars(({ schedulerCpuMs, pods }) => (schedulerCpuMs ?? 0) / pods) },
        { label: 'API server', bars: bars(({ apiServerCpuMs, pods }) => (apiServerCpuMs ?? 0) / pods) },
        { label: 'etcd', bars: bars(({ etcdCpuMs, pods }) => (etcdCpuMs ?? 0) / pods) },
      ]
      return barPlot({ title: titleOf(each), x: 'process', y: 'processor ms a pod', groups }, colourOf)
    })
  return section('Processor time', 'The scheduler’s start is in it.', plots)
}
