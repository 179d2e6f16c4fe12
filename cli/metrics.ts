/** What a running process tells Prometheus: its halves' metrics, its requests and its Leases, on one registry. */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { OPERATOR_LEASE, SCHEDULER_LEASE } from '../api/names.ts'
import { CODES, type Observe } from '../kube/measured-transport.ts'
import type { SchedulerMetrics } from '../scheduler/counted.ts'
import { schedulerMetrics } from '../scheduler/metrics.ts'

export interface Metrics {
  readonly scheduler: SchedulerMetrics
  readonly request: Observe
  readonly leading: (lease: string, isLeading: boolean) => void
  readonly contentType: string
  /** In Prometheus' text form. */
  text(): Promise<string>
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** Everything of ours; without what prom-client tells of the process, which starts timers. */
export function ownMetrics(registry: Registry): Omit<Metrics, 'text' | 'contentType'> {
  const requests = new Counter({
    name: 'espalier_api_requests_total',
    help: 'Requests to the Kubernetes API by how they ended; none: no answer came. 401: credentials have expired',
    labelNames: ['method', 'code'] as const,
    registers: [registry],
  })
  const leading = new Gauge({
    name: 'espalier_leading',
    help: '1 while this process holds the Lease and acts',
    labelNames: ['lease'] as const,
    registers: [registry],
  })
  for (const method of METHODS) for (const code of CODES) requests.inc({ method, code }, 0)
  for (const lease of [SCHEDULER_LEASE, OPERATOR_LEASE]) leading.set({ lease }, 0)
  return {
    scheduler: schedulerMetrics(registry),
    request: (method, code) => requests.inc({ method, code }),
    leading: (lease, isLeading) => leading.set({ lease }, Number(isLeading)),
  }
}

/** How finely delays of the event loop are looked for: every look wakes a process that has nothing to do. */
const LOOK_MS = 50

/** For a process that serves them: what every Node process tells costs timers, and prom-client a tenth of a second of its start. */
export function processMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOK_MS })
  return { ...ownMetrics(registry), contentType: registry.contentType, text: () => registry.metrics() }
}

/** docs/metrics.md. */
export async function metricsPage(): Promise<string> {
  const registry = new Registry()
  ownMetrics(registry)
  const metrics = await registry.getMetricsAsJSON()
  const rows = metrics
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, help, values }) => `| \`${name}\` | ${String(type)} | ${labelsOf(values)} | ${help} |`)
  return [
    '# Metrics',
    '',
    'Served at `/metrics` by `espalier run`, `scheduler` and `operator` with `--listen`, in Prometheus’ text form,',
    'beside what every Node process tells (`process_…`, `nodejs_…`). Printed from the declarations',
    '(`npm test -- test/cli/metrics.test.ts -u`). Labels come from closed lists, so the number of series does not grow with a cluster.',
    '',
    '| metric | type | labels | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

function labelsOf(values: readonly { readonly labels: Partial<Record<string, string | number>> }[]): string {
  const names = new Set(values.flatMap(({ labels }) => Object.keys(labels)).filter((name) => name !== 'le'))
  const listed = [...names].map((name) => {
    const found = [...new Set(values.map(({ labels }) => labels[name]).filter((value) => value !== undefined))]
    return `\`${name}\`: ${found.join(', ')}`
  })
  return listed.join('; ')
}
