import type { Container, ContainerPort, EnvVar, Probe } from '../../../api/kinds/kubernetes.ts'
import type { Component, ComponentGraph } from './component.ts'
import { envOf } from './environment.ts'
import { dynamoNamespace, PLANNER_ACCOUNT } from './names.ts'
import { isAtLeast } from './runtime-version.ts'

export const HTTP_PORT = 8000
export const SYSTEM_PORT = 9090
const NIXL_PORT = 19_090
const PLANNER_METRICS_PORT = 9085
const FORWARD_PASS_METRICS_PORT = 20_380

/** What a component has before its user says anything. */
export interface TypeDefaults {
  readonly container: Readonly<Partial<Container>>
  readonly env: readonly EnvVar[]
  /** null: the service account of discovery, if there is one. */
  readonly serviceAccount: string | null
}

type Defaults = (component: Component, graph: ComponentGraph) => TypeDefaults

const port = (name: string, containerPort: number): ContainerPort => ({ name, containerPort, protocol: 'TCP' })
const get = (path: string, portName: string): Pick<Probe, 'httpGet'> => ({ httpGet: { path, port: portName } })
const shell = ['/bin/sh', '-c']

const frontend: Defaults = (component, graph) => ({
  container: {
    command: ['python3'],
    args: ['-m', 'dynamo.frontend'],
    ports: [port('http', HTTP_PORT)],
    livenessProbe: {
      ...get('/live', 'http'),
      initialDelaySeconds: 15,
      periodSeconds: 10,
      timeoutSeconds: 1,
      failureThreshold: 3,
    },
    readinessProbe: {
      ...get('/health', 'http'),
      initialDelaySeconds: 10,
      periodSeconds: 10,
      timeoutSeconds: 3,
      failureThreshold: 3,
    },
    ...(isAtLeast(component.runtimeVersion, 1, 6) && {
      startupProbe: { ...get('/live', 'http'), periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 30 },
    }),
  },
  env: envOf({
    DYNAMO_PORT: String(HTTP_PORT),
    DYN_HTTP_PORT: String(HTTP_PORT),
    DYN_NAMESPACE_PREFIX: dynamoNamespace(graph.namespace, graph.name, component),
  }),
  serviceAccount: null,
})

/** From 1.5 on the runtime checks its own health, and one missed probe no longer ends a worker. */
const checksItself = (component: Component): boolean => isAtLeast(component.runtimeVersion, 1, 5)

const systemProbes = (component: Component): Partial<Container> => ({
  livenessProbe: {
    ...get('/live', 'system'),
    periodSeconds: 5,
    timeoutSeconds: 4,
    failureThreshold: checksItself(component) ? 3 : 1,
  },
  readinessProbe: { ...get('/health', 'system'), periodSeconds: 10, timeoutSeconds: 4, failureThreshold: 3 },
  // Two hours: large models are loaded in that time.
  startupProbe: { ...get('/live', 'system'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 720 },
})

const worker: Defaults = (component) => ({
  container: {
    command: shell,
    ports: [port('system', SYSTEM_PORT), port('nixl', NIXL_PORT)],
    ...systemProbes(component),
  },
  env: envOf({
    DYN_SYSTEM_ENABLED: 'true',
    DYN_SYSTEM_PORT: String(SYSTEM_PORT),
    DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS: '["generate"]',
    DYN_HEALTH_CHECK_ENABLED: String(checksItself(component)),
    NIXL_TELEMETRY_ENABLE: 'n',
    NIXL_TELEMETRY_EXPORTER: 'prometheus',
    NIXL_TELEMETRY_PROMETHEUS_PORT: String(NIXL_PORT),
    DYN_FORWARDPASS_METRIC_PORT: String(FORWARD_PASS_METRICS_PORT),
  }),
  serviceAccount: null,
})

const planner: Defaults = (component) => ({
  container: {
    command: shell,
    ports: [port('metrics', PLANNER_METRICS_PORT), port('system', SYSTEM_PORT)],
    ...systemProbes(component),
  },
  env: envOf({ PLANNER_PROMETHEUS_PORT: String(PLANNER_METRICS_PORT), DYN_SYSTEM_PORT: String(SYSTEM_PORT) }),
  serviceAccount: PLANNER_ACCOUNT,
})

const bare: Defaults = () => ({ container: { command: shell }, env: [], serviceAccount: null })

export function defaultsOf(component: Component, graph: ComponentGraph): TypeDefaults {
  if (component.isWorker) return worker(component, graph)
  if (component.type === 'frontend') return frontend(component, graph)
  if (component.type === 'planner') return planner(component, graph)
  return bare(component, graph)
}
