import type { CompiledLevel } from './compiled/index-types.ts'

/** One level as declared; `within` is already decided. */
export interface DeclaredLevel {
  readonly name: string
  readonly key: string
  readonly within: CompiledLevel['within']
  /** Bandwidth inside a domain, for drawing and for people. */
  readonly gigabytesPerSecond?: number
}

/** One topology as somebody declared it: a file's entry, a ClusterTopologyBinding, or what labels gave. */
export interface TopologyDeclaration {
  /** '' for the one found from well-known labels. */
  readonly name: string
  /** Broad to narrow. */
  readonly levels: readonly DeclaredLevel[]
  /** Glob over node names → level name → value. Wins over labels; the later pattern wins over the earlier. */
  readonly nodes: readonly { readonly pattern: string; readonly values: Readonly<Record<string, string>> }[]
}

/** What is read of a node. */
export interface LabelledNode {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** Byte order of UTF-16 code units, the one order of names everywhere. */
export const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Whether a glob (`*` any run, `?` one character) matches a whole name. Linear: on a mismatch only the last star is
 * taken up again, so a hostile pattern costs pattern × name at most.
 */
export function globMatches(pattern: string, name: string): boolean {
  let p = 0
  let n = 0
  let star = -1
  let starAt = 0
  while (n < name.length) {
    if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n]) && pattern[p] !== '*') {
      p++
      n++
    } else if (pattern[p] === '*') {
      star = p++
      starAt = n
    } else if (star >= 0) {
      p = star + 1
      n = ++starAt
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** Level name → value, as the patterns write it for a node of this name; null where none of them does. O(patterns). */
export function patternValues(declaration: TopologyDeclaration, name: string): Readonly<Record<string, string>> | null {
  let written: Record<string, string> | null = null
  for (const { pattern, values } of declaration.nodes) {
    if (!globMatches(pattern, name)) continue
    written ??= Object.create(null) as Record<string, string>
    Object.assign(written, values)
  }
  return written
}

/** A node's value at a level: what patterns wrote for it, else its label; null where it has neither. */
export const valueAt = (
  level: Pick<DeclaredLevel, 'name' | 'key'>,
  node: LabelledNode,
  written: Readonly<Record<string, string>> | null,
): string | null => written?.[level.name] || labelOf(node, level.key)

/**
 * The path of a node at each level, broad to narrow; null where it lacks the level. Each path grows from the one of the
 * parent-type level before it (compiled/compile.ts says how).
 */
export function pathsOf(declaration: TopologyDeclaration, node: LabelledNode): readonly (string | null)[] {
  const written = declaration.nodes.length === 0 ? null : patternValues(declaration, node.name)
  let reached = ''
  return declaration.levels.map((level) => {
    const value = valueAt(level, node, written)
    if (value === null || level.within === 'cluster') return value
    reached = reached === '' ? value : `${reached}/${value}`
    return reached
  })
}

/** Null where the node lacks the label; every object has a `constructor`, and that is none. */
export const labelOf = ({ labels }: LabelledNode, key: string): string | null =>
  (Object.hasOwn(labels, key) && labels[key]) || null
