import type { EnvVar } from '../../../api/kinds/kubernetes.ts'
import * as names from '../../../api/names.ts'
import type { Component, ComponentGraph } from './component.ts'
import type { DynamoConfig } from './config.ts'
import { dynamoNamespace } from './names.ts'

const byName = (a: EnvVar, b: EnvVar): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

/** The union by name, later lists winning, sorted by name in byte order. */
export function mergeEnv(...lists: readonly (readonly EnvVar[] | undefined)[]): EnvVar[] {
  const merged = new Map<string, EnvVar>()
  for (const list of lists) for (const variable of list ?? []) merged.set(variable.name, variable)
  return [...merged.values()].sort(byName)
}

/** `{NAME: value}` as variables, those with an empty value left out. */
export const envOf = (values: Readonly<Record<string, string>>): EnvVar[] =>
  Object.entries(values)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ({ name, value }))

const fromField = (name: string, fieldPath: string): EnvVar => ({ name, valueFrom: { fieldRef: { fieldPath } } })

/** How a graph's components find each other. */
export const discoveryOf = (graph: ComponentGraph, config: DynamoConfig): string =>
  graph.switches[names.DYNAMO_DISCOVERY_BACKEND] ?? config.discovery

/** What every component is told about where it runs and how to find the others. The user's values win over these. */
export function commonEnv(graph: ComponentGraph, component: Component, config: DynamoConfig): EnvVar[] {
  const discovery = discoveryOf(graph, config)
  const isPerContainer = graph.switches[names.DYNAMO_DISCOVERY_MODE] === 'container'
  return [
    ...envOf({
      DYN_NAMESPACE: dynamoNamespace(graph.namespace, graph.name, component),
      DYN_PARENT_DGD_K8S_NAME: graph.name,
      DYN_PARENT_DGD_K8S_NAMESPACE: graph.namespace,
      DYN_DISCOVERY_BACKEND: discovery === 'etcd' ? '' : discovery,
      CONTAINER_NAME: isPerContainer ? 'main' : '',
      DYN_KUBE_DISCOVERY_MODE: isPerContainer ? 'container' : '',
      NATS_SERVER: config.natsServer,
      ETCD_ENDPOINTS: config.etcdEndpoints,
      MODEL_EXPRESS_URL: config.modelExpressUrl,
      PROMETHEUS_ENDPOINT: config.prometheusEndpoint,
    }),
    { name: 'DYN_COMPONENT', value: component.type },
    fromField('POD_NAME', 'metadata.name'),
    fromField('POD_NAMESPACE', 'metadata.namespace'),
    fromField('POD_UID', 'metadata.uid'),
  ]
}
