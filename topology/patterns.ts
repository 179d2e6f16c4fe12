import { globMatches, type LabelledNode, type TopologyDeclaration, valueAt } from './declaration.ts'

type Pattern = TopologyDeclaration['nodes'][number]

/**
 * The patterns of one declaration, by what stands before their first star or question mark: a name is only held against
 * those that begin as it does. Ten thousand patterns with a prefix of a rack each cost a look-up a length of prefix, not
 * ten thousand matches a node.
 */
class PatternTable {
  readonly #patterns: readonly Pattern[]
  /** Length of prefix → prefix → positions in the declaration. */
  readonly #byLength = new Map<number, Map<string, number[]>>()

  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns
    patterns.forEach(({ pattern }, at) => {
      const prefix = /^[^*?]*/.exec(pattern)?.[0] ?? ''
      const ofLength = this.#byLength.get(prefix.length) ?? new Map<string, number[]>()
      this.#byLength.set(prefix.length, ofLength)
      const alike = ofLength.get(prefix)
      if (alike) alike.push(at)
      else ofLength.set(prefix, [at])
    })
  }

  /** Level name → value; the later pattern wins over the earlier. Null where none matches. */
  valuesOf(name: string): Readonly<Record<string, string>> | null {
    const found: number[] = []
    for (const [length, ofLength] of this.#byLength) {
      for (const at of ofLength.get(name.slice(0, length)) ?? []) {
        if (globMatches(this.#patterns[at]!.pattern, name)) found.push(at)
      }
    }
    if (found.length === 0) return null
    const written = Object.create(null) as Record<string, string>
    for (const at of found.sort((a, b) => a - b)) Object.assign(written, this.#patterns[at]!.values)
    return written
  }
}

const tables = new WeakMap<readonly Pattern[], PatternTable>()

/** What the patterns of a declaration write for a node of this name, by level; null where none matches it. */
export function patternValues({ nodes }: TopologyDeclaration, name: string): Readonly<Record<string, string>> | null {
  if (nodes.length === 0) return null
  let table = tables.get(nodes)
  if (table === undefined) tables.set(nodes, (table = new PatternTable(nodes)))
  return table.valuesOf(name)
}

/**
 * The path of a node at each level, broad to narrow; null where it lacks the level. Each path grows from the one of the
 * parent-type level before it (compiled/compile.ts says how).
 */
export function pathsOf(declaration: TopologyDeclaration, node: LabelledNode): readonly (string | null)[] {
  const written = patternValues(declaration, node.name)
  let reached = ''
  return declaration.levels.map((level) => {
    const value = valueAt(level, node, written)
    if (value === null || level.within === 'cluster') return value
    reached = reached === '' ? value : `${reached}/${value}`
    return reached
  })
}
