import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import { labelSelectorFrom, matches } from '../../api/selector.ts'
import { timestamp } from '../../kube/clock.ts'
import type { Cache } from '../../kube/reflector/types.ts'
import { BUDGETS, PODS } from '../../kube/resources.ts'
import type { WorkQueue } from '../../kube/work-queue.ts'
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  keyOf,
  splitKey,
  valueUnlessMissing,
} from './controller.ts'

interface Budget extends KubeObject {
  spec?: { minAvailable?: number | string; maxUnavailable?: number | string; selector?: object }
  status?: { disruptedPods?: Record<string, string>; [field: string]: unknown }
}

interface Counts {
  readonly expectedPods: number
  readonly currentHealthy: number
  readonly desiredHealthy: number
  readonly disruptionsAllowed: number
}

/** Keeps the status of disruption budgets true. Percentages are of the pods that match, not of an owner's scale. */
export class BudgetController implements Controller {
  readonly #context: ControllerContext
  readonly #budgets: Cache<Budget>
  readonly #pods: Cache<Pod>
  readonly #queue: WorkQueue<string>

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = controllerQueue('budget', context, (key) => this.#reconcile(key))
    this.#budgets = context.informers.watch<Budget>(BUDGETS, ({ kind, object }) => {
      if (kind !== 'deleted') this.#queue.add(keyOf(object))
    })
    this.#pods = context.informers.watch<Pod>(PODS, ({ object }) => this.#queueBudgetsOf(object))
  }

  start(): void {
    this.#queue.start()
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  #queueBudgetsOf(pod: Pod): void {
    for (const budget of this.#budgets.values()) if (isFor(budget, pod)) this.#queue.add(keyOf(budget))
  }

  async #reconcile(key: string): Promise<void> {
    const { namespace, name } = splitKey(key)
    const budget = this.#budgets.get(namespace, name)
    if (budget === undefined) return
    const pods = [...this.#pods.values()].filter((pod) => isFor(budget, pod) && !isOver(pod))
    const counts = countsOf(budget, pods)
    const patch = statusPatch(budget, counts, pods, timestamp(this.#context.clock.nowMs()))
    if (patch === null) return
    const options = { subresource: 'status' } as const
    valueUnlessMissing(await this.#context.client.mergePatch(BUDGETS, { namespace, name }, { status: patch }, options))
  }
}

const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'

const isFor = (budget: Budget, pod: Pod): boolean =>
  budget.metadata.namespace === pod.metadata.namespace &&
  matches(labelSelectorFrom(budget.spec?.selector), pod.metadata.labels ?? {})

function isHealthy(pod: Pod, disrupted: Readonly<Record<string, string>>): boolean {
  if (pod.metadata.deletionTimestamp !== undefined || disrupted[pod.metadata.name] !== undefined) return false
  return (pod.status?.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True')
}

/** A percentage of the whole, rounded up as Kubernetes does for both bounds. */
const bound = (value: number | string, whole: number): number =>
  typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * whole) / 100)

function countsOf({ spec, status }: Budget, pods: readonly Pod[]): Counts {
  const expectedPods = pods.length
  const currentHealthy = pods.filter((pod) => isHealthy(pod, status?.disruptedPods ?? {})).length
  const wanted =
    spec?.maxUnavailable === undefined
      ? bound(spec?.minAvailable ?? 1, expectedPods)
      : expectedPods - bound(spec.maxUnavailable, expectedPods)
  const desiredHealthy = Math.max(0, wanted)
  const disruptionsAllowed = expectedPods === 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy)
  return { expectedPods, currentHealthy, desiredHealthy, disruptionsAllowed }
}

/** Null: the status says it already. Pods noted as disrupted are forgotten once they are gone. */
function statusPatch(budget: Budget, counts: Counts, pods: readonly Pod[], at: string): object | null {
  const names = new Set(pods.map((pod) => pod.metadata.name))
  const gone = Object.keys(budget.status?.disruptedPods ?? {}).filter((name) => !names.has(name))
  const observedGeneration = budget.metadata.generation
  const wanted: Readonly<Record<string, unknown>> = { ...counts, observedGeneration }
  const isSame = Object.entries(wanted).every(([field, value]) => budget.status?.[field] === value)
  if (isSame && gone.length === 0) return null
  const isAllowed = counts.disruptionsAllowed > 0
  const condition = {
    type: 'DisruptionAllowed',
    status: isAllowed ? 'True' : 'False',
    reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration,
    lastTransitionTime: at,
  }
  const disruptedPods = Object.fromEntries(gone.map((name) => [name, null]))
  return { ...wanted, conditions: [condition], ...(gone.length > 0 ? { disruptedPods } : {}) }
}
