import { isRecord, recordAt, sortedJson, stringAt, type Json } from '../json.ts'
import { apiVersionOf, type ServedType } from '../served-type.ts'
import { shapeOf } from '../shape.ts'
import { changesOf, isMember, minus, type FieldSet } from './field-set.ts'
import { ownableFields } from './managed-fields.ts'

/**
 * The way from `kubectl apply` to `kubectl apply --server-side`: what the annotation says was applied, and has not
 * changed since, is no conflict for the manager `kubectl`; and the annotation follows what that manager applies.
 */
const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration'

const annotationOf = (object: Json): string =>
  stringAt(recordAt(recordAt(object, 'metadata'), 'annotations'), ANNOTATION)

function parsed(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

/** Whether a field was applied on the client's side and is still as it was. */
export function wasApplied(type: ServedType, live: Json): (path: readonly string[]) => boolean {
  const last = parsed(annotationOf(live))
  if (last === null || last['apiVersion'] !== apiVersionOf(type)) return () => false
  const { changed, removed } = changesOf(shapeOf(type), last, live)
  const kept = [changed, removed].reduce<FieldSet | null>(
    (set, other) => (set === null || other === null ? set : minus(set, other)),
    ownableFields(type, last),
  )
  return (path) => {
    let node: FieldSet | undefined = kept ?? undefined
    for (const element of path) node = node === undefined || !Object.hasOwn(node, element) ? undefined : node[element]
    return node !== undefined && isMember(node)
  }
}

/** Writes what was applied now into the annotation, where there is one. */
export function followApplied(object: Json, sent: Json): void {
  if (annotationOf(object) === '') return
  const { annotations, managedFields: _, ...metadata } = recordAt(sent, 'metadata')
  const { [ANNOTATION]: _last, ...others } = isRecord(annotations) ? annotations : {}
  const kept = Object.keys(others).length === 0 ? metadata : { ...metadata, annotations: others }
  recordAt(recordAt(object, 'metadata'), 'annotations')[ANNOTATION] = `${sortedJson({ ...sent, metadata: kept })}\n`
}
