import { timestamp } from '../../../kube/clock.ts'
import { forbidden, type FieldFault } from '../api-error.ts'
import type { Core } from '../core.ts'
import { cloneJson, equalJson, isRecord, listAt, recordAt, stringAt, type Json } from '../json.ts'
import { defaultPod } from './pod-defaults.ts'
import { podSpecFaults } from './pod-faults.ts'
import { qosClass } from './qos.ts'
import type { Strategy } from './strategy.ts'

const POD = { group: '', plural: 'pods', kind: 'Pod' }

interface Priority {
  readonly name: string
  readonly value: number
  readonly preemptionPolicy: string
}

function priorityOf(object: Json): Priority {
  const value = object['value']
  return {
    name: stringAt(recordAt(object, 'metadata'), 'name'),
    value: typeof value === 'number' ? value : 0,
    preemptionPolicy: stringAt(object, 'preemptionPolicy') || 'PreemptLowerPriority',
  }
}

/** The class that the pod names, else the cluster's default, else none. */
function findPriority(core: Core, wanted: string): Priority | null {
  const classes = core.store.collection('scheduling.k8s.io/priorityclasses')
  if (wanted !== '') {
    const found = classes.get(`/${wanted}`)
    return found === undefined ? null : priorityOf(found.object)
  }
  const defaults = classes
    .sorted()
    .filter(({ object }) => object['globalDefault'] === true)
    .map(({ object }) => priorityOf(object))
  // Of several defaults the lowest counts, as in the priority admission.
  return defaults.reduce<Priority | null>((a, b) => (a === null || b.value < a.value ? b : a), null)
}

function admitPriority(core: Core, pod: Json, spec: Json): void {
  const wanted = stringAt(spec, 'priorityClassName')
  const name = stringAt(recordAt(pod, 'metadata'), 'name')
  const found = findPriority(core, wanted)
  if (wanted !== '' && found === null) throw forbidden(POD, name, `no PriorityClass with name ${wanted} was found`)
  if (found !== null) spec['priorityClassName'] = found.name
  const value = found?.value ?? 0
  if (typeof spec['priority'] === 'number' && spec['priority'] !== value) {
    const why = `the integer value of priority (${spec['priority']}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`
    throw forbidden(POD, name, why)
  }
  spec['priority'] = value
  spec['preemptionPolicy'] ??= found?.preemptionPolicy ?? 'PreemptLowerPriority'
}

const WAITS_SECONDS = 300

/** A pod outlives five minutes of a node that does not answer. */
function admitTolerations(spec: Json): void {
  const tolerations = listAt(spec, 'tolerations')
  const added = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter(
    (key) =>
      !tolerations.some((one) => {
        const effect = stringAt(one, 'effect')
        return (
          (stringAt(one, 'key') === key || stringAt(one, 'key') === '') && (effect === '' || effect === 'NoExecute')
        )
      }),
  )
  const own = added.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: WAITS_SECONDS }))
  if (own.length > 0) spec['tolerations'] = [...tolerations, ...own]
}

function admit(core: Core, pod: Json): void {
  const spec = recordAt(pod, 'spec')
  pod['spec'] = spec
  admitPriority(core, pod, spec)
  admitTolerations(spec)
  if (stringAt(spec, 'serviceAccountName') === '') spec['serviceAccountName'] = 'default'
  spec['serviceAccount'] = spec['serviceAccountName']
  const conditions =
    listAt(spec, 'schedulingGates').length === 0
      ? []
      : [
          {
            type: 'PodScheduled',
            status: 'False',
            lastProbeTime: null,
            lastTransitionTime: timestamp(core.clock.nowMs()),
            reason: 'SchedulingGated',
            message: 'Scheduling is blocked due to non-empty scheduling gates',
          },
        ]
  pod['status'] = { phase: 'Pending', ...(conditions.length === 0 ? {} : { conditions }), qosClass: qosClass(spec) }
}

/** Fields of the spec that may change after creation. */
const CHANGEABLE = ['activeDeadlineSeconds', 'terminationGracePeriodSeconds'] as const

const IMAGES_ONLY =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

/** The new spec with everything that may differ taken from the old one: equal exactly if the change is allowed. */
function withoutAllowed(spec: Json, old: Json): Json {
  const copy = cloneJson(spec)
  for (const key of CHANGEABLE) {
    if (old[key] === undefined) delete copy[key]
    else copy[key] = old[key]
  }
  for (const key of ['containers', 'initContainers']) {
    for (const [i, container] of listAt(copy, key).entries()) {
      const before = listAt(old, key)[i]
      if (isRecord(container) && isRecord(before) && container['name'] === before['name'])
        container['image'] = before['image']
    }
  }
  const known = listAt(old, 'tolerations')
  if (known.every((one) => listAt(spec, 'tolerations').some((other) => equalJson(one, other)))) {
    if (old['tolerations'] === undefined) delete copy['tolerations']
    else copy['tolerations'] = known
  }
  if (listAt(old, 'schedulingGates').length > 0) {
    for (const key of ['schedulingGates', 'nodeSelector', 'affinity']) {
      if (old[key] === undefined) delete copy[key]
      else copy[key] = old[key]
    }
  } else if (listAt(copy, 'schedulingGates').length === 0) delete copy['schedulingGates']
  return copy
}

function gateFaults(spec: Json, old: Json): FieldFault[] {
  const known = new Set(listAt(old, 'schedulingGates').map((gate) => stringAt(gate, 'name')))
  const names = listAt(spec, 'schedulingGates').map((gate) => stringAt(gate, 'name'))
  return names.flatMap((name, i): FieldFault[] => {
    if (known.has(name)) return []
    const detail = `only deletion is allowed, but found new scheduling gate '${name}'`
    return [{ type: 'Forbidden', field: `spec.schedulingGates[${i}].name`, detail }]
  })
}

function validateUpdate(pod: Json, before: Json): FieldFault[] {
  const spec = recordAt(pod, 'spec')
  const old = recordAt(before, 'spec')
  if (equalJson(spec, old)) return []
  const gates = gateFaults(spec, old)
  if (gates.length > 0) return gates
  if (equalJson(withoutAllowed(spec, old), withoutEmptyGates(old))) return []
  return [{ type: 'Forbidden', field: 'spec', detail: IMAGES_ONLY }]
}

function withoutEmptyGates(old: Json): Json {
  if (listAt(old, 'schedulingGates').length > 0) return old
  const { schedulingGates: _none, ...rest } = old
  return rest
}

/** Once the last gate is gone the pod is no longer said to be gated. */
function prepareUpdate(pod: Json, before: Json): void {
  const spec = recordAt(pod, 'spec')
  if (Array.isArray(spec['schedulingGates']) && spec['schedulingGates'].length === 0) delete spec['schedulingGates']
  for (const key of ['serviceAccount', 'serviceAccountName', 'nodeName', 'priority', 'preemptionPolicy']) {
    spec[key] ??= recordAt(before, 'spec')[key]
    if (spec[key] === undefined) delete spec[key]
  }
}

export const POD_STRATEGY: Strategy = {
  defaults: (pod) => defaultPod(recordAt(pod, 'spec')),
  admit,
  validate: (pod) => podSpecFaults(recordAt(pod, 'spec'), 'spec'),
  prepareUpdate,
  validateUpdate,
}
