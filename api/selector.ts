import { isLabelKey, isLabelValue } from './label.ts'

/** Label selectors, in the text form of HTTP queries and in the object form of specs; and field selectors. */

export type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'

export interface Requirement {
  readonly key: string
  readonly operator: Operator
  /** In, NotIn: at least one; Gt, Lt: one whole number; else none. */
  readonly values: readonly string[]
}

/** All requirements hold. No requirement: everything matches. */
export interface Selector {
  readonly requirements: readonly Requirement[]
  /** Matches nothing at all: what an absent or an invalid selector object means. */
  readonly isNothing: boolean
}

export const EVERYTHING: Selector = { requirements: [], isNothing: false }
export const NOTHING: Selector = { requirements: [], isNothing: true }

type Labels = Readonly<Record<string, string>>

const INTEGER = /^[+-]?\d{1,19}$/

/** Both must be whole numbers; a label that is none does not match. */
function isBeyond(found: string, bound: string, operator: 'Gt' | 'Lt'): boolean {
  if (!INTEGER.test(found) || !INTEGER.test(bound)) return false
  return operator === 'Gt' ? BigInt(found) > BigInt(bound) : BigInt(found) < BigInt(bound)
}

export function meets({ key, operator, values }: Requirement, labels: Labels): boolean {
  const found = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'In':
      return found !== undefined && values.includes(found)
    case 'NotIn':
      return found === undefined || !values.includes(found)
    case 'Exists':
      return found !== undefined
    case 'DoesNotExist':
      return found === undefined
    case 'Gt':
    case 'Lt':
      return found !== undefined && isBeyond(found, values[0] ?? '', operator)
  }
}

export const matches = (selector: Selector, labels: Labels): boolean =>
  !selector.isNothing && selector.requirements.every((requirement) => meets(requirement, labels))

/** Whether a requirement is one that Kubernetes would take. */
function isValid({ key, operator, values }: Requirement): boolean {
  if (!isLabelKey(key)) return false
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0 && values.every(isLabelValue)
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0
    case 'Gt':
    case 'Lt':
      return values.length === 1 && INTEGER.test(values[0] ?? '')
  }
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  In: 'In',
  NotIn: 'NotIn',
  Exists: 'Exists',
  DoesNotExist: 'DoesNotExist',
  Gt: 'Gt',
  Lt: 'Lt',
}

/** A requirement out of its object form; null where its operator is unknown. */
export function requirementFrom(written: {
  readonly key?: unknown
  readonly operator?: unknown
  readonly values?: unknown
}): Requirement | null {
  const operator = Object.hasOwn(OPERATORS, String(written.operator)) ? OPERATORS[String(written.operator)] : undefined
  if (operator === undefined || typeof written.key !== 'string') return null
  return { key: written.key, operator, values: Array.isArray(written.values) ? written.values.map(String) : [] }
}

/**
 * The selector of a spec: `{matchLabels, matchExpressions}`. Null or undefined matches nothing, `{}` everything; an
 * operator that is not known, or one that label selectors have not, makes it match nothing.
 */
export function labelSelectorFrom(written: object | null | undefined): Selector {
  if (written === null || written === undefined) return NOTHING
  const { matchLabels, matchExpressions } = written as { matchLabels?: Labels; matchExpressions?: object[] }
  const requirements: Requirement[] = Object.entries(matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: 'In',
    values: [String(value)],
  }))
  for (const expression of matchExpressions ?? []) {
    const requirement = requirementFrom(expression)
    if (requirement === null || requirement.operator === 'Gt' || requirement.operator === 'Lt') return NOTHING
    if (!isValid(requirement)) return NOTHING
    requirements.push(requirement)
  }
  return { requirements, isNothing: false }
}

const SET_FORM = /^\s*([^\s!=<>(),]+)\s+(in|notin)\s*\(([^()]*)\)\s*$/
const PAIR_FORM = /^\s*([^\s!=<>(),]+)\s*(==|!=|=|>|<)\s*([^\s!=<>(),]*)\s*$/
const KEY_FORM = /^\s*(!?)\s*([^\s!=<>(),]+)\s*$/
const PAIR_OPERATORS: Readonly<Record<string, Operator>> = {
  '=': 'In',
  '==': 'In',
  '!=': 'NotIn',
  '>': 'Gt',
  '<': 'Lt',
}

function parseRequirement(part: string): Requirement | null {
  const set = SET_FORM.exec(part)
  if (set !== null) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim())
    return { key: set[1] ?? '', operator: set[2] === 'in' ? 'In' : 'NotIn', values: [...new Set(values)] }
  }
  const pair = PAIR_FORM.exec(part)
  if (pair !== null) {
    return { key: pair[1] ?? '', operator: PAIR_OPERATORS[pair[2] ?? ''] ?? 'In', values: [pair[3] ?? ''] }
  }
  const key = KEY_FORM.exec(part)
  return key === null ? null : { key: key[2] ?? '', operator: key[1] === '!' ? 'DoesNotExist' : 'Exists', values: [] }
}

/** Splits at the commas that stand outside of parentheses. */
function splitOutside(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++
    else if (text[i] === ')') depth--
    else if (text[i] === ',' && depth === 0) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  return [...parts, text.slice(start)]
}

/** The selector of a query: `app=web,tier in (a, b),!canary`. Empty matches everything; null: it is no selector. */
export function parseLabelSelector(text: string): Selector | null {
  if (text.trim() === '') return EVERYTHING
  const requirements: Requirement[] = []
  for (const part of splitOutside(text)) {
    const requirement = parseRequirement(part)
    if (requirement === null || !isValid(requirement)) return null
    requirements.push(requirement)
  }
  return { requirements, isNothing: false }
}

function formatRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${[...values].sort().join(',')})`
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${[...values].sort().join(',')})`
    case 'Exists':
      return key
    case 'DoesNotExist':
      return `!${key}`
    case 'Gt':
      return `${key}>${values[0]}`
    case 'Lt':
      return `${key}<${values[0]}`
  }
}

/** The text form, requirements in byte order of their keys. A selector of nothing has no text: null. */
export function formatSelector(selector: Selector): string | null {
  if (selector.isNothing) return null
  const byKey = (a: Requirement, b: Requirement): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
  return [...selector.requirements].sort(byKey).map(formatRequirement).join(',')
}
