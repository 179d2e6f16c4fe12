import type { KubeObject } from '../../../api/kinds/kubernetes.ts'
import { ageOf, shortAge, type TableColumns } from '../table.ts'
import {
  AGE,
  column,
  type ColumnOf,
  labelsText,
  listAt,
  mapAt,
  NAME,
  numberAt,
  tableColumns,
  textAt,
  wide,
} from './column.ts'

const containers = (object: KubeObject): readonly unknown[] => listAt(object, 'spec', 'template', 'spec', 'containers')
const names = (object: KubeObject): string =>
  containers(object)
    .map((c) => textAt(c, 'name'))
    .join(',')
const images = (object: KubeObject): string =>
  containers(object)
    .map((c) => textAt(c, 'image'))
    .join(',')
const selector = (object: KubeObject): string => labelsText(mapAt(object, 'spec', 'selector', 'matchLabels'))

const TEMPLATE: readonly ColumnOf<KubeObject>[] = [wide('Containers', names), wide('Images', images)]
const SELECTOR: ColumnOf<KubeObject> = wide('Selector', selector)

const count = (name: string, ...path: readonly string[]): ColumnOf<KubeObject> =>
  column(name, (object) => numberAt(object, ...path), 'integer')

const readyOf = (...wanted: readonly string[]): ColumnOf<KubeObject> =>
  column('Ready', (object) => `${numberAt(object, 'status', 'readyReplicas')}/${numberAt(object, ...wanted)}`)

export const DEPLOYMENT_COLUMNS: TableColumns = tableColumns([
  NAME,
  readyOf('spec', 'replicas'),
  count('Up-to-date', 'status', 'updatedReplicas'),
  count('Available', 'status', 'availableReplicas'),
  AGE,
  ...TEMPLATE,
  SELECTOR,
])

export const REPLICA_SET_COLUMNS: TableColumns = tableColumns([
  NAME,
  count('Desired', 'spec', 'replicas'),
  count('Current', 'status', 'replicas'),
  count('Ready', 'status', 'readyReplicas'),
  AGE,
  ...TEMPLATE,
  SELECTOR,
])

export const STATEFUL_SET_COLUMNS: TableColumns = tableColumns([NAME, readyOf('spec', 'replicas'), AGE, ...TEMPLATE])

export const DAEMON_SET_COLUMNS: TableColumns = tableColumns([
  NAME,
  count('Desired', 'status', 'desiredNumberScheduled'),
  count('Current', 'status', 'currentNumberScheduled'),
  count('Ready', 'status', 'numberReady'),
  count('Up-to-date', 'status', 'updatedNumberScheduled'),
  count('Available', 'status', 'numberAvailable'),
  column('Node Selector', (set) => labelsText(mapAt(set, 'spec', 'template', 'spec', 'nodeSelector'))),
  AGE,
  ...TEMPLATE,
  SELECTOR,
])

function jobStatus(job: KubeObject): string {
  const holds = (type: string): boolean =>
    listAt(job, 'status', 'conditions').some((c) => textAt(c, 'type') === type && textAt(c, 'status') === 'True')
  if (holds('Complete')) return 'Complete'
  if (holds('Failed')) return 'Failed'
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating'
  return holds('Suspended') ? 'Suspended' : 'Running'
}

function jobDuration(job: KubeObject, nowMs: number): string {
  const startedAt = textAt(job, 'status', 'startTime')
  if (startedAt === '') return ''
  const endedAt = textAt(job, 'status', 'completionTime')
  return endedAt === '' ? ageOf(startedAt, nowMs) : shortAge(Date.parse(endedAt) - Date.parse(startedAt))
}

export const JOB_COLUMNS: TableColumns = tableColumns([
  NAME,
  column('Status', jobStatus),
  column(
    'Completions',
    (job) => `${numberAt(job, 'status', 'succeeded')}/${textAt(job, 'spec', 'completions') || '1'}`,
  ),
  column('Duration', jobDuration),
  AGE,
  ...TEMPLATE,
  SELECTOR,
])

function lastSchedule(job: KubeObject, nowMs: number): string {
  const at = textAt(job, 'status', 'lastScheduleTime')
  return at === '' ? '<none>' : ageOf(at, nowMs)
}

export const CRON_JOB_COLUMNS: TableColumns = tableColumns([
  NAME,
  column('Schedule', (job) => textAt(job, 'spec', 'schedule')),
  column('Timezone', (job) => textAt(job, 'spec', 'timeZone') || '<none>'),
  column('Suspend', (job) => (textAt(job, 'spec', 'suspend') === 'true' ? 'True' : 'False')),
  column('Active', (job) => listAt(job, 'status', 'active').length, 'integer'),
  column('Last Schedule', lastSchedule),
  AGE,
])

/** One target's current value over the wanted one; what is not measured yet is `<unknown>`. */
function metricText(spec: unknown, current: unknown): string {
  const type = textAt(spec, 'type')
  const field = type === 'ContainerResource' ? 'containerResource' : type.charAt(0).toLowerCase() + type.slice(1)
  const target = mapAt(spec, field, 'target')
  const now = mapAt(current, field, 'current')
  const label = type.endsWith('Resource') ? `${textAt(spec, field, 'name')}: ` : ''
  if (target['averageUtilization'] !== undefined) {
    const have = now['averageUtilization']
    return `${label}${have === undefined ? '<unknown>' : `${String(have)}%`}/${String(target['averageUtilization'])}%`
  }
  const isAverage = target['averageValue'] !== undefined
  const have = textAt(now, isAverage ? 'averageValue' : 'value') || '<unknown>'
  const want = textAt(target, isAverage ? 'averageValue' : 'value')
  return `${label}${have}/${want}${isAverage && type !== 'Resource' && type !== 'Pods' ? ' (avg)' : ''}`
}

const METRICS_SHOWN = 2

function targetsText(autoscaler: KubeObject): string {
  const specs = listAt(autoscaler, 'spec', 'metrics')
  if (specs.length === 0) return '<none>'
  const current = listAt(autoscaler, 'status', 'currentMetrics')
  const texts = specs.map((spec, i) => metricText(spec, current[i]))
  const rest = texts.length - METRICS_SHOWN
  return rest > 0 ? `${texts.slice(0, METRICS_SHOWN).join(', ')} + ${rest} more...` : texts.join(', ')
}

export const AUTOSCALER_COLUMNS: TableColumns = tableColumns([
  NAME,
  column(
    'Reference',
    (hpa) => `${textAt(hpa, 'spec', 'scaleTargetRef', 'kind')}/${textAt(hpa, 'spec', 'scaleTargetRef', 'name')}`,
  ),
  column('Targets', targetsText),
  column('MinPods', (hpa) => textAt(hpa, 'spec', 'minReplicas') || '<unset>'),
  column('MaxPods', (hpa) => numberAt(hpa, 'spec', 'maxReplicas'), 'integer'),
  column('Replicas', (hpa) => numberAt(hpa, 'status', 'currentReplicas'), 'integer'),
  AGE,
])

export const BUDGET_COLUMNS: TableColumns = tableColumns([
  NAME,
  column('Min Available', (budget) => textAt(budget, 'spec', 'minAvailable') || 'N/A'),
  column('Max Unavailable', (budget) => textAt(budget, 'spec', 'maxUnavailable') || 'N/A'),
  count('Allowed Disruptions', 'status', 'disruptionsAllowed'),
  AGE,
])
