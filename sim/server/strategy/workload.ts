import { labelSelectorFrom, matches } from '../../../api/selector.ts'
import type { FieldFault } from '../api-error.ts'
import { equalJson, isRecord, recordAt, type Json } from '../json.ts'
import { defaultTemplate } from './pod-defaults.ts'
import { podSpecFaults } from './pod-faults.ts'
import type { Strategy } from './strategy.ts'

function specOf(object: Json): Json {
  const spec = recordAt(object, 'spec')
  object['spec'] = spec
  return spec
}

function templateFaults(object: Json): FieldFault[] {
  const spec = recordAt(object, 'spec')
  const template = recordAt(spec, 'template')
  const faults = podSpecFaults(recordAt(template, 'spec'), 'spec.template.spec')
  const labels = recordAt(recordAt(template, 'metadata'), 'labels')
  if (!isRecord(spec['selector'])) return [{ type: 'Required', field: 'spec.selector', detail: '' }, ...faults]
  if (matches(labelSelectorFrom(spec['selector']), labels as Record<string, string>)) return faults
  return [
    ...faults,
    {
      type: 'Invalid',
      field: 'spec.template.metadata.labels',
      value: labels,
      detail: '`selector` does not match template `labels`',
    },
  ]
}

function selectorFaults(object: Json, before: Json): FieldFault[] {
  const selector = recordAt(object, 'spec')['selector']
  if (equalJson(selector, recordAt(before, 'spec')['selector'])) return []
  return [{ type: 'Invalid', field: 'spec.selector', value: selector ?? null, detail: 'field is immutable' }]
}

const rolling = (extra: Json): Json => ({ type: 'RollingUpdate', rollingUpdate: extra })

const workload = (defaults: (spec: Json) => void, firstStatus: () => Json): Strategy => ({
  defaults: (object) => {
    defaults(specOf(object))
    defaultTemplate(object)
  },
  firstStatus,
  validate: templateFaults,
  validateUpdate: selectorFaults,
})

export const DEPLOYMENT: Strategy = workload(
  (spec) => {
    spec['replicas'] ??= 1
    spec['strategy'] = { ...rolling({ maxSurge: '25%', maxUnavailable: '25%' }), ...recordAt(spec, 'strategy') }
    spec['revisionHistoryLimit'] ??= 10
    spec['progressDeadlineSeconds'] ??= 600
  },
  () => ({}),
)

export const REPLICA_SET: Strategy = workload(
  (spec) => {
    spec['replicas'] ??= 1
  },
  () => ({ replicas: 0 }),
)

export const STATEFUL_SET: Strategy = workload(
  (spec) => {
    spec['replicas'] ??= 1
    spec['podManagementPolicy'] ??= 'OrderedReady'
    spec['updateStrategy'] ??= rolling({ partition: 0 })
    spec['revisionHistoryLimit'] ??= 10
  },
  () => ({ replicas: 0, availableReplicas: 0 }),
)

export const DAEMON_SET: Strategy = workload(
  (spec) => {
    spec['updateStrategy'] ??= rolling({ maxSurge: 0, maxUnavailable: 1 })
    spec['revisionHistoryLimit'] ??= 10
  },
  () => ({ currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 }),
)

/** A Job's pods are selected by its own uid, unless it says otherwise. */
function admitJob(object: Json): void {
  const spec = specOf(object)
  if (spec['manualSelector'] === true) return
  const metadata = recordAt(object, 'metadata')
  const uid = metadata['uid']
  const template = recordAt(spec, 'template')
  const inner = recordAt(template, 'metadata')
  const own = { 'batch.kubernetes.io/controller-uid': uid, 'batch.kubernetes.io/job-name': metadata['name'] }
  inner['labels'] = { ...recordAt(inner, 'labels'), ...own, 'controller-uid': uid, 'job-name': metadata['name'] }
  template['metadata'] = inner
  spec['template'] = template
  spec['selector'] = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } }
}

export const JOB: Strategy = {
  defaults: (object) => {
    const spec = specOf(object)
    if (spec['completions'] === undefined && spec['parallelism'] === undefined) spec['completions'] = 1
    spec['parallelism'] ??= 1
    spec['backoffLimit'] ??= 6
    spec['completionMode'] ??= 'NonIndexed'
    spec['suspend'] ??= false
    defaultTemplate(object)
  },
  admit: (_core, object) => admitJob(object),
  firstStatus: () => ({}),
  validate: (object) => {
    const template = recordAt(recordAt(recordAt(object, 'spec'), 'template'), 'spec')
    const faults = podSpecFaults(template, 'spec.template.spec')
    if (template['restartPolicy'] === 'OnFailure' || template['restartPolicy'] === 'Never') return faults
    const field = 'spec.template.spec.restartPolicy'
    return [...faults, { type: 'Required', field, detail: 'valid values: "OnFailure", "Never"' }]
  },
  prepareUpdate: (object, before) => {
    const spec = specOf(object)
    spec['selector'] ??= recordAt(before, 'spec')['selector']
  },
  validateUpdate: selectorFaults,
}
