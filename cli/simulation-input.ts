/** Puts manifests into the embedded cluster as they are: uid, creationTimestamp and status of the input are kept. */
import type { KubeObject, NewObject } from '../api/kinds/kubernetes.ts'
import { HOSTNAME_LABEL } from '../api/names.ts'
import type { Cluster } from '../sim/cluster.ts'
import type { Manifest } from './input.ts'
import { ResourceFinder } from './resource-of.ts'

export interface Ignored {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** `file:line:column` of the document. */
  readonly at: string
  readonly message: string
}

/** Kinds that the operator, the scheduler, the cluster's controllers or its nodes act on; the rest would lie there without effect. */
const UNDERSTOOD = new Set([
  'v1/Namespace',
  'v1/Node',
  'v1/Pod',
  'v1/ConfigMap',
  'v1/Secret',
  'v1/Service',
  'v1/ServiceAccount',
  'v1/PersistentVolumeClaim',
  'scheduling.k8s.io/v1/PriorityClass',
  'policy/v1/PodDisruptionBudget',
  'autoscaling/v2/HorizontalPodAutoscaler',
  'apps/v1/Deployment',
  'apps/v1/ReplicaSet',
  'apps/v1/StatefulSet',
  'batch/v1/Job',
  'grove.io/v1alpha1/PodCliqueSet',
  'grove.io/v1alpha1/PodClique',
  'grove.io/v1alpha1/PodCliqueScalingGroup',
  'grove.io/v1alpha1/PodGangSet',
  'grove.io/v1alpha1/ClusterTopologyBinding',
  'scheduler.grove.io/v1alpha1/PodGang',
  'nvidia.com/v1alpha1/DynamoGraphDeployment',
])

/** Others may name what stands earlier here: classes before pods, sets before what they own. */
const FIRST = [
  'Namespace',
  'PriorityClass',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'ClusterTopologyBinding',
  'Node',
  'PodGang',
]
const rankOf = (kind: string): number => (FIRST.includes(kind) ? FIRST.indexOf(kind) : FIRST.length)

/** What a kubelet would have registered: its hostname label, and allocatable where only capacity was given. */
export function completedNode(object: NewObject): NewObject {
  const { name = '', labels } = object.metadata
  const status = (object['status'] ?? {}) as { capacity?: object; allocatable?: object }
  // 110 pods is the kubelet's own default.
  const allocatable = { pods: '110', ...(status.allocatable ?? status.capacity) }
  return {
    ...object,
    metadata: { ...object.metadata, labels: { [HOSTNAME_LABEL]: name, ...labels } },
    status: { ...status, capacity: status.capacity ?? allocatable, allocatable },
  }
}

/** A namespace that is going holds its pods until they are gone, and would take none of the input's in. */
function heldNamespace(object: NewObject): NewObject {
  const { deletionTimestamp: _, ...metadata } = object.metadata
  return { ...object, metadata, status: { phase: 'Active' } }
}

function completed(object: NewObject): NewObject {
  if (object.kind === 'Node') return completedNode(object)
  return object.kind === 'Namespace' ? heldNamespace(object) : object
}

async function ensureNamespaces(cluster: Cluster, manifests: readonly Manifest[]): Promise<void> {
  const names = new Set(manifests.map(({ object }) => object.metadata.namespace ?? 'default'))
  const declared = new Set(
    manifests.filter(({ object }) => object.kind === 'Namespace').map(({ object }) => object.metadata.name),
  )
  for (const name of [...names].sort()) {
    if (!declared.has(name)) await cluster.load({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }
}

/** Sentences about what of the manifest did not go in: all of it when it was refused, fields that are not known. */
async function loadOne(cluster: Cluster, finder: ResourceFinder, { object }: Manifest): Promise<readonly string[]> {
  if (!UNDERSTOOD.has(`${object.apiVersion}/${object.kind}`)) {
    return [`simulate does not act on ${object.apiVersion} ${object.kind}`]
  }
  const type = await finder.find(object.apiVersion, object.kind)
  if (type === null) return [`the embedded cluster does not serve ${object.apiVersion} ${object.kind}`]
  const namespace = type.namespaced ? { namespace: object.metadata.namespace ?? 'default' } : {}
  const warnings: string[] = []
  const refusal = await cluster.load(completed({ ...object, metadata: { ...object.metadata, ...namespace } }), warnings)
  return refusal === null ? warnings : [refusal]
}

/** The order of the input's files and documents means nothing, unless one object is given twice: the first counts. */
function byPlace(a: { manifest: Manifest }, b: { manifest: Manifest }): number {
  const [one, other] = [placeOf(a.manifest), placeOf(b.manifest)]
  return one < other ? -1 : one > other ? 1 : 0
}

const placeOf = ({ object: { apiVersion, kind, metadata } }: Manifest): string =>
  [kind, apiVersion, metadata.namespace ?? 'default', metadata.name ?? metadata.generateName ?? ''].join('\u0000')

const TIMES: ReadonlySet<string> = new Set([
  'creationTimestamp',
  'deletionTimestamp',
  'lastTransitionTime',
  'startTime',
  'timeAdded',
])
/** Beyond it a time is a mistake, not the date of the input. */
const LATEST_MS = Date.UTC(2200, 0)

/** When the input was taken, as far as it says: the newest time that an object bears; `leastMs` if none is newer. */
export function newestTimeMs(manifests: readonly Manifest[], leastMs: number): number {
  let newestMs = leastMs
  const look = (value: unknown, key: string): void => {
    if (typeof value === 'string' && TIMES.has(key)) {
      const atMs = Date.parse(value)
      if (atMs > newestMs && atMs < LATEST_MS) newestMs = atMs
    } else if (value !== null && typeof value === 'object') {
      for (const [name, inner] of Object.entries(value)) look(inner, name)
    }
  }
  for (const { object } of manifests) look(object, '')
  return newestMs
}

/** Loads everything; what is refused or not understood comes back, never dropped silently. */
export async function loadManifests(cluster: Cluster, manifests: readonly Manifest[]): Promise<Ignored[]> {
  const finder = new ResourceFinder(cluster.client)
  await ensureNamespaces(cluster, manifests)
  const sorted = manifests
    .map((manifest, i) => ({ manifest, i }))
    .sort((a, b) => rankOf(a.manifest.object.kind) - rankOf(b.manifest.object.kind) || byPlace(a, b) || a.i - b.i)
  const ignored: Ignored[] = []
  for (const { manifest } of sorted) {
    const messages = await loadOne(cluster, finder, manifest)
    ignored.push(...messages.map((message) => ignoredLine(manifest, message)))
  }
  return ignored
}

export function ignoredLine({ object, at }: Manifest, message: string): Ignored {
  const { apiVersion, kind, metadata } = object as KubeObject
  return {
    apiVersion,
    kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? metadata.generateName ?? '',
    at,
    message,
  }
}
