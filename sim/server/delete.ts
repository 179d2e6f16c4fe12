import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { timestamp } from '../../kube/clock.ts'
import { badRequest, conflict, invalid } from './api-error.ts'
import { bodyValue } from './body.ts'
import type { Core } from './core.ts'
import { answer, heldAnswer, type PlainAnswer } from './exchange.ts'
import { isRecord, listAt, recordAt, stringAt, type Json } from './json.ts'
import { entryOf, selectionOf } from './list.ts'
import { metadataOf } from './metadata.ts'
import { selects } from './selection.ts'
import { apiVersionOf } from './served-type.ts'
import { jsonOf, type Entry } from './store.ts'
import type { Target } from './target.ts'
import { finish, isDone, record, unstored } from './write.ts'
import { writeOptions } from './write-options.ts'

interface Removal {
  readonly uid: string
  readonly resourceVersion: string
  /** Null: as the object says. */
  readonly graceSeconds: number | null
  readonly policy: '' | 'Background' | 'Foreground' | 'Orphan'
  readonly isDryRun: boolean
  readonly manager: string
}

function removalOf(target: Target): Removal {
  const { query, request } = target
  const parsed = request.body === null || request.body === '' ? {} : bodyValue(request)
  const body: Json = isRecord(parsed) ? parsed : {}
  const grace =
    body['gracePeriodSeconds'] ?? (query.has('gracePeriodSeconds') ? Number(query.get('gracePeriodSeconds')) : null)
  const policy = stringAt(body, 'propagationPolicy') || (query.get('propagationPolicy') ?? '')
  if (!['', 'Background', 'Foreground', 'Orphan'].includes(policy)) {
    throw invalid({ group: 'meta.k8s.io', plural: '', kind: 'DeleteOptions' }, '', [
      {
        type: 'NotSupported',
        field: 'propagationPolicy',
        value: policy,
        detail: 'supported values: "Foreground", "Background", "Orphan", "nil"',
      },
    ])
  }
  if (policy !== '' && typeof body['orphanDependents'] === 'boolean') {
    throw invalid({ group: 'meta.k8s.io', plural: '', kind: 'DeleteOptions' }, '', [
      {
        type: 'Invalid',
        field: 'propagationPolicy',
        value: policy,
        detail: 'orphanDependents and deletionPropagation cannot be both set',
      },
    ])
  }
  if (grace !== null && (typeof grace !== 'number' || !Number.isInteger(grace))) {
    throw badRequest('cannot unmarshal gracePeriodSeconds into Go value of type int64')
  }
  const { isDryRun, manager } = writeOptions(target)
  const preconditions = recordAt(body, 'preconditions')
  return {
    uid: stringAt(preconditions, 'uid'),
    resourceVersion: stringAt(preconditions, 'resourceVersion'),
    graceSeconds: grace === null ? null : Math.max(0, grace),
    policy: policy as Removal['policy'],
    isDryRun: isDryRun || listAt(body, 'dryRun').includes('All'),
    manager,
  }
}

function checkPreconditions(target: Target, object: KubeObject, { uid, resourceVersion }: Removal): void {
  const { metadata } = object
  const named = { ...target.type, plural: target.type.kind }
  const refuse = (what: string, wanted: string, found: string, why: string): Error =>
    conflict(
      named,
      metadata.name,
      `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). The object might have been ${why}`,
    )
  if (uid !== '' && uid !== metadata.uid) throw refuse('UID', uid, metadata.uid, 'deleted and then recreated')
  if (resourceVersion !== '' && resourceVersion !== metadata.resourceVersion) {
    throw refuse('ResourceVersion', resourceVersion, metadata.resourceVersion, 'modified')
  }
}

/** Seconds that a pod's kubelet gets; nobody waits for a pod that has no node or has ended. */
function graceOf(target: Target, object: KubeObject, { graceSeconds }: Removal): number {
  if (target.type.collection !== '/pods') return 0
  const spec = recordAt(object, 'spec')
  const phase = recordAt(object, 'status')['phase']
  if (stringAt(spec, 'nodeName') === '' || phase === 'Succeeded' || phase === 'Failed') return 0
  const own = spec['terminationGracePeriodSeconds']
  return graceSeconds ?? (typeof own === 'number' ? own : 30)
}

