import type {
  DynamoGraphDeployment,
  DynamoGraphDeploymentStatus,
  DynamoServiceStatus,
} from '../../api/generated/kinds.ts'
import { pathText } from '../../api/field-error.ts'
import { type Finding, withFindings } from '../conditions.ts'
import type { Outcome } from '../expansion/dynamo/status.ts'
import type { Desired } from '../expansion/dynamo/translate.ts'
import { canonicalJson } from '../expansion/hash.ts'
import type { OperatorContext } from '../reconciler.ts'
import type { Store } from '../store.ts'
import type { Writer } from '../writer.ts'
import { findingContext } from './parts.ts'

const TOPOLOGY = 'TopologyLevelsAvailable'

/** What a pass found out about a graph. */
export interface Found {
  readonly outcome: Outcome
  /** Trying again does not help: the graph has to be changed. */
  readonly isRefused: boolean
  readonly services?: Readonly<Record<string, DynamoServiceStatus>>
  readonly desired?: Desired
  /** What is said of the topology; null: the graph states no constraint. */
  readonly topology?: Omit<Finding, 'type'> | null
}

/** Writes what differs, with an event for each failure that was not there before. */
export async function writeGraphStatus(
  context: OperatorContext,
  writer: Writer,
  graphs: Store<DynamoGraphDeployment>,
  graph: DynamoGraphDeployment,
  found: Found,
): Promise<void> {
  const { events } = context
  const { outcome, services } = found
  const before = graph.status ?? {}
  const { generation = 1 } = graph.metadata
  const { said, removed } = findingsOf(found)
  const status: DynamoGraphDeploymentStatus = {
    ...before,
    state: outcome.state,
    conditions: withFindings(before.conditions, said, findingContext(context, graph), removed),
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
  events.event(graph, 'Warning', topology.reason, topology.message)
}

const ignoredMessage = ({ ignored }: Desired): string =>
  `not acted on by this version: ${ignored.map(({ path, effect }) => `${pathText(path)} (${effect})`).join(', ')}`

/** What is said of a graph. Types that are not said now are taken away, but for what a failed pass did not look at. */
function findingsOf({ outcome, isRefused, desired, topology }: Found): { said: Finding[]; removed: string[] } {
  const { reason, message } = outcome.ready
  const isWorking = outcome.state !== 'successful' && !isRefused
  const told: readonly (readonly [type: string, finding: Omit<Finding, 'type'> | null | undefined])[] = [
    ['Ready', outcome.ready],
    ['Stalled', isRefused ? { status: 'True', reason: 'InvalidGraph', message } : null],
    [TOPOLOGY, topology],
    ['Reconciling', isWorking ? { status: 'True', reason, message } : null],
    ['UnsupportedFields', desired === undefined ? undefined : unsupported(desired)],
  ]
  return {
    said: told.flatMap(([type, finding]) => (finding ? [{ ...finding, type }] : [])),
    removed: told.flatMap(([type, finding]) => (finding === null ? [type] : [])),
  }
}

const unsupported = (desired: Desired): Omit<Finding, 'type'> | null =>
  desired.ignored.length === 0 ? null : { status: 'True', reason: 'NotImplemented', message: ignoredMessage(desired) }
