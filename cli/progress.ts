/** Shows a picture of the cluster as it changes: redrawn in place on a terminal, a plain line a change otherwise. */
import type { Node, Pod } from '../api/kinds/kubernetes.ts'
import type { Io } from './command.ts'
import { isPodReady, type Picture } from './demo.ts'
import { drawRacks } from './rack-drawing.ts'

const RACK_LABEL = 'fabric.topograph.run/tier-1'

const seconds = (elapsedMs: number): string => `${(elapsedMs / 1_000).toFixed(1).padStart(5)} s`

function stateOf(pod: Pod): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating'
  if (isPodReady(pod)) return 'Ready'
  const waiting = pod.status?.containerStatuses?.find(({ state }) => state?.waiting)?.state?.waiting?.reason
  return waiting ?? pod.status?.phase ?? 'Pending'
}

export class Progress {
  readonly #io: Io
  #drawn = ''
  #lines = 0
  readonly #told = new Map<string, string>()

  constructor(io: Io) {
    this.#io = io
  }

  show(picture: Picture, elapsedMs: number): void {
    if (this.#io.isTerminal) this.#redraw(picture)
    else this.#tell(picture, elapsedMs)
  }

  /** The last word of `--once`: the racks, then every pod with its node. */
  list({ nodes, pods }: Picture): void {
    if (!this.#io.isTerminal) {
      for (const line of drawRacks(nodes, pods, { isColoured: false, columns: 120 })) this.#io.out(line)
    }
    this.#io.out('')
    const rackOf = new Map(nodes.map((node) => [node.metadata.name, rack(node)]))
    const rows = pods.map((pod) => [
      pod.metadata.namespace ?? '',
      pod.metadata.name,
      pod.spec.nodeName ?? '-',
      rackOf.get(pod.spec.nodeName ?? '') ?? '-',
      stateOf(pod),
    ])
    for (const line of table([['NAMESPACE', 'POD', 'NODE', 'RACK', 'STATE'], ...rows])) this.#io.out(line)
  }

  #redraw({ nodes, pods }: Picture): void {
    const { columns, rows, env } = this.#io
    const drawn = drawRacks(nodes, pods, { isColoured: (env['NO_COLOR'] ?? '') === '', columns })
    const lines = cutTo(drawn, columns, rows)
    const drawing = lines.join('\n')
    if (drawing === this.#drawn) return
    const back = this.#lines === 0 ? '' : `\u001b[${this.#lines}A\u001b[J`
    this.#io.out(`${back}${drawing}`)
    this.#drawn = drawing
    this.#lines = lines.length
  }

  #tell({ nodes, pods }: Picture, elapsedMs: number): void {
    const rackOf = new Map(nodes.map((node) => [node.metadata.name, rack(node)]))
    for (const pod of pods) {
      const node = pod.spec.nodeName
      const where = node === undefined ? 'waits for a node' : `on ${node} (rack ${rackOf.get(node) ?? '?'})`
      const now = `${stateOf(pod)}, ${where}`
      const key = `${pod.metadata.namespace}/${pod.metadata.name}`
      if (this.#told.get(key) === now) continue
      this.#told.set(key, now)
      this.#io.out(`${seconds(elapsedMs)}  ${key}  ${now}`)
    }
  }
}

/** Escapes take no room on the screen. */
// oxlint-disable-next-line no-control-regex -- the escapes are what is looked for
const COLOUR = /\u001b\[\d+m/
const PIECES = new RegExp(`(${COLOUR.source})`)

/** A line that would wrap makes the count of lines wrong by which the next picture goes back up. */
function clipped(line: string, columns: number): string {
  let room = columns
  return line
    .split(PIECES)
    .map((piece) => {
      if (COLOUR.test(piece)) return piece
      const shown = piece.slice(0, room)
      room -= shown.length
      return shown
    })
    .join('')
}

/** What fits the screen, the cursor's line left free. The end stays: the legend names every clique. */
export function cutTo(lines: readonly string[], columns: number, rows: number): string[] {
  const room = Math.max(3, rows - 1)
  const over = lines.length - room
  const shown = over <= 0 ? lines : [`(${over + 1} more lines: make the window higher)`, ...lines.slice(over + 1)]
  return shown.map((line) => clipped(line, columns))
}

const rack = (node: Node): string => node.metadata.labels?.[RACK_LABEL] ?? '-'

/** Columns padded to their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
