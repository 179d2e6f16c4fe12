import type { KubeClient } from '../kube/client.ts'
import type { Clock } from '../kube/clock.ts'
import type { Log } from '../kube/log.ts'
import type { Random } from '../kube/random.ts'
import { patientClient } from '../kube/patient-client.ts'
import { WorkQueue } from '../kube/work-queue.ts'
import { DEFAULT_OPERATOR_CONFIG, type OperatorConfig } from './config.ts'
import { operatorEvents } from './events.ts'
import type { Key, MakeReconciler, OperatorContext, Reconciler } from './reconciler.ts'
import { RECONCILERS } from './reconcilers.ts'
import { Refusals } from './refusals.ts'
import { View } from './view.ts'
import { Writer } from './writer.ts'

export interface OperatorOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly config?: Partial<OperatorConfig>
  /** Default: all of RECONCILERS. */
  readonly reconcilers?: readonly MakeReconciler[]
}

/** One run of the operator. Not started again after a stop: make another. */
export interface Operator {
  start(): void
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>
  /** Resolves when every cache has had its first list, so that reconciling has begun. Never rejects. */
  readonly ready: Promise<void>
  /** No reconcile is waiting or running, and no retry is due. */
  readonly isIdle: boolean
}

export function createOperator(options: OperatorOptions): Operator {
  return new RunningOperator(options)
}

class RunningOperator implements Operator {
  readonly ready: Promise<void>
  readonly #view: View
  readonly #queues: readonly WorkQueue<Key>[]
  readonly #stopEvents: () => Promise<void>
  #tellReady: () => void = () => {}
  #isStopped = false

  constructor({ client: impatient, clock, random, log, config, reconcilers = RECONCILERS }: OperatorOptions) {
    this.ready = new Promise((resolve) => {
      this.#tellReady = resolve
    })
    const client = patientClient(impatient, clock)
    this.#view = new View({ client, clock, random, log })
    const { events, stop } = operatorEvents({ client, clock })
    this.#stopEvents = stop
    const settings = { ...DEFAULT_OPERATOR_CONFIG, ...config }
    const writer = new Writer({ client, clock, view: this.#view })
    const shared = { client, clock, random, log, events, writer, refusals: new Refusals() }
    const context: OperatorContext = { ...shared, config: settings, view: this.#view }
    this.#queues = reconcilers.map((make) => this.#queueOf(make(context), context))
  }

  get isIdle(): boolean {
    return this.#queues.every((queue) => queue.isIdle)
  }

  start(): void {
    this.#view.start()
    void this.#view.synced().then(() => {
      if (!this.#isStopped) for (const queue of this.#queues) queue.start()
      this.#tellReady()
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#queues.map((queue) => queue.stop()))
    await this.#view.stop()
    await this.#stopEvents()
    this.#tellReady()
  }

  #queueOf(reconciler: Reconciler, { clock, random, log, config }: OperatorContext): WorkQueue<Key> {
    const queue = new WorkQueue<Key>({
      clock,
      random,
      concurrency: config.concurrentSyncs[reconciler.name] ?? reconciler.concurrency,
      reconcile: (key) => reconciler.reconcile(key),
      onError: (key, error, retryMs) =>
        log.warn('reconcile failed; trying again', { reconciler: reconciler.name, key, error: String(error), retryMs }),
    })
    reconciler.listen?.((key) => queue.add(key))
    for (const { type, labelSelector, namespace, keys, afterMs } of reconciler.watches) {
      this.#view.listen(type, labelSelector, namespace, (object, before, isDeleted) => {
        for (const key of keys(object, before, isDeleted)) {
          const restMs = afterMs(key, isDeleted)
          if (restMs === 0) queue.add(key)
          else queue.addAfter(key, restMs, 'work')
        }
      })
    }
    return queue
  }
}
