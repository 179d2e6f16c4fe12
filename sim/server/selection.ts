import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { ApiError, badRequest } from './api-error.ts'
import type { ServedType } from './served-type.ts'
import { valueAt } from './json.ts'

export type Predicate = (object: KubeObject) => boolean

interface Requirement {
  readonly key: string
  readonly operator: 'in' | 'notin' | 'exists' | 'absent' | 'gt' | 'lt'
  readonly values: readonly string[]
}

const refuse = (text: string, why: string): ApiError => badRequest(`unable to parse requirement: ${why} in "${text}"`)

/** Splits on commas outside parentheses. */
function terms(text: string): string[] {
  const found: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '(') depth++
    else if (c === ')') depth--
    else if (c === ',' && depth === 0) {
      found.push(text.slice(start, i))
      start = i + 1
    }
  }
  found.push(text.slice(start))
  return found.map((term) => term.trim()).filter((term) => term !== '')
}

const KEY = String.raw`([A-Za-z0-9][-A-Za-z0-9_./]*)`
const SET_TERM = new RegExp(String.raw`^${KEY}\s+(in|notin)\s*\(([^()]*)\)$`)
const EQUAL_TERM = new RegExp(String.raw`^${KEY}\s*(==|!=|=|>|<)\s*([-A-Za-z0-9_.]*)$`)
const BARE_TERM = new RegExp(String.raw`^(!?)\s*${KEY}$`)

function requirement(term: string, text: string): Requirement {
  const set = SET_TERM.exec(term)
  if (set !== null) {
    const values = set[3]!.split(',').map((value) => value.trim())
    return { key: set[1]!, operator: set[2] === 'in' ? 'in' : 'notin', values }
  }
  const equal = EQUAL_TERM.exec(term)
  if (equal !== null) {
    const operators = { '=': 'in', '==': 'in', '!=': 'notin', '>': 'gt', '<': 'lt' } as const
    return { key: equal[1]!, operator: operators[equal[2] as keyof typeof operators], values: [equal[3]!] }
  }
  const bare = BARE_TERM.exec(term)
  if (bare === null) throw refuse(text, `found '${term}', expected a key, an operator or a set of values`)
  return { key: bare[2]!, operator: bare[1] === '!' ? 'absent' : 'exists', values: [] }
}

function meets({ key, operator, values }: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'in':
      return value !== undefined && values.includes(value)
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case 'absent':
      return value === undefined
    case 'gt':
      return value !== undefined && Number(value) > Number(values[0])
    case 'lt':
      return value !== undefined && Number(value) < Number(values[0])
  }
}

/** A label selector as it stands in a query; null selects everything. */
export function labelPredicate(text: string): Predicate | null {
  const requirements = terms(text).map((term) => requirement(term, text))
  if (requirements.length === 0) return null
  return (object) => {
    const labels = object.metadata.labels ?? {}
    return requirements.every((one) => meets(one, labels))
  }
}

/** Fields that the real server selects on besides metadata.name and metadata.namespace. */
const FIELDS_OF: Readonly<Record<string, readonly string[]>> = {
  '/pods': [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  '/nodes': ['spec.unschedulable'],
  '/namespaces': ['status.phase'],
  '/secrets': ['type'],
  '/services': ['spec.clusterIP', 'spec.type'],
  '/events': [
    ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
      (f) => `involvedObject.${f}`,
    ),
    ...['reason', 'reportingComponent', 'source', 'type'],
  ],
  'apps/replicasets': ['status.replicas'],
  'batch/jobs': ['status.successful'],
}

function fieldText(type: ServedType, object: KubeObject, field: string): string {
  if (field === 'source' && type.plural === 'events') {
    return String(valueAt(object, 'source.component') ?? valueAt(object, 'reportingComponent') ?? '')
  }
  const value = valueAt(object, field)
  if (value === undefined || value === null)
    return field === 'spec.unschedulable' || field === 'spec.hostNetwork' ? 'false' : ''
  return typeof value === 'object' ? '' : String(value as string | number | boolean)
}

function selectable(type: ServedType): readonly string[] {
  const special = type.crd?.selectableFields ?? FIELDS_OF[type.collection] ?? []
  return ['metadata.name', 'metadata.namespace', ...special]
}

/** A field selector (`a=b,c!=d`) as it stands in a query; null selects everything. */
export function fieldPredicate(type: ServedType, text: string): Predicate | null {
  const parts = terms(text).map((term) => {
    const match = /^([^=!]+)(==|!=|=)(.*)$/.exec(term)
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
    const [, field, operator, value] = match as unknown as [string, string, string, string]
    if (!selectable(type).includes(field)) throw badRequest(`field label not supported: ${field}`)
    return { field, isEqual: operator !== '!=', value: value.replaceAll(/\\([\\,=])/g, '$1') }
  })
  if (parts.length === 0) return null
  return (object) => parts.every(({ field, isEqual, value }) => (fieldText(type, object, field) === value) === isEqual)
}

export interface Selection {
  /** '' selects all namespaces. */
  readonly namespace: string
  readonly label: Predicate | null
  readonly field: Predicate | null
}

export function selects(selection: Selection, object: KubeObject): boolean {
  if (selection.namespace !== '' && object.metadata.namespace !== selection.namespace) return false
  if (selection.label !== null && !selection.label(object)) return false
  return selection.field === null || selection.field(object)
}
