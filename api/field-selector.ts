/** Field selectors of HTTP queries: `metadata.name=a,spec.nodeName!=b`. */

export interface FieldRequirement {
  /** Dotted, as written. */
  readonly path: string
  readonly isEqual: boolean
  readonly value: string
}

/** Splits at commas that no backslash stands before. */
const splitEscaped = (text: string): string[] => text.match(/(?:\\.|[^,\\])+/gs) ?? []

const unescape = (text: string): string => text.replace(/\\([\\,=])/g, '$1')

const FORM = /^\s*([A-Za-z][\w.]*)\s*(==|!=|=)((?:\\.|[^=\\])*)$/s

/** Empty: no requirement. Null: it is no field selector. */
export function parseFieldSelector(text: string): readonly FieldRequirement[] | null {
  if (text.trim() === '') return []
  const requirements: FieldRequirement[] = []
  for (const part of splitEscaped(text)) {
    const match = FORM.exec(part)
    if (match === null) return null
    requirements.push({ path: match[1] ?? '', isEqual: match[2] !== '!=', value: unescape(match[3] ?? '') })
  }
  return requirements
}

/** The text of a field, '' where it is absent. */
export function fieldText(object: unknown, path: string): string {
  let value: unknown = object
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return ''
    value = (value as Record<string, unknown>)[part]
  }
  return value === undefined || value === null ? '' : String(value)
}

/** Which fields a kind offers is for the caller to check; an absent one counts as ''. */
export const matchesFields = (requirements: readonly FieldRequirement[], object: unknown): boolean =>
  requirements.every(({ path, isEqual, value }) => (fieldText(object, path) === value) === isEqual)
