import type {
  DynamoGraphDeployment,
  DynamoGraphDeploymentStatus,
  DynamoServiceStatus,
} from '../../api/generated/kinds.ts'
import { pathText } from '../../api/field-error.ts'
import type { Condition } from '../../api/kinds/kubernetes.ts'
import { timestamp } from '../../kube/clock.ts'
import type { Outcome } from '../expansion/dynamo/status.ts'
import type { Desired } from '../expansion/dynamo/translate.ts'
import { canonicalJson } from '../expansion/hash.ts'
import type { OperatorContext } from '../reconciler.ts'
import type { Store } from '../store.ts'
import type { Writer } from '../writer.ts'

const TOPOLOGY = 'TopologyLevelsAvailable'

/** What a pass found out about a graph. */
export interface Found {
  readonly outcome: Outcome
  /** Trying again does not help: the graph has to be changed. */
  readonly isRefused: boolean
  readonly services?: Readonly<Record<string, DynamoServiceStatus>>
  readonly desired?: Desired
  /** What is said of the topology; null: the graph states no constraint. */
  readonly topology?: Pick<Condition, 'status' | 'reason' | 'message'> | null
}

/** Writes what differs, with an event for each failure that was not there before. */
export async function writeGraphStatus(
  { clock, events }: OperatorContext,
  writer: Writer,
  graphs: Store<DynamoGraphDeployment>,
  graph: DynamoGraphDeployment,
  found: Found,
): Promise<void> {
  const { outcome, services } = found
  const before = graph.status ?? {}
  const { generation = 1 } = graph.metadata
  const now = timestamp(clock.nowMs())
  const status: DynamoGraphDeploymentStatus = {
    ...before,
    state: outcome.state,
    conditions: merged(before.conditions ?? [], conditionsOf(found, generation), now),
    ...(services !== undefined && { services: { ...services } }),
    // Moves only after a pass without an error.
    ...(outcome.state !== 'failed' && { observedGeneration: generation }),
  }
  const wasSaid = before.conditions?.find(({ type }) => type === 'Ready')?.message === outcome.ready.message
  if (outcome.state === 'failed' && !wasSaid) {
    const reason = found.isRefused ? 'InvalidGraph' : 'ReconcileFailed'
    events.event(graph, 'Warning', reason, outcome.ready.message)
  }
  if (canonicalJson(before) === canonicalJson(status)) return
  tellNews(events, graph, found)
  tellTopology(events, graph, found)
  await writer.patch(graphs, graph, { status }, { subresource: 'status' })
}

/** Once a generation: what the user should know about a graph that runs. */
function tellNews(events: OperatorContext['events'], graph: DynamoGraphDeployment, { desired }: Found): void {
  if (desired === undefined || graph.status?.observedGeneration === graph.metadata.generation) return
  for (const note of desired.notes) events.event(graph, 'Normal', 'Note', note)
  const { ignored, deprecated } = desired
  if (ignored.length > 0) events.event(graph, 'Warning', 'UnsupportedFields', ignoredMessage(desired))
  if (deprecated.length === 0) return
  const paths = deprecated.map(pathText).join(', ')
  events.event(graph, 'Normal', 'DeprecatedFields', `deprecated and without effect: ${paths}`)
}

/** A level that was there and is not any more. */
function tellTopology(events: OperatorContext['events'], graph: DynamoGraphDeployment, { topology }: Found): void {
  const before = graph.status?.conditions?.find(({ type }) => type === TOPOLOGY)
  if (before?.status !== 'True' || topology?.status !== 'False') return
  events.event(graph, 'Warning', topology.reason ?? TOPOLOGY, topology.message ?? '')
}

const ignoredMessage = ({ ignored }: Desired): string =>
  `not acted on by this version: ${ignored.map(({ path, effect }) => `${pathText(path)} (${effect})`).join(', ')}`

/** The conditions that are ours; null for one that must not be there. */
function conditionsOf({ outcome, isRefused, desired, topology }: Found, generation: number): (Condition | string)[] {
  const { status, reason, message } = outcome.ready
  const ready: Condition = { type: 'Ready', status, reason, message, observedGeneration: generation }
  const stalled: Condition = {
    type: 'Stalled',
    status: 'True',
    reason: 'InvalidGraph',
    message,
    observedGeneration: generation,
  }
  const reconciling: Condition = { ...ready, type: 'Reconciling', status: 'True' }
  const unsupported: Condition[] =
    desired === undefined || desired.ignored.length === 0
      ? []
      : [
          {
            type: 'UnsupportedFields',
            status: 'True',
            reason: 'NotImplemented',
            message: ignoredMessage(desired),
            observedGeneration: generation,
          },
        ]
  return [
    ready,
    isRefused ? stalled : 'Stalled',
    ...(topology ? [{ ...topology, type: TOPOLOGY, observedGeneration: generation }] : []),
    ...(topology === null ? [TOPOLOGY] : []),
    outcome.state === 'successful' || isRefused ? 'Reconciling' : reconciling,
    ...(unsupported.length > 0 ? unsupported : desired === undefined ? [] : ['UnsupportedFields']),
  ]
}

/** Ours over what is there: others' stay, a time moves only with its status. A name alone takes that one away. */
function merged(before: readonly Condition[], ours: readonly (Condition | string)[], now: string): Condition[] {
  const byType = new Map(before.map((condition) => [condition.type, condition]))
  for (const condition of ours) {
    if (typeof condition === 'string') byType.delete(condition)
    else {
      const known = byType.get(condition.type)
      const lastTransitionTime = known?.status === condition.status ? (known.lastTransitionTime ?? now) : now
      byType.set(condition.type, { ...condition, lastTransitionTime })
    }
  }
  return [...byType.values()]
}
