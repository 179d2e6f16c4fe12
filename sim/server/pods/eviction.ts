import { labelSelectorFrom, matches } from '../../../api/selector.ts'
import type { KubeObject } from '../../../api/kinds/kubernetes.ts'
import { timestamp } from '../../../kube/clock.ts'
import { ApiError, badRequest, methodNotAllowed } from '../api-error.ts'
import { objectBody } from '../body.ts'
import type { Core } from '../core.ts'
import { remove } from '../delete.ts'
import { answer, type ApiAnswer } from '../exchange.ts'
import { cloneJson, isRecord, listAt, recordAt, stringAt, type Json } from '../json.ts'
import { entryOf } from '../list.ts'
import { metadataOf } from '../metadata.ts'
import type { Target } from '../target.ts'
import { writeOptions } from '../write-options.ts'

const BUDGETS = 'policy/poddisruptionbudgets'

/** Pods that take nothing from a service when they go. */
function isFree(pod: KubeObject): boolean {
  const phase = recordAt(pod, 'status')['phase']
  return (
    phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined
  )
}

function budgetsOf(core: Core, pod: KubeObject): KubeObject[] {
  return core.store
    .collection(BUDGETS)
    .sorted()
    .map(({ object }) => object)
    .filter((budget) => {
      if (budget.metadata.namespace !== pod.metadata.namespace) return false
      const selector = recordAt(budget, 'spec')['selector']
      return isRecord(selector) && matches(labelSelectorFrom(selector), pod.metadata.labels ?? {})
    })
}

function refuse(message: string, cause: string, budget: string): ApiError {
  return new ApiError(429, 'TooManyRequests', message, {
    causes: [{ reason: 'DisruptionBudget', message: `The disruption budget ${budget} ${cause}` }],
  })
}

const isReady = (pod: KubeObject): boolean =>
  listAt(pod['status'], 'conditions').some(
    (one) => stringAt(one, 'type') === 'Ready' && stringAt(one, 'status') === 'True',
  )

/** Takes one disruption from the budget, or refuses; nothing is stored in a dry run. */
function spend(core: Core, budget: KubeObject, pod: KubeObject, isDryRun: boolean): void {
  const status = recordAt(budget, 'status')
  const { name } = budget.metadata
  const allowed = Number(status['disruptionsAllowed'] ?? 0)
  const healthy = Number(status['currentHealthy'] ?? 0)
  const desired = Number(status['desiredHealthy'] ?? 0)
  const always = recordAt(budget, 'spec')['unhealthyPodEvictionPolicy'] === 'AlwaysAllow'
  if (!isReady(pod) && (always || (healthy >= desired && desired > 0))) return
  if (Number(status['observedGeneration'] ?? 0) < Number(budget.metadata.generation ?? 0)) {
    throw refuse(
      "Cannot evict pod as it would violate the pod's disruption budget.",
      'is still being processed by the server.',
      name,
    )
  }
  if (allowed <= 0) {
    const counts = `needs ${desired} healthy pods and has ${healthy} currently`
    throw refuse("Cannot evict pod as it would violate the pod's disruption budget.", counts, name)
  }
  if (isDryRun) return
  const draft = cloneJson(budget as Json)
  const disrupted = { ...recordAt(status, 'disruptedPods'), [pod.metadata.name]: timestamp(core.clock.nowMs()) }
  draft['status'] = { ...status, disruptionsAllowed: allowed - 1, disruptedPods: disrupted }
  core.store.put(BUDGETS, `${budget.metadata.namespace}/${name}`, draft as KubeObject)
}

/** The pod says why it goes, before it goes. */
function markDisrupted(core: Core, target: Target, pod: KubeObject): void {
  const status = recordAt(pod, 'status')
  const rest = listAt(status, 'conditions').filter((one) => stringAt(one, 'type') !== 'DisruptionTarget')
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: timestamp(core.clock.nowMs()),
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  }
  const draft = { ...pod, status: { ...status, conditions: [...rest, condition] } }
  core.store.put(target.type.collection, `${target.namespace}/${target.name}`, draft)
}

/** POST pods/x/eviction: deletes the pod if its budget allows one more disruption; 429 if not. */
export function evict(core: Core, target: Target): ApiAnswer {
  if (target.request.method !== 'POST') throw methodNotAllowed()
  const body = objectBody(target.request)
  const sentName = stringAt(metadataOf(body), 'name')
  if (sentName !== '' && sentName !== target.name)
    throw badRequest('name in URL does not match name in Eviction object')
  const pod = entryOf(core, target).object
  const options = writeOptions(target)
  const wishes = recordAt(body, 'deleteOptions')
  const isDryRun = options.isDryRun || listAt(wishes, 'dryRun').includes('All')
  if (!isFree(pod)) {
    const budgets = budgetsOf(core, pod)
    if (budgets.length > 1) {
      throw new ApiError(
        500,
        '',
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      )
    }
    for (const budget of budgets) spend(core, budget, pod, isDryRun)
  }
  if (!isDryRun && pod.metadata.deletionTimestamp === undefined) markDisrupted(core, target, pod)
  const request = {
    ...target.request,
    method: 'DELETE',
    body: JSON.stringify({ ...wishes, ...(isDryRun ? { dryRun: ['All'] } : {}) }),
  }
  remove(core, { ...target, subresource: '', request })
  return answer(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 })
}
