import { POD_GANG } from '../../api/names.ts'
import type { Container, Pod } from '../../api/kinds/kubernetes.ts'
import { isStartUpMet, parseWaiterArgs } from '../../api/start-up.ts'
import type { Delta } from '../../kube/reflector/types.ts'

export const isPodReady = (pod: Pod): boolean =>
  (pod.status?.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True')

/** `namespace/gang`; null: a pod of no gang. */
export function gangKey(pod: Pod): string | null {
  const gang = pod.metadata.labels?.[POD_GANG]
  return gang === undefined ? null : `${pod.metadata.namespace ?? ''}/${gang}`
}

/** The pods of each gang, as the start-up waiters of simulated pods see them. */
export class GangPods {
  readonly #byGang = new Map<string, Map<string, Pod>>()

  /** The gang whose waiters may look again because of this change; null: no waiter could see a difference. */
  take({ kind, object, before }: Delta<Pod>): string | null {
    const left = before === null ? null : gangKey(before)
    const gang = gangKey(object)
    if (left !== null && (kind === 'deleted' || left !== gang)) this.#remove(left, object.metadata.uid)
    if (gang === null || kind === 'deleted') return left
    this.#add(gang, object)
    const wasReady = before !== null && isPodReady(before)
    return wasReady === isPodReady(object) && left === gang ? null : gang
  }

  of(gang: string): Iterable<Pod> {
    return this.#byGang.get(gang)?.values() ?? []
  }

  /** Whether the waiter container of `pod` may end: every clique it waits for has its minimum of Ready pods now. */
  isStartUpMet(pod: Pod, waiter: Container): boolean {
    const gang = gangKey(pod)
    const { dependencies, errors } = parseWaiterArgs(waiter.args ?? [])
    if (dependencies.length === 0 && errors.length > 0) return false
    return isStartUpMet(dependencies, gang === null ? [] : this.of(gang))
  }

  #add(gang: string, pod: Pod): void {
    const pods = this.#byGang.get(gang) ?? new Map<string, Pod>()
    pods.set(pod.metadata.uid, pod)
    this.#byGang.set(gang, pods)
  }

  #remove(gang: string, uid: string): void {
    const pods = this.#byGang.get(gang)
    pods?.delete(uid)
    if (pods?.size === 0) this.#byGang.delete(gang)
  }
}
