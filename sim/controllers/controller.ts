import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { isOk, valueOrThrow } from '../../kube/answers.ts'
import type { Answer, KubeClient } from '../../kube/client.ts'
import type { Clock } from '../../kube/clock.ts'
import type { Random } from '../../kube/random.ts'
import type { Transport } from '../../kube/transport.ts'
import { type Reconciled, WorkQueue } from '../../kube/work-queue.ts'
import type { Informers } from '../informers.ts'

/** What every controller of the simulated cluster is given. */
export interface ControllerContext {
  readonly client: KubeClient
  /** For the one write that the client has no verb for: a namespace's finalize. */
  readonly transport: Transport
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly onTrouble?: (message: string) => void
}

export interface Controller {
  start(): void
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>
}

const CONCURRENCY = 4

/** A queue of object keys with the context's clock; troubles are named after the controller. */
export const controllerQueue = (
  name: string,
  { clock, random, onTrouble }: ControllerContext,
  reconcile: (key: string) => Promise<Reconciled | void>,
): WorkQueue<string> =>
  new WorkQueue({
    clock,
    random,
    concurrency: CONCURRENCY,
    reconcile,
    onError: (key, error) => onTrouble?.(`${name} ${key}: ${String(error)}`),
  })

export const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`

export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** The value; null if the object is gone. Throws what may be tried again, a conflict too. */
export const valueUnlessMissing = <T>(answer: Answer<T>): T | null =>
  !isOk(answer) && answer.status === 404 ? null : valueOrThrow(answer)

/** The value; null if the object is gone or already there or changed meanwhile: whoever asked looks again. Throws else. */
export function valueUnlessGone<T>(answer: Answer<T>): T | null {
  if (isOk(answer)) return answer.value
  if (answer.status === 404 || answer.status === 409) return null
  return valueOrThrow(answer)
}
