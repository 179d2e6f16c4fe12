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

/** A node's value at each level, broad to narrow; null where it has neither pattern nor label. */
export function valuesOf(declaration: TopologyDeclaration, node: LabelledNode): readonly (string | null)[] {
  const written = Object.create(null) as Record<string, string>
  for (const { pattern, values } of declaration.nodes) {
    if (globMatches(pattern, node.name)) Object.assign(written, values)
  }
  return declaration.levels.map(({ name, key }) => written[name] || labelOf(node, key))
}

/** Null where the node lacks the label; every object has a `constructor`, and that is none. */
export const labelOf = ({ labels }: LabelledNode, key: string): string | null =>
  (Object.hasOwn(labels, key) && labels[key]) || null
