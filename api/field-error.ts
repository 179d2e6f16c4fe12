import { shortened } from './shortened.ts'

/** Something wrong in what somebody wrote: where, what was found, and what would be right. */
export interface FieldError {
  readonly path: readonly (string | number)[]
  readonly found: unknown
  readonly want: string
  /** Counted from 1; null: it came as an object, not as a file. */
  readonly at: { readonly line: number; readonly column: number } | null
}

/** A path as people write it: `levels[2].within`, `nodes["gb200-*"].rack`; '' for the whole. */
export function pathText(path: FieldError['path']): string {
  return path
    .map((part, position) => {
      if (typeof part === 'number') return `[${part}]`
      if (!/^[A-Za-z_][\w-]*$/.test(part)) return `[${JSON.stringify(part)}]`
      return position === 0 ? part : `.${part}`
    })
    .join('')
}

const FOUND_MAX = 120

function foundText(found: unknown): string {
  if (found === undefined) return 'nothing'
  const text = JSON.stringify(found) ?? String(found)
  return text.length > FOUND_MAX ? `${shortened(text, FOUND_MAX)}…` : text
}

/** `found "zone", want "parent" or "cluster"`: where the path is told beside it. */
export const complaintOf = ({ found, want }: FieldError): string => `found ${foundText(found)}, want ${want}`

/** `levels[2].within: found "zone", want "parent" or "cluster"`: for conditions and events. */
export function sentenceOf(error: FieldError): string {
  const field = pathText(error.path)
  return `${field === '' ? '' : `${field}: `}${complaintOf(error)}`
}

/** `topology.yaml:12:9: levels[2].within: found "zone", want "parent" or "cluster"`: for terminals. */
export function describe(source: string, error: FieldError): string {
  const where = error.at === null ? '' : `:${error.at.line}:${error.at.column}`
  return `${source}${where}: ${sentenceOf(error)}`
}
