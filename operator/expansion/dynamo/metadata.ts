import { createHash } from 'node:crypto'
import * as names from '../../../api/names.ts'
import type { Component, ComponentGraph } from './component.ts'
import type { DynamoConfig } from './config.ts'
import { discoveryOf } from './environment.ts'
import { componentFullName, dynamoNamespace } from './names.ts'
import { originVersionOf } from './origin.ts'

type Text = Record<string, string>

/** KAI's queue for graphs that name none. */
const DEFAULT_QUEUE = 'dynamo'
const MODEL_HASH_DIGITS = 8

/** Labels that Services select on and users cannot change. */
function identity(graph: ComponentGraph, component: Component): Text {
  return {
    [names.DYNAMO_SELECTOR]: componentFullName(graph.name, component),
    [names.DYNAMO_GRAPH]: graph.name,
    [names.DYNAMO_COMPONENT]: component.name,
    ...(component.type !== '' && { [names.DYNAMO_COMPONENT_TYPE]: component.type }),
    ...(component.subType !== '' && { [names.DYNAMO_SUB_COMPONENT_TYPE]: component.subType }),
    [names.DYNAMO_NAMESPACE]: dynamoNamespace(graph.namespace, graph.name, component),
  }
}

/** Told only when components find each other through Kubernetes. */
export const discoveryLabels = (graph: ComponentGraph, config: DynamoConfig): Text =>
  discoveryOf(graph, config) === 'kubernetes'
    ? { [names.DYNAMO_DISCOVERY_BACKEND]: 'kubernetes', [names.DYNAMO_DISCOVERY_ENABLED]: 'true' }
    : {}

export const modelHash = (model: string): string =>
  createHash('sha256').update(model).digest('hex').slice(0, MODEL_HASH_DIGITS)

/** Labels of the component's cliques; they reach PodCliques and pods, and a change of one rolls the clique. */
export function cliqueLabels(graph: ComponentGraph, component: Component, config: DynamoConfig): Text {
  const system = identity(graph, component)
  const hasMetrics = graph.switches[names.DYNAMO_ENABLE_METRICS]?.toLowerCase() !== 'false'
  const queue = queueOf(graph, component, config)
  return sorted({
    ...(component.modelName !== null && { [names.DYNAMO_BASE_MODEL_HASH]: modelHash(component.modelName) }),
    ...(hasMetrics && { [names.DYNAMO_METRICS_ENABLED]: 'true' }),
    ...graph.labels,
    ...component.labels,
    ...component.podLabels,
    ...system,
    ...discoveryLabels(graph, config),
    ...(queue !== null && { [names.KAI_QUEUE_LABEL]: queue }),
  })
}

/** KAI wants a queue on its pods; on ours the label stands only if the graph asks for it. */
function queueOf(graph: ComponentGraph, component: Component, config: DynamoConfig): string | null {
  const own = component.podSpec.schedulerName ?? ''
  const asked = graph.switches[names.KAI_QUEUE_ANNOTATION]?.trim() ?? ''
  if (own !== '' && own !== names.KAI_SCHEDULER_NAME) return null
  const isKai = (own || config.schedulerName) === names.KAI_SCHEDULER_NAME
  return asked || (isKai ? DEFAULT_QUEUE : null)
}

const PROPAGATED: readonly string[] = [
  names.DYNAMO_ENABLE_METRICS,
  names.DYNAMO_DISCOVERY_BACKEND,
  names.DYNAMO_DISCOVERY_MODE,
  names.DYNAMO_ORIGIN_VERSION,
  names.VLLM_EXECUTOR,
]

/** Annotations of the component's cliques; like labels, a change of one rolls the clique. */
export function cliqueAnnotations(graph: ComponentGraph, component: Component, config: DynamoConfig): Text {
  const switches: Readonly<Text> = { ...graph.switches, [names.DYNAMO_ORIGIN_VERSION]: originVersionOf(graph, config) }
  const propagated = PROPAGATED.flatMap((key) => (switches[key] === undefined ? [] : [[key, switches[key]] as const]))
  return sorted({
    ...Object.fromEntries(propagated),
    ...graph.annotations,
    ...component.annotations,
    ...component.podAnnotations,
    [names.DYNAMO_DISCOVERY_BACKEND]: discoveryOf(graph, config),
  })
}

export const sorted = (text: Readonly<Text>): Text =>
  Object.fromEntries(Object.entries(text).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
