import { expect, test } from 'vitest'
import type { Node, Pod } from '../../api/kinds/kubernetes.ts'
import type { Io } from '../../cli/command.ts'
import { Progress } from '../../cli/progress.ts'
import { gb200Nvl72 } from '../../sim/shapes.ts'

/** A terminal of so many characters: wraps, scrolls, and knows the two escapes that a redraw uses. */
class Screen {
  readonly columns: number
  readonly rows: number
  #lines: string[] = ['']

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
  }

  write(text: string): void {
    // oxlint-disable-next-line no-control-regex -- the escapes are what is looked at
    for (const piece of text.split(/(\u001b\[\d*[A-Zm]|\n)/i)) {
      const up = /\[(\d+)A$/.exec(piece)
      if (up !== null) this.#up(Number(up[1]))
      else if (piece === '\n') this.#lines.push('')
      else if (!piece.startsWith('\u001b')) this.#put(piece)
    }
  }

  /** The cursor stops at the top of the screen; what scrolled out above it stays. */
  #up(count: number): void {
    const top = Math.max(0, this.#lines.length - this.rows)
    const to = Math.max(top, this.#lines.length - 1 - count)
    this.#lines = [...this.#lines.slice(0, to), '']
  }

  #put(text: string): void {
    for (const character of text) {
      if ((this.#lines.at(-1) ?? '').length === this.columns) this.#lines.push('')
      this.#lines[this.#lines.length - 1] += character
    }
  }

  get text(): string {
    return this.#lines.join('\n')
  }
}

function ioOn(screen: Screen, env: Io['env'] = {}): Io {
  return {
    out: (text) => screen.write(`${text}\n`),
    err: (text) => screen.write(`${text}\n`),
    isTerminal: true,
    columns: screen.columns,
    rows: screen.rows,
    env,
    cwd: '/',
    stop: new AbortController().signal,
  }
}

const pod = (name: string, node: string | null): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { 'grove.io/podclique': 'dynamo-grove-0-a-worker-with-a-long-name' },
  },
  spec: { containers: [{ name: 'main' }], ...(node !== null && { nodeName: node }) },
})

const nodes: Node[] = gb200Nvl72({ racks: 4, racksPerBlock: 2 })
const before = [pod('w-0', null), pod('w-1', null)]
const after = [pod('w-0', 'gb200-r01-n01'), pod('w-1', 'gb200-r01-n01')]
const heads = (screen: Screen): string[] => screen.text.split('\n').filter((line) => /^b\d|GPUs/.test(line))

for (const [columns, rows] of [
  [160, 45],
  [60, 45],
  [40, 60],
] as const) {
  test(`a redraw on ${columns}x${rows} leaves nothing of the picture before it`, () => {
    const screen = new Screen(columns, rows)
    const progress = new Progress(ioOn(screen))
    progress.show({ nodes, pods: before }, 0)
    progress.show({ nodes, pods: after }, 100)
    expect(heads(screen).map((line) => line.trim().slice(0, 3))).toEqual(['b01', 'r01', 'r02', 'b02', 'r03', 'r04'])
    expect(screen.text).not.toContain('waiting')
  })
}

test('a picture that is higher than the screen is cut and says so; the pods stay in sight', () => {
  const screen = new Screen(80, 12)
  const progress = new Progress(ioOn(screen))
  progress.show({ nodes, pods: before }, 0)
  progress.show({ nodes, pods: after }, 100)
  expect(screen.text.split('\n').length).toBeLessThanOrEqual(12)
  expect(screen.text).toMatch(/\d+ more lines/)
  expect(screen.text).toContain('0/2 ready')
})

test('NO_COLOR set to anything but nothing takes the colours away', () => {
  const seen: string[] = []
  const screen = new Screen(80, 40)
  const io = { ...ioOn(screen, { NO_COLOR: '1' }), out: (text: string) => void seen.push(text) }
  new Progress(io).show({ nodes, pods: after }, 0)
  expect(seen.join('')).not.toContain('\u001b')
  new Progress({ ...io, env: { NO_COLOR: '' } }).show({ nodes, pods: after }, 0)
  expect(seen.join('')).toContain('\u001b')
})
