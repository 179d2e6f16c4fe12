/** Plots as SVG text, with nothing from anywhere else: lines over a linear or logarithmic axis, and bars. */

export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Axis {
  readonly label: string
  readonly isLogarithmic?: boolean
}

export interface LinePlot {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
  /** Measured points that the lines only join. */
  readonly hasDots?: boolean
}

const [WIDTH, HEIGHT] = [560, 300]
const [LEFT, RIGHT, TOP, BOTTOM] = [62, 14, 14, 44]
const TICKS = 5
const COLOURS = 8

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Of a scheduler: the same in every plot of a page. */
export type ColourOf = (name: string) => number

export function coloursOf(names: readonly string[]): ColourOf {
  const known = [...new Set(names)]
  return (name) => Math.max(0, known.indexOf(name)) % COLOURS
}

interface Scale {
  readonly at: (value: number) => number
  readonly ticks: readonly number[]
}

/** From 0, or from the least value on a logarithmic axis; nothing to show gives 0 to 1. */
function scaleOf(values: readonly number[], isLogarithmic: boolean, from: number, to: number): Scale {
  const most = Math.max(...values, isLogarithmic ? 10 : 1e-9)
  if (!isLogarithmic) {
    const step = niceStep(most / TICKS)
    const top = Math.ceil(most / step) * step
    const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step)
    return { at: (value) => from + ((to - from) * value) / top, ticks }
  }
  const least = Math.max(1e-9, Math.min(...values))
  const [low, high] = [Math.log10(least), Math.log10(Math.max(most, least * 1.01))]
  const at = (value: number): number => from + ((to - from) * (Math.log10(Math.max(value, least)) - low)) / (high - low)
  const ticks = [...new Set(values)].sort((a, b) => a - b)
  return {
    at,
    ticks: ticks.length <= TICKS + 3 ? ticks : ticks.filter((_, i) => i % Math.ceil(ticks.length / TICKS) === 0),
  }
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough) ?? power
}

export const shown = (value: number): string => {
  if (value >= 1_000) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

const place = (value: number): string => value.toFixed(1)

function frame(x: Scale, y: Scale, labels: readonly [x: string, y: string], inner: string): string {
  const bottom = HEIGHT - BOTTOM
  const across = y.ticks.map(
    (tick) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${place(y.at(tick))}" y2="${place(y.at(tick))}"/>` +
      `<text class="tick" text-anchor="end" x="${LEFT - 6}" y="${place(y.at(tick) + 4)}">${shown(tick)}</text>`,
  )
  const along = x.ticks.map(
    (tick) =>
      `<text class="tick" text-anchor="middle" x="${place(x.at(tick))}" y="${bottom + 16}">${shown(tick)}</text>`,
  )
  const names =
    `<text class="axis" text-anchor="middle" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}">${escaped(labels[0])}</text>` +
    `<text class="axis" text-anchor="middle" transform="translate(14 ${(TOP + bottom) / 2}) rotate(-90)">${escaped(labels[1])}</text>`
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">${across.join('')}${along.join('')}${names}${inner}</svg>`
}

const legend = (names: readonly string[], colourOf: ColourOf): string =>
  `<div class="legend">${names.map((name) => `<span><i class="c${colourOf(name)}"></i>${escaped(name)}</span>`).join('')}</div>`

const figure = (title: string, svg: string, names: readonly string[], colourOf: ColourOf): string =>
  `<figure><figcaption>${escaped(title)}</figcaption>${svg}${legend(names, colourOf)}</figure>`

export function linePlot({ title, x, y, series, hasDots = false }: LinePlot, colourOf: ColourOf): string {
  const points = series.flatMap((each) => each.points)
  const across = scaleOf(
    points.map(([value]) => value),
    x.isLogarithmic ?? false,
    LEFT,
    WIDTH - RIGHT,
  )
  const up = scaleOf(
    points.map(([, value]) => value),
    y.isLogarithmic ?? false,
    HEIGHT - BOTTOM,
    TOP,
  )
  const lines = series.map(({ name, points: own }) => {
    const path = own.map(([px, py]) => `${place(across.at(px))},${place(up.at(py))}`).join(' ')
    const dots = hasDots ? own.map((point) => dot(point, across, up, colourOf(name))).join('') : ''
    return `<polyline class="line s${colourOf(name)}" points="${path}"><title>${escaped(name)}</title></polyline>${dots}`
  })
  const names = series.map(({ name }) => name)
  return figure(title, frame(across, up, [x.label, y.label], lines.join('')), names, colourOf)
}

const dot = ([x, y]: readonly [number, number], across: Scale, up: Scale, colour: number): string =>
  `<circle class="c${colour}" cx="${place(across.at(x))}" cy="${place(up.at(y))}" r="3.5"><title>${shown(x)}: ${shown(y)}</title></circle>`

export interface BarPlot {
  readonly title: string
  readonly x: string
  readonly y: string
  /** One group a value of x; in it one bar a name. */
  readonly groups: readonly { readonly label: string; readonly bars: Readonly<Record<string, number>> }[]
}

export function barPlot({ title, x, y, groups }: BarPlot, colourOf: ColourOf): string {
  const names = [...new Set(groups.flatMap(({ bars }) => Object.keys(bars)))]
  const up = scaleOf(
    groups.flatMap(({ bars }) => Object.values(bars)),
    false,
    HEIGHT - BOTTOM,
    TOP,
  )
  const room = (WIDTH - LEFT - RIGHT) / Math.max(1, groups.length)
  const width = Math.min(60, (room * 0.8) / Math.max(1, names.length))
  const drawn = groups.map(({ label, bars }, g) => {
    const middle = LEFT + room * (g + 0.5)
    const own = names.flatMap((name, n) => {
      const value = bars[name]
      if (value === undefined) return []
      const left = middle + (n - names.length / 2) * width
      const height = up.at(0) - up.at(value)
      return [
        `<rect class="c${colourOf(name)}" x="${place(left)}" y="${place(up.at(value))}" width="${place(width * 0.9)}" height="${place(height)}">` +
          `<title>${escaped(name)}: ${shown(value)}</title></rect>`,
      ]
    })
    return `${own.join('')}<text class="tick" text-anchor="middle" x="${place(middle)}" y="${HEIGHT - BOTTOM + 16}">${escaped(label)}</text>`
  })
  return figure(title, frame({ at: () => 0, ticks: [] }, up, [x, y], drawn.join('')), names, colourOf)
}
