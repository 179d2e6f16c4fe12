import { isRecord, listAt, recordAt, stringAt } from './json.ts'

/** Does a LabelSelector (matchLabels, matchExpressions) select these labels? An empty one selects all. */
export function labelSelectorMatches(selector: unknown, labels: Readonly<Record<string, unknown>>): boolean {
  const exact = Object.entries(recordAt(selector, 'matchLabels')).every(([key, value]) => labels[key] === value)
  return exact && listAt(selector, 'matchExpressions').every((one) => meets(one, labels))
}

function meets(expression: unknown, labels: Readonly<Record<string, unknown>>): boolean {
  const value = labels[stringAt(expression, 'key')]
  const isIn = value !== undefined && listAt(expression, 'values').includes(value)
  switch (stringAt(expression, 'operator')) {
    case 'In':
      return isIn
    case 'NotIn':
      return !isIn
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      return false
  }
}

/** The selector as a query writes it: what scale's status shows. */
export function labelSelectorText(selector: unknown): string {
  const exact = Object.entries(recordAt(selector, 'matchLabels')).map(([key, value]) => `${key}=${String(value)}`)
  const rest = listAt(selector, 'matchExpressions')
    .filter(isRecord)
    .map((one) => {
      const key = stringAt(one, 'key')
      const values = `(${listAt(one, 'values').map(String).sort().join(',')})`
      const operator = stringAt(one, 'operator')
      return operator === 'Exists'
        ? key
        : operator === 'DoesNotExist'
          ? `!${key}`
          : `${key} ${operator.toLowerCase()} ${values}`
    })
  return [...exact, ...rest].sort().join(',')
}
