import type { KubeObject } from '../../../api/kinds/kubernetes.ts'
import { timestamp } from '../../../kube/clock.ts'
import { badRequest, conflict, invalid, methodNotAllowed } from '../api-error.ts'
import { objectBody } from '../body.ts'
import type { Core } from '../core.ts'
import { answer, type ApiAnswer } from '../exchange.ts'
import { isRecord, listAt, recordAt, stringAt, type Json } from '../json.ts'
import { entryOf } from '../list.ts'
import { metadataOf } from '../metadata.ts'
import type { Target } from '../target.ts'
import { record } from '../write.ts'
import { writeOptions } from '../write-options.ts'

function checkBinding(target: Target, body: Json): string {
  const metadata = metadataOf(body)
  const name = stringAt(metadata, 'name')
  if (name !== target.name) throw badRequest('name in URL does not match name in Binding object')
  const namespace = stringAt(metadata, 'namespace')
  if (namespace !== '' && namespace !== target.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  const to = recordAt(body, 'target')
  const binding = { group: '', plural: 'bindings', kind: 'Binding' }
  const kind = stringAt(to, 'kind')
  if (kind !== '' && kind !== 'Node') {
    throw invalid(binding, name, [
      { type: 'NotSupported', field: 'target.kind', value: kind, detail: 'supported values: "Node", "<empty>"' },
    ])
  }
  if (stringAt(to, 'name') === '')
    throw invalid(binding, name, [{ type: 'Required', field: 'target.name', detail: '' }])
  return stringAt(to, 'name')
}

/** Conditions with one of them set; its transition time moves only with its status. */
export function withCondition(conditions: readonly unknown[], condition: Json): unknown[] {
  const before = conditions.find((one) => stringAt(one, 'type') === condition['type'])
  const kept = isRecord(before) && before['status'] === condition['status'] ? before['lastTransitionTime'] : undefined
  const next = { lastProbeTime: null, ...condition, lastTransitionTime: kept ?? condition['lastTransitionTime'] }
  return before === undefined ? [...conditions, next] : conditions.map((one) => (one === before ? next : one))
}

/**
 * POST pods/x/binding: sets the node, copies the Binding's annotations and turns PodScheduled true, in one write. A
 * pod that is bound, gated, going, or another one under the name is refused with 409.
 */
export function bind(core: Core, target: Target): ApiAnswer {
  if (target.request.method !== 'POST') throw methodNotAllowed()
  const body = objectBody(target.request)
  const node = checkBinding(target, body)
  const { entry, pod } = bindable(core, target, metadataOf(body))
  const options = writeOptions(target)
  const spec = recordAt(pod, 'spec')
  spec['nodeName'] = node
  pod['spec'] = spec
  const metadata = metadataOf(pod)
  const annotations = { ...recordAt(metadata, 'annotations'), ...recordAt(metadataOf(body), 'annotations') }
  if (Object.keys(annotations).length > 0) metadata['annotations'] = annotations
  const labels = { ...recordAt(metadata, 'labels'), ...recordAt(metadataOf(body), 'labels') }
  if (Object.keys(labels).length > 0) metadata['labels'] = labels
  const status = recordAt(pod, 'status')
  const lastTransitionTime = timestamp(core.clock.nowMs())
  const condition = { type: 'PodScheduled', status: 'True', lastTransitionTime }
  pod['status'] = { ...status, conditions: withCondition(listAt(status, 'conditions'), condition) }
  if (!options.isDryRun) {
    const stored = core.store.put(target.type.collection, entry.key, pod as KubeObject)
    record(core, target, { verb: 'bind', manager: options.manager, before: entry.object, after: stored.object })
  }
  return answer(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 })
}

function bindable(core: Core, target: Target, sent: Json): { entry: ReturnType<typeof entryOf>; pod: Json } {
  const { name } = target
  const entry = entryOf(core, target)
  const { metadata } = entry.object
  const uid = stringAt(sent, 'uid')
  const version = stringAt(sent, 'resourceVersion')
  const binding = { group: '', plural: 'pods/binding', kind: 'Binding' }
  const precondition = (what: string, wanted: string, found: string): Error =>
    conflict(
      target.type,
      name,
      `StorageError: invalid object, Code: 4, Key: /registry/pods/${entry.key}, ResourceVersion: 0, AdditionalErrorMsg: ` +
        `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`,
    )
  if (uid !== '' && uid !== metadata.uid) throw precondition('UID', uid, metadata.uid)
  if (version !== '' && version !== metadata.resourceVersion) {
    throw precondition('ResourceVersion', version, metadata.resourceVersion)
  }
  if (metadata.deletionTimestamp !== undefined) {
    throw conflict(binding, name, `pod ${name} is being deleted, cannot be assigned to a host`)
  }
  const spec = recordAt(entry.object, 'spec')
  const node = stringAt(spec, 'nodeName')
  if (node !== '') throw conflict(binding, name, `pod ${name} is already assigned to node "${node}"`)
  if (listAt(spec, 'schedulingGates').length > 0) {
    throw conflict(binding, name, `pod ${name} has non-empty .spec.schedulingGates`)
  }
  // Only these two are changed, so only these two are copied.
  const pod: Json = { ...entry.object, metadata: { ...metadata }, spec: { ...spec } }
  return { entry, pod }
}
