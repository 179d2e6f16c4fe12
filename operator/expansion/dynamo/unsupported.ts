import type { DynamoGraphDeployment, DynamoService } from '../../../api/generated/kinds.ts'
import type { FieldError } from '../../../api/field-error.ts'
import type { FieldPath } from './component.ts'

/** A field that does nothing here although it stands in the graph. */
export interface IgnoredField {
  readonly path: FieldPath
  readonly effect: string
}

/**
 * Fields of the API that this version does not act on. Where pods would come out wrong without one, the graph is
 * refused; where only something beside them is missing, the graph runs and its status says what is missing.
 */
export interface Unsupported {
  readonly refused: readonly FieldError[]
  readonly ignored: readonly IgnoredField[]
  /** Deprecated fields that never do anything: for an event, no more. */
  readonly deprecated: readonly FieldPath[]
}

const isOn = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'enabled' in value && value.enabled === true
const isThere = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0

type Test = (value: unknown) => boolean

const REFUSED: readonly (readonly [keyof DynamoService, Test])[] = [
  ['checkpoint', isOn],
  ['eppConfig', isThere],
  ['failover', isOn],
  ['frontendSidecar', isThere],
  ['gpuMemoryService', isOn],
]
const IGNORED: readonly (readonly [keyof DynamoService, Test, string])[] = [
  ['ingress', isOn, 'no Ingress is made'],
  ['scalingAdapter', isOn, 'replicas are those of the graph'],
]
const DEPRECATED: readonly (keyof DynamoService)[] = ['autoscaling', 'dynamoNamespace']

export function unsupportedIn({ spec }: DynamoGraphDeployment): Unsupported {
  const refused: FieldError[] = []
  const ignored: IgnoredField[] = []
  const deprecated: FieldPath[] = []
  for (const field of ['experimental', 'providerOverride'] as const) {
    if (isThere(spec[field])) refused.push(unsupported(['spec', field], spec[field]))
  }
  if (spec.restart !== undefined) ignored.push({ path: ['spec', 'restart'], effect: 'nothing is restarted' })
  for (const [name, service] of Object.entries(spec.services)) {
    const path = ['spec', 'services', name]
    for (const [field, test] of REFUSED) {
      if (test(service[field])) refused.push(unsupported([...path, field], service[field]))
    }
    if (service.componentType === 'epp') refused.push(unsupported([...path, 'componentType'], 'epp'))
    for (const [field, test, effect] of IGNORED) {
      if (test(service[field])) ignored.push({ path: [...path, field], effect })
    }
    for (const field of DEPRECATED) if (service[field] !== undefined) deprecated.push([...path, field])
  }
  return { refused, ignored, deprecated }
}

const unsupported = (path: FieldPath, found: unknown): FieldError => ({
  path,
  found,
  want: 'this preview left out: it is not supported yet',
  at: null,
})
