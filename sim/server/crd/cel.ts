import { Environment } from '@marcbachmann/cel-js'
import { Duration } from '@marcbachmann/cel-js/evaluator'
import { compareQuantities, parseQuantity, type Quantity } from '../../../api/quantity.ts'
import { isRecord, recordAt, stringAt, type Json } from '../json.ts'

/** A rule ready to run; values of its variables are those that `celValue` makes. */
export type Compiled =
  | {
      readonly kind: 'rule'
      readonly usesOldSelf: boolean
      readonly run: (variables: Record<string, unknown>) => unknown
    }
  | { readonly kind: 'broken'; readonly message: string }

/** Wraps an amount, so that the environment can tell its type. */
class CelQuantity {
  readonly amount: Quantity
  constructor(amount: Quantity) {
    this.amount = amount
  }
}

function quantityOf(text: string): CelQuantity {
  const amount = parseQuantity(text)
  if (amount === null) throw new Error(`quantity: cannot parse ${JSON.stringify(text)}`)
  return new CelQuantity(amount)
}

function addQuantity(environment: Environment): void {
  const compare = (a: CelQuantity, b: CelQuantity): number => compareQuantities(a.amount, b.amount)
  environment.registerType('kubernetes.Quantity', { ctor: CelQuantity })
  environment.registerFunction('quantity(string): kubernetes.Quantity', quantityOf)
  environment.registerFunction('isQuantity(string): bool', (text: string) => parseQuantity(text) !== null)
  const method = (name: string, run: (a: CelQuantity, b: CelQuantity) => unknown, type: string): void => {
    environment.registerFunction(`kubernetes.Quantity.${name}(kubernetes.Quantity): ${type}`, run)
  }
  method('isGreaterThan', (a, b) => compare(a, b) > 0, 'bool')
  method('isLessThan', (a, b) => compare(a, b) < 0, 'bool')
  method('compareTo', (a, b) => BigInt(Math.sign(compare(a, b))), 'int')
}

type Ordered = bigint | number | string

function addLists(environment: Environment): void {
  const best = (list: Ordered[], isBetter: (a: Ordered, b: Ordered) => boolean): Ordered => {
    if (list.length === 0) throw new Error('min or max called on empty list')
    return list.reduce((a, b) => (isBetter(b, a) ? b : a))
  }
  environment.registerFunction('list.isSorted(): bool', (list: Ordered[]) =>
    list.every((one, i) => i === 0 || list[i - 1]! <= one),
  )
  environment.registerFunction('list.min(): dyn', (list: Ordered[]) => best(list, (a, b) => a < b))
  environment.registerFunction('list.max(): dyn', (list: Ordered[]) => best(list, (a, b) => a > b))
  environment.registerFunction('list.sum(): dyn', (list: bigint[]) => list.reduce((a, b) => a + b, 0n))
  environment.registerFunction('list.indexOf(dyn): int', (list: unknown[], one: unknown) => BigInt(list.indexOf(one)))
}

function addStrings(environment: Environment): void {
  environment.registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
    text.replaceAll(from, to),
  )
  environment.registerFunction(
    'string.find(string): string',
    (text: string, pattern: string) => new RegExp(pattern).exec(text)?.[0] ?? '',
  )
  environment.registerFunction(
    'string.findAll(string): list',
    (text: string, pattern: string) => text.match(new RegExp(pattern, 'g')) ?? [],
  )
}

function environmentOf(): Environment {
  // Wide enough for any rule that the real server's cost limit would let pass.
  const environment = new Environment({ unlistedVariablesAreDyn: true, enableOptionalTypes: true })
  addQuantity(environment)
  addLists(environment)
  addStrings(environment)
  return environment
}

let environment: Environment | null = null
const compiled = new Map<string, Compiled>()

/** Compiles once; the same text gives the same rule. */
export function compileRule(text: string): Compiled {
  const known = compiled.get(text)
  if (known !== undefined) return known
  environment ??= environmentOf()
  let rule: Compiled
  try {
    const run = environment.parse(text)
    rule = {
      kind: 'rule',
      usesOldSelf: /\boldSelf\b/.test(text.replaceAll(/'[^']*'|"[^"]*"/g, '')),
      run: (variables) => run(variables) as unknown,
    }
  } catch (error) {
    rule = { kind: 'broken', message: (error as Error).message.split('\n')[0]! }
  }
  compiled.set(text, rule)
  return rule
}

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/** Names of fields that CEL cannot read are spelled out, as Kubernetes does. */
function escaped(name: string): string {
  if (RESERVED.has(name)) return `__${name}__`
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__')
}

function celText(text: string, format: string): unknown {
  if (format === 'date-time' || format === 'date') return new Date(text)
  if (format === 'duration') return durationOf(text)
  return text
}

const UNIT_NANOS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
  w: 604_800e9,
}

function durationOf(text: string): Duration {
  let nanos = 0
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h|d|w)/g))
    nanos += Number(amount) * UNIT_NANOS[unit!]!
  const whole = Math.trunc(nanos / 1e9)
  return new Duration(text.startsWith('-') ? -whole : whole, Math.round(nanos - whole * 1e9))
}

/** A JSON value as CEL sees it under its schema: whole numbers as int, formats as their types, fields escaped. */
export function celValue(schema: Json, value: unknown): unknown {
  if (typeof value === 'number')
    return stringAt(schema, 'type') === 'number' || !Number.isSafeInteger(value) ? value : BigInt(value)
  if (typeof value === 'string') return celText(value, stringAt(schema, 'format'))
  if (Array.isArray(value)) return value.map((one) => celValue(recordAt(schema, 'items'), one))
  if (!isRecord(value)) return value
  const properties = recordAt(schema, 'properties')
  const seen: Json = {}
  for (const key of Object.keys(value)) {
    const isField = Object.hasOwn(properties, key)
    seen[isField ? escaped(key) : key] = celValue(
      isField ? recordAt(properties, key) : recordAt(schema, 'additionalProperties'),
      value[key],
    )
  }
  return seen
}
