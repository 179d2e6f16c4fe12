import type { KubeObject, NewObject } from '../../api/kinds/kubernetes.ts'
import { alreadyExists, badRequest } from './api-error.ts'
import type { Core } from './core.ts'
import { cloneJson, recordAt, stringAt, type Json } from './json.ts'
import { metadataOf } from './metadata.ts'
import { keyOf } from './store.ts'
import { CRD } from './strategy/crd.ts'
import { strategyOf } from './strategy/strategies.ts'
import { draftNew } from './write.ts'

/** What the metadata of a seeded object keeps of its own. */
const KEPT = ['uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation'] as const

/**
 * Creates an object with the identity, age and status that it came with. Fields that its kind does not know are left
 * out and named in `warnings`.
 */
export function seedObject(core: Core, sent: NewObject, warnings: string[] = []): KubeObject {
  const object = cloneJson(sent) as Json
  const [group, version] = splitVersion(sent.apiVersion)
  const type = core.types.ofKind(group, version, sent.kind)
  if (type === undefined) {
    throw badRequest(`no matches for kind "${sent.kind}" in version "${sent.apiVersion}"`)
  }
  const metadata = metadataOf(object)
  const given = Object.fromEntries(KEPT.flatMap((key) => (metadata[key] === undefined ? [] : [[key, metadata[key]]])))
  const status = object['status']
  for (const key of ['resourceVersion', 'managedFields']) delete metadata[key]
  // A pod of another cluster keeps the priority that was worked out for it there.
  const spec = type.collection === '/pods' ? recordAt(object, 'spec') : {}
  const { priority, priorityClassName } = spec
  delete spec['priority']
  const isKnown = isKnownPriority(core, priorityClassName)
  if (!isKnown) delete spec['priorityClassName']
  const namespace = type.namespaced ? stringAt(metadata, 'namespace') || 'default' : ''
  const options = {
    isDryRun: false,
    fieldValidation: 'Warn',
    manager: 'seed',
    isForced: false,
    isApply: true,
    warnings: [],
  } as const
  const name = draftNew(core, type, namespace, object, { ...options, warnings })
  if (priorityClassName !== undefined && !isKnown && priority === undefined) {
    warnings.push(`no PriorityClass with name ${priorityClassName} was found: its priority is ${spec['priority']}`)
  }
  Object.assign(metadataOf(object), given)
  if (priority !== undefined) spec['priority'] = priority
  if (priorityClassName !== undefined) spec['priorityClassName'] = priorityClassName
  if (status !== undefined) object['status'] = mergedStatus(object['status'], status)
  const key = keyOf(namespace, name)
  if (core.store.collection(type.collection).get(key) !== undefined) throw alreadyExists(type, name)
  const entry = core.store.put(type.collection, key, object as KubeObject)
  strategyOf(type).written?.(core, entry.object, null)
  return entry.object
}

const isKnownPriority = (core: Core, name: unknown): boolean =>
  typeof name === 'string' && core.store.collection('scheduling.k8s.io/priorityclasses').get(`/${name}`) !== undefined

const mergedStatus = (first: unknown, given: unknown): unknown => ({
  ...recordAt({ first }, 'first'),
  ...recordAt({ given }, 'given'),
})

function splitVersion(apiVersion: string): readonly [string, string] {
  const [first, second] = apiVersion.split('/') as [string, string | undefined]
  return second === undefined ? ['', first] : [first, second]
}

const named = (apiVersion: string, kind: string, name: string, rest: Json = {}): NewObject => ({
  apiVersion,
  kind,
  metadata: { name },
  ...rest,
})

const priorityClass = (name: string, value: number, description: string): NewObject =>
  named('scheduling.k8s.io/v1', 'PriorityClass', name, { value, preemptionPolicy: 'PreemptLowerPriority', description })

/** Custom kinds whose definitions were stored by an earlier process are served again. */
export function serveStoredKinds(core: Core): void {
  for (const { object } of core.store.collection('apiextensions.k8s.io/customresourcedefinitions').sorted()) {
    CRD.written?.(core, object, null)
  }
}

/** What every cluster has from its first second. */
export function bootObjects(creationTimestamp: string): readonly NewObject[] {
  const namespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system']
  const objects: NewObject[] = [
    ...namespaces.map((name) => named('v1', 'Namespace', name)),
    priorityClass(
      'system-cluster-critical',
      2_000_000_000,
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    ),
    priorityClass(
      'system-node-critical',
      2_000_001_000,
      'Used for system critical pods that must not be moved from their current node.',
    ),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { component: 'apiserver', provider: 'kubernetes' },
      },
      spec: {
        type: 'ClusterIP',
        clusterIP: '10.96.0.1',
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
      },
    },
  ]
  return objects.map((object) => ({ ...object, metadata: { ...object.metadata, creationTimestamp } }))
}
