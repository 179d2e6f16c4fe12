/** What the report service reads of the halves that run in this process. */
import type { Reports } from '../api/http/reports.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { Running } from './serve.ts'

export function reportsOf(running: () => readonly Running[], metrics: Reports['metrics']): Reports {
  const scheduler = (): Scheduler | null =>
    running().find((each) => each.scheduler !== null && each.isReady)?.scheduler ?? null
  return {
    scheduler: () => scheduler()?.view() ?? null,
    explain: (namespace, name) => scheduler()?.explain(namespace, name) ?? null,
    isReady: () => running().every(({ isReady }) => isReady),
    metrics,
  }
}
