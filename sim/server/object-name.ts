import type { FieldFault } from './api-error.ts'
import type { ServedType } from './served-type.ts'

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = String.raw`[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*`
const VALUE = '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?'
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'

interface Grammar {
  readonly pattern: RegExp
  readonly longest: number
  readonly words: string
}

const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`)

const DNS_LABEL: Grammar = {
  pattern: whole(LABEL),
  longest: 63,
  words:
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with " +
    `an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`,
}
const DNS_SUBDOMAIN: Grammar = {
  pattern: whole(SUBDOMAIN),
  longest: 253,
  words:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
    `end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`,
}
const LABEL_VALUE_WORDS =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
  `with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${VALUE}')`
const KEY_WORDS =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  `character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}')`

const LABEL_VALUE = whole(VALUE)
const QUALIFIED_NAME = whole(QUALIFIED)
const DNS_PREFIX = whole(SUBDOMAIN)

function faultsOf(field: string, value: string, grammar: Grammar): FieldFault[] {
  const faults: FieldFault[] = []
  if (value.length > grammar.longest) {
    faults.push({ type: 'Invalid', field, value, detail: `must be no more than ${grammar.longest} characters` })
  }
  if (!grammar.pattern.test(value)) faults.push({ type: 'Invalid', field, value, detail: grammar.words })
  return faults
}

function grammarOf(type: ServedType): Grammar | null {
  if (type.group === 'rbac.authorization.k8s.io') return null
  if (type.collection === '/namespaces' || type.collection === '/services') return DNS_LABEL
  return DNS_SUBDOMAIN
}

export function nameFaults(type: ServedType, name: string): FieldFault[] {
  const field = 'metadata.name'
  if (name === '') return [{ type: 'Required', field, detail: 'name or generateName is required' }]
  const grammar = grammarOf(type)
  if (grammar !== null) return faultsOf(field, name, grammar)
  if (name === '.' || name === '..') return [{ type: 'Invalid', field, value: name, detail: `may not be '${name}'` }]
  const bad = ['/', '%'].find((part) => name.includes(part))
  return bad === undefined ? [] : [{ type: 'Invalid', field, value: name, detail: `may not contain '${bad}'` }]
}

export const dnsLabelFaults = (field: string, value: string): FieldFault[] => faultsOf(field, value, DNS_LABEL)

/** Keys of labels, annotations and taints, and names of finalizers and extended resources. */
export function keyFaults(field: string, key: string): FieldFault[] {
  const [prefix, name, ...more] = key.includes('/') ? (key.split('/') as [string, string]) : [null, key]
  const words = `a qualified name ${"must consist of alphanumeric characters, '-', '_' or '.'"}`
  if (more.length > 0)
    return [{ type: 'Invalid', field, value: key, detail: `${words} with an optional DNS subdomain prefix and '/'` }]
  if (key === '/') {
    const details = ['prefix part must be non-empty', 'name part must be non-empty', KEY_WORDS]
    return details.map((detail) => ({ type: 'Invalid', field, value: key, detail }))
  }
  if (prefix !== null && (prefix === '' || prefix.length > 253 || !DNS_PREFIX.test(prefix))) {
    return [{ type: 'Invalid', field, value: key, detail: `prefix part ${DNS_SUBDOMAIN.words}` }]
  }
  if (name === '') return [{ type: 'Invalid', field, value: key, detail: 'name part must be non-empty' }]
  if (name.length > 63)
    return [{ type: 'Invalid', field, value: key, detail: 'name part must be no more than 63 characters' }]
  return QUALIFIED_NAME.test(name) ? [] : [{ type: 'Invalid', field, value: key, detail: KEY_WORDS }]
}

export function labelFaults(field: string, labels: Readonly<Record<string, unknown>>): FieldFault[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const text = String(value)
    if (text.length > 63) {
      return [{ type: 'Invalid' as const, field, value: text, detail: 'must be no more than 63 characters' }]
    }
    const wrong = LABEL_VALUE.test(text)
      ? []
      : [{ type: 'Invalid' as const, field, value: text, detail: LABEL_VALUE_WORDS }]
    return [...keyFaults(field, key), ...wrong]
  })
}

/** Sum of keys and values of all annotations, in bytes. */
const ANNOTATIONS_LIMIT = 262_144

export function annotationFaults(field: string, annotations: Readonly<Record<string, unknown>>): FieldFault[] {
  const faults = Object.keys(annotations).flatMap((key) => keyFaults(field, key.toLowerCase()))
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + String(value).length, 0)
  if (size <= ANNOTATIONS_LIMIT) return faults
  return [...faults, { type: 'TooLong', field, detail: `may not be more than ${ANNOTATIONS_LIMIT} bytes` }]
}
