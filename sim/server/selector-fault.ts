import { isLabelKey, isLabelValue } from '../../api/label.ts'

/** What ends a word; everything else but white space belongs to one. */
const TOKEN = /\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)/gy
const OPERATORS = new Set(['=', '==', '!=', 'in', 'notin', '<', '>'])

const KEY_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

const isWord = (token: string | undefined): token is string => token !== undefined && /^[^=!(),<>]/.test(token)
const found = (token: string | undefined, expected: string): string => `found '${token ?? ''}'${expected}`

/** Reads tokens until one does not fit. */
class Reader {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(text: string) {
    this.#tokens = [...text.matchAll(TOKEN)].map(([, token]) => token!)
  }

  peek(): string | undefined {
    return this.#tokens[this.#at]
  }

  next(): string | undefined {
    return this.#tokens[this.#at++]
  }
}

function valueFault(key: string, operator: string, value: string): string | null {
  if (operator === '<' || operator === '>') {
    const isWhole = /^[+-]?\d{1,19}$/.test(value)
    return isWhole
      ? null
      : `values[0]: Invalid value: "${value}": for 'Gt', 'Lt' operators, the value must be an integer`
  }
  return isLabelValue(value) ? null : `values[0][${key}]: Invalid value: "${value}": ${VALUE_RULE}`
}

function setFault(reader: Reader, key: string): string | null {
  const open = reader.next()
  if (open !== '(') return found(open, " expected: '('")
  for (;;) {
    const token = reader.next()
    if (token === ')') return null
    if (token === undefined) return found(token, ", expected: ',' or ')'")
    const fault = isWord(token) ? valueFault(key, 'in', token) : null
    if (fault !== null) return fault
  }
}

function requirementFault(reader: Reader): string | null {
  const first = reader.next()
  const key = first === '!' ? reader.next() : first
  if (!isWord(key)) return found(key, ', expected: identifier')
  if (!isLabelKey(key)) return `<nil>: Invalid value: "${key}": ${KEY_RULE}`
  const operator = reader.peek()
  if (first === '!' || operator === undefined || operator === ',') return null
  reader.next()
  if (!OPERATORS.has(operator)) return found(operator, ', expected: in, notin, =, ==, !=, gt, lt')
  if (operator === 'in' || operator === 'notin') return setFault(reader, key)
  return valueFault(key, operator, isWord(reader.peek()) ? reader.next()! : '')
}

/** Why a text is no label selector, in the words of Kubernetes' own parser. For texts that were refused already. */
export function selectorFault(text: string): string {
  const reader = new Reader(text)
  for (;;) {
    const start = reader.peek()
    if (start !== '!' && !isWord(start)) return found(start, ", expected: !, identifier, or 'end of string'")
    const fault = requirementFault(reader)
    if (fault !== null) return `unable to parse requirement: ${fault}`
    const end = reader.next()
    if (end !== ',') return found(end, ", expected: ',' or 'end of string'")
    if (reader.peek() !== '!' && !isWord(reader.peek())) return found(reader.peek(), ", expected: identifier after ','")
  }
}
