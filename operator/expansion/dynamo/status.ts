import type {
  DynamoServiceStatus,
  PodClique,
  PodCliqueScalingGroup,
  PodCliqueSet,
} from '../../../api/generated/kinds.ts'
import type { Finding } from '../../conditions.ts'
import type { ScaledChild } from './translate.ts'

/** Why a component is not ready, as the reason of the graph's condition. */
export type Hindrance = 'some_resources_are_not_ready' | 'insufficient_capacity' | 'updating' | 'pods_not_ready'

export type Readiness = Readonly<{ kind: 'ready' } | { kind: 'waiting'; why: Hindrance; text: string }>

/** A component's object as it is now; null: not there. */
export type LiveChild = Readonly<
  | { kind: 'PodClique'; object: PodClique | null }
  | { kind: 'PodCliqueScalingGroup'; object: PodCliqueScalingGroup | null }
>

const waiting = (why: Hindrance, text: string): Readiness => ({ kind: 'waiting', why, text })

const unprocessed = (generation: number, seen: number): string =>
  `spec not yet processed: generation=${generation}, observedGeneration=${seen}`

/** What both kinds of children tell, under one name each. */
interface Counts {
  readonly desired: number
  readonly current: number
  readonly updated: number
  readonly ready: number
  readonly scheduled: number
  readonly isShort: boolean
}

/** A set that has not taken in its newest spec says nothing about it through its children; one that cannot says why. */
export function setReadiness(set: PodCliqueSet | null): Readiness {
  if (set === null) return waiting('some_resources_are_not_ready', 'resource not found')
  const { generation = 1 } = set.metadata
  const seen = set.status?.observedGeneration ?? 0
  const stalled = set.status?.conditions?.find(({ type, status }) => type === 'Stalled' && status === 'True')
  if (stalled !== undefined) return waiting('some_resources_are_not_ready', stalled.message ?? 'stalled')
  return seen >= generation ? { kind: 'ready' } : waiting('some_resources_are_not_ready', unprocessed(generation, seen))
}

/** What the set says of its topology, in the words of graphs. Read only for a graph that states a constraint. */
export function topologyAnswer(set: PodCliqueSet | null): Omit<Finding, 'type'> {
  const told = set?.status?.conditions?.find(({ type }) => type === 'TopologyLevelsUnavailable')
  if (told === undefined) {
    return { status: 'Unknown', reason: 'TopologyConditionPending', message: 'the set has not told yet' }
  }
  const message = told.message ?? ''
  switch (told.status) {
    case 'False':
      return { status: 'True', reason: 'AllTopologyLevelsAvailable', message: 'all levels are there' }
    case 'True':
      return { status: 'False', reason: 'TopologyLevelsUnavailable', message }
    case 'Unknown':
      return { status: 'False', reason: 'TopologyDefinitionNotFound', message }
  }
}

/**
 * Whether a component serves in full, by the first of the published tests that decides. `wanted`: the replicas that
 * the graph asks for, which the child may not have been told yet.
 */
export function readinessOf(child: LiveChild, wanted: number | null): Readiness {
  const { object } = child
  if (object === null) return waiting('some_resources_are_not_ready', 'resource not found')
  const seen = object.status?.observedGeneration
  const generation = object.metadata.generation ?? 0
  if (seen === undefined) return waiting('some_resources_are_not_ready', 'observedGeneration is nil')
  if (seen < generation) {
    return waiting('some_resources_are_not_ready', unprocessed(generation, seen))
  }
  const counts = countsOf(child)
  if (wanted !== null && wanted !== counts.desired) {
    return waiting('updating', `desired=${wanted}, to be scaled from ${counts.desired}`)
  }
  return compare(counts)
}

function compare({ desired, current, updated, ready, scheduled, isShort }: Counts): Readiness {
  if (desired === 0) return { kind: 'ready' }
  if ([current, updated, ready].every((count) => count === desired)) return { kind: 'ready' }
  if (isShort || (scheduled > 0 && scheduled < desired)) {
    return waiting('insufficient_capacity', `desired=${desired}, scheduled=${scheduled}`)
  }
  if (updated !== desired || current !== desired) {
    return waiting('updating', `desired=${desired}, current=${current}, updated=${updated}`)
  }
  return waiting('pods_not_ready', `scheduled but ready=${ready}/${desired}`)
}

function countsOf(child: LiveChild): Counts {
  const status = child.object?.status
  const shared = {
    desired: child.object?.spec.replicas ?? 1,
    current: status?.replicas ?? 0,
    updated: status?.updatedReplicas ?? 0,
    scheduled: status?.scheduledReplicas ?? 0,
  }
  const conditions = status?.conditions ?? []
  if (child.kind === 'PodClique') {
    const isShort = conditions.some(
      ({ type, status: is, reason }) =>
        type === 'PodCliqueScheduled' && is === 'False' && reason === 'InsufficientScheduledPods',
    )
    const { readyReplicas = 0, scheduleGatedReplicas = 0 } = child.object?.status ?? {}
    return { ...shared, ready: readyReplicas, isShort: isShort || scheduleGatedReplicas > 0 }
  }
  const isShort = conditions.some(
    ({ type, reason }) =>
      type === 'MinAvailableBreached' && reason === 'InsufficientScheduledPodCliqueScalingGroupReplicas',
  )
  return { ...shared, ready: child.object?.status?.availableReplicas ?? 0, isShort }
}

/** The component's part of the graph's status. */
export function serviceStatus(child: ScaledChild, live: LiveChild): DynamoServiceStatus {
  const { current, updated, ready, scheduled } = countsOf(live)
  return {
    componentKind: child.kind,
    componentName: child.name,
    componentNames: [child.name],
    replicas: current,
    updatedReplicas: updated,
    ...(child.kind === 'PodClique' ? { readyReplicas: ready } : { availableReplicas: ready }),
    scheduledReplicas: scheduled,
    runtimeNamespace: child.runtimeNamespace,
  }
}

/** What a pass found, for the graph's `state` and its condition `Ready`. */
export interface Outcome {
  readonly state: 'successful' | 'pending' | 'failed'
  readonly ready: Readonly<{ status: 'True' | 'False'; reason: string; message: string }>
}

/** One reason if all that wait, wait for the same; the message names each. */
export function outcomeOf(set: string, components: ReadonlyMap<string, Readiness>): Outcome {
  const late = [...components].flatMap(([name, readiness]) =>
    readiness.kind === 'ready' ? [] : [{ name, why: readiness.why, text: readiness.text }],
  )
  const [first] = late
  if (first === undefined) {
    const ready = { status: 'True', reason: 'all_resources_are_ready', message: 'All resources are ready' } as const
    return { state: 'successful', ready }
  }
  const reason = late.every(({ why }) => why === first.why) ? first.why : 'mixed_not_ready_reasons'
  const message = `Resources not ready: ${set}: ${late.map(({ name, text }) => `${name}: ${text}`).join('; ')}`
  return { state: 'pending', ready: { status: 'False', reason, message } }
}

export const failure = (message: string): Outcome => ({
  state: 'failed',
  ready: { status: 'False', reason: 'failed_to_reconcile_the_resources', message },
})
