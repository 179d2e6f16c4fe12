import { isRecord, valueAt } from '../json.ts'

type Step = (found: readonly unknown[]) => unknown[]

const field =
  (name: string): Step =>
  (found) =>
    found.flatMap((one) => (isRecord(one) && Object.hasOwn(one, name) ? [one[name]] : []))

const all: Step = (found) =>
  found.flatMap((one) => (Array.isArray(one) ? (one as unknown[]) : isRecord(one) ? Object.values(one) : []))

const at =
  (index: number): Step =>
  (found) =>
    found.flatMap((one) => (Array.isArray(one) ? (one as unknown[]).slice(index).slice(0, 1) : []))

const FILTER = /^\?\(\s*@\.([\w.-]+)\s*(==|!=|>=|<=|>|<)\s*(.+?)\s*\)$/

function compare(left: unknown, operator: string, right: unknown): boolean {
  if (operator === '==') return left === right
  if (operator === '!=') return left !== right
  const [a, b] = [Number(left), Number(right)]
  return operator === '>' ? a > b : operator === '<' ? a < b : operator === '>=' ? a >= b : a <= b
}

function literal(text: string): unknown {
  const quoted = /^(['"])(.*)\1$/.exec(text)
  if (quoted !== null) return quoted[2]!
  if (text === 'true' || text === 'false') return text === 'true'
  return Number(text)
}

/** What stands between brackets: a name in quotes, an index, a star or a filter. */
function bracket(text: string): Step {
  const quoted = /^(['"])(.*)\1$/.exec(text)
  if (quoted !== null) return field(quoted[2]!)
  if (text === '*') return all
  if (/^-?\d+$/.test(text)) return at(Number(text))
  const filter = FILTER.exec(text)
  if (filter === null) return () => []
  const [, path, operator, value] = filter as unknown as [string, string, string, string]
  return (found) => all(found).filter((one) => compare(valueAt(one, path), operator, literal(value)))
}

/** End of the bracket that begins at `from`; brackets and quotes inside are skipped. */
function closing(path: string, from: number): number {
  let depth = 0
  let quote = ''
  for (let i = from; i < path.length; i++) {
    const c = path[i]!
    if (quote !== '') quote = c === quote ? '' : quote
    else if (c === "'" || c === '"') quote = c
    else if (c === '[') depth++
    else if (c === ']' && --depth === 0) return i
  }
  return path.length
}

/**
 * The JSONPath of printer columns: `.a.b`, `['a']`, `[0]`, `[*]`, `.*`, `[?(@.type=="Ready")]`. Gives all values found,
 * none for a path that leads nowhere.
 */
export function jsonPath(path: string): (value: unknown) => readonly unknown[] {
  const steps: Step[] = []
  for (let i = 0; i < path.length; ) {
    if (path[i] === '[') {
      const end = closing(path, i)
      steps.push(bracket(path.slice(i + 1, end).trim()))
      i = end + 1
      continue
    }
    const name = /^\.?((?:\\.|[^.[\\])+)/.exec(path.slice(i))
    if (name === null) break
    const plain = name[1]!.replaceAll(/\\(.)/g, '$1')
    steps.push(plain === '*' ? all : field(plain))
    i += name[0].length
  }
  return (value) => steps.reduce<readonly unknown[]>((found, step) => step(found), [value])
}