/** Finalizers that tell the garbage collector what is to become of the dependents. */
function finalizersFor(object: KubeObject, policy: Removal['policy']): string[] {
  const rest = (object.metadata.finalizers ?? []).filter((one) => one !== 'orphan' && one !== 'foregroundDeletion')
  if (policy === 'Orphan') return [...rest, 'orphan']
  if (policy === 'Foreground') return [...rest, 'foregroundDeletion']
  return policy === 'Background' ? rest : (object.metadata.finalizers ?? [])
}

function marked(core: Core, object: KubeObject, finalizers: readonly string[], graceSeconds: number): KubeObject {
  const draft: KubeObject = { ...object, metadata: { ...object.metadata } }
  const metadata = metadataOf(draft)
  if (finalizers.length === 0) delete metadata['finalizers']
  else metadata['finalizers'] = finalizers
  const isFirst = metadata['deletionTimestamp'] === undefined
  const known = Number(metadata['deletionGracePeriodSeconds'] ?? 0)
  if (isFirst || graceSeconds < known) {
    metadata['deletionTimestamp'] = timestamp(core.clock.nowMs() + graceSeconds * 1000)
    if (draft.kind !== 'Namespace') metadata['deletionGracePeriodSeconds'] = graceSeconds
    if (isFirst && typeof metadata['generation'] === 'number') metadata['generation']++
  }
  if (draft.kind === 'Namespace') draft['status'] = { ...recordAt(draft, 'status'), phase: 'Terminating' }
  return draft
}

/** Deletes or begins to: `isGone` says which. */
function removeOne(core: Core, target: Target, entry: Entry, removal: Removal): { entry: Entry; isGone: boolean } {
  const { type } = target
  const { object } = entry
  checkPreconditions(target, object, removal)
  const finalizers = finalizersFor(object, removal.policy)
  const draft = marked(core, object, finalizers, graceOf(target, object, removal))
  const isGone = isDone(draft)
  if (removal.isDryRun) return { entry: unstored(entry.key, draft), isGone }
  const note = (after: KubeObject | null): void =>
    record(core, target, { verb: 'delete', manager: removal.manager, before: object, after })
  if (isGone) {
    const gone = finish(core, type, entry.key) ?? entry
    note(null)
    return { entry: gone, isGone }
  }
  if (JSON.stringify(draft.metadata) === JSON.stringify(object.metadata)) return { entry, isGone }
  const stored = core.store.put(type.collection, entry.key, draft)
  note(stored.object)
  return { entry: stored, isGone }
}

/** Kinds whose last state is the answer to their deletion. */
const ANSWERS_OBJECT = new Set([
  '/pods',
  '/services',
  '/persistentvolumeclaims',
  '/persistentvolumes',
  '/serviceaccounts',
])

export function remove(core: Core, target: Target): PlainAnswer {
  const removal = removalOf(target)
  const found = entryOf(core, target)
  const { entry, isGone } = removeOne(core, target, found, removal)
  if (!isGone || ANSWERS_OBJECT.has(target.type.collection)) return heldAnswer(200, () => jsonOf(entry))
  const { type } = target
  return answer(200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: entry.object.metadata.name,
      ...(type.group === '' ? {} : { group: type.group }),
      kind: type.plural,
      uid: entry.object.metadata.uid,
    },
  })
}

export function removeCollection(core: Core, target: Target): PlainAnswer {
  const removal = removalOf(target)
  const selection = selectionOf(target)
  const { type } = target
  const found = core.store
    .collection(type.collection)
    .sorted()
    .filter((entry) => selects(selection, entry.object))
  const items = found.map((entry) => {
    const inside = { ...target, namespace: entry.object.metadata.namespace ?? '', name: entry.object.metadata.name }
    return jsonOf(removeOne(core, inside, entry, removal).entry)
  })
  const head = {
    kind: type.listKind,
    apiVersion: apiVersionOf(type),
    metadata: { resourceVersion: String(core.store.version) },
  }
  return answer(200, `${JSON.stringify(head).slice(0, -1)},"items":[${items.join(',')}]}`)
}
