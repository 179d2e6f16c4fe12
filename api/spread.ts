import type { FieldError } from './field-error.ts'
import type { GangSpreadConstraint, SpreadConstraint } from './generated/kinds.ts'
import { isLabelKey } from './label.ts'
import { SPREAD_ANNOTATION } from './names.ts'

/**
 * The spread constraint as an annotation: the JSON of the field `spread`, for clusters whose CRDs have not the field.
 * On a PodCliqueSet it names a level (`domain`), on a PodGang a node label (`key`, `peers`).
 */

export type SpreadSide = 'set' | 'gang'

/** What a spread comes to, with what was left out filled in. */
export interface Spread {
  /** The level's name on a set, the node label's key on a gang. */
  readonly over: string
  readonly peers: string | null
  readonly maxSkew: number
  readonly minDomains: number | null
  readonly isHard: boolean
}

const FIELDS: Readonly<Record<SpreadSide, readonly string[]>> = {
  set: ['domain', 'maxSkew', 'minDomains', 'whenUnsatisfiable'],
  gang: ['key', 'peers', 'maxSkew', 'minDomains', 'whenUnsatisfiable'],
}
const LEVEL = /^[a-z][a-z0-9-]{0,62}$/

const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 1

/** What each field must be; null: it is right. */
const WANTS: Readonly<Record<string, (value: unknown) => string | null>> = {
  domain: (value) =>
    typeof value === 'string' && LEVEL.test(value)
      ? null
      : 'the name of a level: lower-case letters, digits and dashes',
  key: (value) => (typeof value === 'string' && isLabelKey(value) ? null : 'the key of a node label'),
  peers: (value) =>
    typeof value === 'string' && value !== '' && value.length <= 253 ? null : 'a text of 1 to 253 characters',
  maxSkew: (value) => (isCount(value) ? null : 'a whole number of at least 1'),
  minDomains: (value) => (isCount(value) ? null : 'a whole number of at least 1'),
  whenUnsatisfiable: (value) =>
    value === 'DoNotSchedule' || value === 'ScheduleAnyway' ? null : '"DoNotSchedule" or "ScheduleAnyway"',
}

const error = (path: FieldError['path'], found: unknown, want: string): FieldError => ({ path, found, want, at: null })

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Everything that is wrong with a value that should be a spread. `path` is where it stands. */
export function checkSpread(value: unknown, side: SpreadSide, path: FieldError['path'] = []): FieldError[] {
  const names = FIELDS[side]
  const over = names[0] ?? ''
  if (!isObject(value)) return [error(path, value, `an object with ${names.join(', ')}`)]
  const errors: FieldError[] = []
  for (const [name, found] of Object.entries(value)) {
    const want = names.includes(name) ? (WANTS[name]?.(found) ?? null) : `one of ${names.join(', ')}`
    if (want !== null) errors.push(error([...path, name], found, want))
  }
  if (!Object.hasOwn(value, over)) errors.push(error([...path, over], undefined, WANTS[over]?.(undefined) ?? ''))
  if (value['minDomains'] !== undefined && value['whenUnsatisfiable'] === 'ScheduleAnyway') {
    errors.push(error([...path, 'minDomains'], value['minDomains'], 'none with whenUnsatisfiable ScheduleAnyway'))
  }
  return errors
}

/** A checked constraint of either side with its defaults. */
export function spreadOf(written: SpreadConstraint | GangSpreadConstraint): Spread {
  return {
    over: 'domain' in written ? written.domain : written.key,
    peers: 'peers' in written ? (written.peers ?? null) : null,
    maxSkew: written.maxSkew ?? 1,
    minDomains: written.minDomains ?? null,
    isHard: written.whenUnsatisfiable !== 'ScheduleAnyway',
  }
}

export type Parsed<T> = Readonly<{ spread: T; errors: readonly [] } | { spread: null; errors: readonly FieldError[] }>

function parse<T>(text: string, side: SpreadSide, path: FieldError['path']): Parsed<T> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { spread: null, errors: [error(path, text, `JSON: an object with ${FIELDS[side].join(', ')}`)] }
  }
  const errors = checkSpread(value, side, path)
  return errors.length === 0 ? { spread: value as T, errors: [] } : { spread: null, errors }
}

const ANNOTATION_PATH = ['metadata', 'annotations', SPREAD_ANNOTATION] as const

/** The annotation of a PodCliqueSet. */
export const parseSetSpread = (text: string): Parsed<SpreadConstraint> => parse(text, 'set', ANNOTATION_PATH)

/** The annotation of a PodGang. */
export const parseGangSpread = (text: string): Parsed<GangSpreadConstraint> => parse(text, 'gang', ANNOTATION_PATH)

/** The annotation's text, fields in the order of the docs, so that equal constraints are equal texts. */
export function formatSpread(spread: SpreadConstraint | GangSpreadConstraint): string {
  const names = FIELDS['domain' in spread ? 'set' : 'gang']
  const written = spread as unknown as Record<string, unknown>
  return JSON.stringify(
    Object.fromEntries(names.filter((name) => written[name] !== undefined).map((name) => [name, written[name]])),
  )
}
