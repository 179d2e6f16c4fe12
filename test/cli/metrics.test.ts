import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { metricsPage, ownMetrics } from '../../cli/metrics.ts'

test('the page of metrics is what is declared; if not, run this file with -u', async () => {
  await expect(await metricsPage()).toMatchFileSnapshot('../../docs/metrics.md')
})

test('every series is there from the first scrape, and none grows with the cluster', async () => {
  const registry = new Registry()
  const metrics = ownMetrics(registry)
  const series = async (): Promise<number> =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
  const first = await series()
  expect(first).toBeGreaterThan(60)
  metrics.scheduler.answered('bound', 3)
  metrics.request('POST', '401')
  metrics.leading('espalier-scheduler', true)
  for (const code of ['2xx', 'none'] as const) metrics.request('DELETE', code)
  // A verdict's buckets appear with its first plan: three verdicts, so bounded.
  expect(await series()).toBe(first)
})

test('milliseconds inside are seconds outside', async () => {
  const registry = new Registry()
  ownMetrics(registry).scheduler.planned('plan', 250)
  expect(await registry.metrics()).toContain('espalier_plan_duration_seconds_sum{verdict="plan"} 0.25')
})

test('sizes are asked for at each scrape', async () => {
  const registry = new Registry()
  const { scheduler } = ownMetrics(registry)
  let pods = 1
  const none = (): number => 0
  const sizes = { nodes: none, gangs: none, pendingGangs: none, assumedPods: none, bindingsInFlight: none }
  const rest = { ...sizes, reasons: () => new Map([['NoDomain', 2]] as const) }
  scheduler.watch({ ...rest, pods: () => pods })
  expect(await registry.metrics()).toContain('espalier_pods 1')
  pods = 2
  expect(await registry.metrics()).toContain('espalier_pods 2')
  expect(await registry.metrics()).toContain('espalier_waiting{reason="NoDomain"} 2')
  expect(await registry.metrics()).toContain('espalier_waiting{reason="Queued"} 0')
})
