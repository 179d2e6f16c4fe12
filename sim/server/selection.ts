import { fieldText, parseFieldSelector } from '../../api/field-selector.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { matches, parseLabelSelector } from '../../api/selector.ts'
import { badRequest } from './api-error.ts'
import { selectorFault } from './selector-fault.ts'
import type { ServedType } from './served-type.ts'

export type Predicate = (object: KubeObject) => boolean

/** A label selector as it stands in a query; null selects everything. */
export function labelPredicate(text: string): Predicate | null {
  const selector = parseLabelSelector(text)
  if (selector === null) throw badRequest(selectorFault(text))
  if (selector.requirements.length === 0) return null
  return (object) => matches(selector, object.metadata.labels ?? {})
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
  'batch/jobs': ['status.successful'],
}

/** Some fields select also where they are not written. */
function textOf(type: ServedType, object: KubeObject, path: string): string {
  if (path === 'source' && type.collection === '/events') {
    return fieldText(object, 'source.component') || fieldText(object, 'reportingComponent')
  }
  const found = fieldText(object, path)
  return found === '' && (path === 'spec.unschedulable' || path === 'spec.hostNetwork') ? 'false' : found
}

function selectable(type: ServedType): readonly string[] {
  const special = type.crd?.selectableFields ?? FIELDS_OF[type.collection] ?? []
  return ['metadata.name', 'metadata.namespace', ...special]
}

function unreadable(text: string): string {
  const part = text.split(',').find((one) => parseFieldSelector(one) === null) ?? text
  // What stands behind the first `=` may hold no other.
  return /^[^=!]+(==|!=|=)/.test(part)
    ? 'invalid field selector: unescaped character in value: 61'
    : `invalid selector: '${text}'; can't understand '${part}'`
}

/** Kinds with fields of their own say it in their own words. */
function unknownField(type: ServedType, path: string): string {
  if (type.collection === 'batch/jobs') return `field label "${path}" not supported for Job`
  return FIELDS_OF[type.collection] === undefined
    ? `"${path}" is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${path}`
}

/** A field selector (`a=b,c!=d`) as it stands in a query; null selects everything. */
export function fieldPredicate(type: ServedType, text: string): Predicate | null {
  const parts = parseFieldSelector(text)
  if (parts === null) throw badRequest(unreadable(text))
  const wrong = parts.find(({ path }) => !selectable(type).includes(path))
  if (wrong !== undefined) throw badRequest(unknownField(type, wrong.path))
  if (parts.length === 0) return null
  return (object) => parts.every(({ path, isEqual, value }) => (textOf(type, object, path) === value) === isEqual)
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
