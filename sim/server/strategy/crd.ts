import { timestamp } from '../../../kube/clock.ts'
import type { KubeObject } from '../../../api/kinds/kubernetes.ts'
import type { FieldFault } from '../api-error.ts'
import { servedBy } from '../crd/serve.ts'
import type { Core } from '../core.ts'
import { isRecord, listAt, recordAt, stringAt, type Json } from '../json.ts'
import type { Strategy } from './strategy.ts'

function defaults(object: Json): void {
  const spec = recordAt(object, 'spec')
  const names = recordAt(spec, 'names')
  const kind = stringAt(names, 'kind')
  names['singular'] ??= kind.toLowerCase()
  names['listKind'] ??= `${kind}List`
  spec['conversion'] ??= { strategy: 'None' }
}

function validate(object: Json): FieldFault[] {
  const spec = recordAt(object, 'spec')
  const names = recordAt(spec, 'names')
  const group = stringAt(spec, 'group')
  const faults: FieldFault[] = []
  const need = (holder: Json, key: string, field: string): void => {
    if (stringAt(holder, key) === '') faults.push({ type: 'Required', field, detail: '' })
  }
  need(spec, 'group', 'spec.group')
  need(spec, 'scope', 'spec.scope')
  need(names, 'plural', 'spec.names.plural')
  need(names, 'kind', 'spec.names.kind')
  const name = stringAt(recordAt(object, 'metadata'), 'name')
  const wanted = `${stringAt(names, 'plural')}.${group}`
  if (name !== wanted) {
    faults.push({
      type: 'Invalid',
      field: 'metadata.name',
      value: name,
      detail: `must be spec.names.plural+"."+spec.group`,
    })
  }
  const versions = listAt(spec, 'versions').filter(isRecord)
  if (versions.filter((one) => one['storage'] === true).length !== 1) {
    const detail = 'must have exactly one version marked as storage version'
    faults.push({
      type: 'Invalid',
      field: 'spec.versions',
      value: versions.map((one) => stringAt(one, 'name')),
      detail,
    })
  }
  for (const [i, version] of versions.entries()) {
    if (isRecord(recordAt(version, 'schema')['openAPIV3Schema'])) continue
    faults.push({
      type: 'Required',
      field: `spec.versions[${i}].schema.openAPIV3Schema`,
      detail: 'schemas are required',
    })
  }
  return faults
}

/** Names are accepted and the kind established with the same write: nothing else would have to be waited for. */
function establish(core: Core, object: Json): void {
  const spec = recordAt(object, 'spec')
  const lastTransitionTime = timestamp(core.clock.nowMs())
  object['status'] = {
    conditions: [
      {
        type: 'NamesAccepted',
        status: 'True',
        lastTransitionTime,
        reason: 'NoConflicts',
        message: 'no conflicts found',
      },
      {
        type: 'Established',
        status: 'True',
        lastTransitionTime,
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      },
    ],
    acceptedNames: recordAt(spec, 'names'),
    storedVersions: listAt(spec, 'versions')
      .filter((one) => isRecord(one) && one['storage'] === true)
      .map((one) => stringAt(one, 'name')),
  }
}

function written(core: Core, after: Json | null, before: Json | null): void {
  const spec = recordAt(after ?? before, 'spec')
  const group = stringAt(spec, 'group')
  const plural = stringAt(recordAt(spec, 'names'), 'plural')
  if (after !== null) {
    core.types.replace(group, plural, servedBy(after as KubeObject))
    return
  }
  core.types.replace(group, plural, [])
  const collection = core.store.collection(`${group}/${plural}`)
  for (const entry of collection.sorted()) core.store.remove(`${group}/${plural}`, entry.key)
}

/** A CustomResourceDefinition is served with the write that makes it, and its objects go with it. */
export const CRD: Strategy = { defaults, validate, admit: establish, written }
