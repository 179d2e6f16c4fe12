import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import { pinnedNode } from '../../api/node-affinity.ts'
import { ATTEMPT, GANG_GATE, POD_CLIQUE, POD_GANG, POD_INDEX } from '../../api/names.ts'
import { unsupportedPath } from '../predicates/unsupported.ts'
import { type Demand, demandOf } from './demand.ts'
import { bare } from './record.ts'
import { type Repulsion, repulsionsOf } from './repulsion.ts'
import { sharedText } from './shared-text.ts'

/** What the scheduler keeps of a pod. */
export interface PodFacts {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly createdAt: string
  readonly labels: Readonly<Record<string, string>>
  /** Labels `grove.io/podgang` and `grove.io/podclique`: a claim, checked against the PodGang. */
  readonly gang: string | null
  readonly group: string | null
  /** Of the gang that it says it is in, or of itself as a gang of one: see state/gangs.ts. */
  readonly gangKey: string
  /** No node, no gate, nothing unsupported, neither finished nor on its way out: it waits for a place. */
  readonly isPlaceable: boolean
  /** The pod's place in its clique; pods without the label come last. */
  readonly index: number
  readonly controller: { readonly kind: string; readonly name: string } | null
  readonly schedulerName: string
  readonly node: string | null
  /** A pending pod that can only go to this node (DaemonSets), or that another scheduler made room for there. */
  readonly pinnedTo: string | null
  readonly gates: readonly string[]
  readonly isGatedByGang: boolean
  readonly isTerminating: boolean
  readonly isFinished: boolean
  readonly isFailed: boolean
  readonly isReady: boolean
  readonly priority: number
  readonly demand: Demand
  readonly unsupported: string | null
  /** Required anti-affinity: keeps others out where this pod runs. */
  readonly repulsions: readonly Repulsion[]
  readonly attempt: string | null
  /** Somebody wrote the attempt into the pod himself: a binding leaves no field owner, every other write does. */
  readonly isAttemptClaimed: boolean
  /** status.reason of a failed pod: why the kubelet refused it. */
  readonly failure: string | null
  readonly scheduled: { readonly status: string; readonly reason: string; readonly message: string } | null
}

/** The form in which a reflector keeps a pod: the facts and what makes it an object. */
export interface PodObject extends KubeObject {
  readonly facts: PodFacts
}

const DEFAULT_SCHEDULER = 'default-scheduler'
const NOTHING: Demand = { requests: {}, nodeSelector: {}, nodeAffinity: null, tolerations: [], key: '' }

/** Without its version: what changes no fact is no change. */
export function projectPod(raw: KubeObject): PodObject {
  const { name, uid, creationTimestamp, namespace } = raw.metadata
  const metadata = { name, uid, resourceVersion: '', creationTimestamp, namespace: namespace ?? '' }
  return { apiVersion: 'v1', kind: 'Pod', metadata, facts: podFacts(raw as Pod) }
}

/**
 * One literal with all of it: V8 then lays the fields out in the object itself, in this order. What is looked at when a pod
 * comes stands first, then what is looked at for every pod that waits.
 */
export function podFacts(pod: Pod): PodFacts {
  const { metadata } = pod
  const spec = pod.spec ?? { containers: [] }
  const phase = pod.status?.phase ?? 'Pending'
  const isFinished = phase === 'Succeeded' || phase === 'Failed'
  const isTerminating = metadata.deletionTimestamp !== undefined && metadata.deletionTimestamp !== null
  const whole: Pod = { ...pod, spec: { ...spec, containers: spec.containers ?? [] } }
  const labels = bare(metadata.labels ?? {})
  const namespace = sharedText(metadata.namespace ?? '')
  const gang = labels[POD_GANG] ? sharedText(labels[POD_GANG]) : null
  const node = spec.nodeName === undefined || spec.nodeName === '' ? null : spec.nodeName
  const gates = (spec.schedulingGates ?? []).map((gate) => gate.name)
  const unsupported = node === null ? unsupportedPath(whole) : null
  return {
    uid: metadata.uid,
    schedulerName: sharedText(spec.schedulerName ?? DEFAULT_SCHEDULER),
    node,
    isTerminating,
    pinnedTo: node === null ? (pinnedNode(whole.spec) ?? (pod.status?.nominatedNodeName || null)) : null,
    gang,
    gangKey: gang === null ? `pod:${metadata.uid}` : sharedText(`${namespace}/${gang}`),
    demand: isFinished && node === null ? NOTHING : demandOf(whole),
    isPlaceable: node === null && gates.length === 0 && unsupported === null && !isFinished && !isTerminating,
    index: indexOf(labels[POD_INDEX]),
    namespace,
    group: labels[POD_CLIQUE] ? sharedText(labels[POD_CLIQUE]) : null,
    name: metadata.name,
    priority: spec.priority ?? 0,
    isFinished,
    unsupported,
    isFailed: phase === 'Failed',
    isReady: !isFinished && isTrue(pod, 'Ready'),
    createdAt: sharedText(metadata.creationTimestamp ?? ''),
    labels,
    controller: controllerOf(pod),
    gates,
    isGatedByGang: gates.includes(GANG_GATE),
    repulsions: isFinished ? [] : repulsionsOf(whole),
    attempt: metadata.annotations?.[ATTEMPT] ?? null,
    isAttemptClaimed: isAttemptClaimed(metadata),
    failure: phase === 'Failed' ? (pod.status?.reason ?? null) : null,
    scheduled: scheduledCondition(pod),
  }
}

function controllerOf({ metadata }: Pod): PodFacts['controller'] {
  const owner = metadata.ownerReferences?.find((reference) => reference.controller === true)
  return owner === undefined ? null : { kind: owner.kind, name: owner.name }
}

interface OwnedFields {
  readonly fieldsV1?: { readonly 'f:metadata'?: { readonly 'f:annotations'?: Readonly<Record<string, unknown>> } }
}

/** O(managers). */
function isAttemptClaimed({ annotations, managedFields }: Pod['metadata']): boolean {
  if (annotations?.[ATTEMPT] === undefined || !Array.isArray(managedFields)) return false
  return (managedFields as OwnedFields[]).some(
    ({ fieldsV1 }) => fieldsV1?.['f:metadata']?.['f:annotations']?.[`f:${ATTEMPT}`] !== undefined,
  )
}

/** Above every index, and a small integer to V8 too: a larger one would be a box of its own for every pod. */
const NO_INDEX = 2 ** 31 - 1

const indexOf = (label: string | undefined): number =>
  label !== undefined && /^\d{1,9}$/.test(label) ? Number(label) : NO_INDEX

const isTrue = (pod: Pod, type: string): boolean =>
  (pod.status?.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True')

function scheduledCondition(pod: Pod): PodFacts['scheduled'] {
  const found = pod.status?.conditions?.find((condition) => condition.type === 'PodScheduled')
  return found === undefined ? null : { status: found.status, reason: found.reason ?? '', message: found.message ?? '' }
}
