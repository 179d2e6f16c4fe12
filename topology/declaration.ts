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

/** A node's value at a level: what patterns wrote for it, else its label; null where it has neither. */
export const valueAt = (
  level: Pick<DeclaredLevel, 'name' | 'key'>,
  node: LabelledNode,
  written: Readonly<Record<string, string>> | null,
): string | null => written?.[level.name] || labelOf(node, level.key)

/** Null where the node lacks the label; every object has a `constructor`, and that is none. */
export const labelOf = ({ labels }: LabelledNode, key: string): string | null =>
  (Object.hasOwn(labels, key) && labels[key]) || null
