import type { Node } from '../../api/kinds/kubernetes.ts'
import { isOk, valueOrThrow } from '../../kube/answers.ts'
import type { KubeClient } from '../../kube/client.ts'
import { type Clock, timestamp } from '../../kube/clock.ts'
import type { Random } from '../../kube/random.ts'
import type { Cache } from '../../kube/reflector/types.ts'
import { NODES } from '../../kube/resources.ts'
import { WorkQueue } from '../../kube/work-queue.ts'
import type { Informers } from '../informers.ts'
import { healthyConditions, isNodeReady, missingStatus } from './node-status.ts'

export interface NodeAgentOptions {
  readonly client: KubeClient
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  /** A node's kubelet stopped or came back. */
  readonly onLife: (node: string, isAlive: boolean) => void
  readonly onTrouble?: (message: string) => void
}

/**
 * The part of a kubelet that speaks for the node itself: fills in the status of Node objects that come without one,
 * and says Ready again after a death. Heartbeats are not written: a dead node is known to the node controller at
 * once, which then waits as long as it would have waited for a missing heartbeat.
 */
export class NodeAgent {
  readonly #options: NodeAgentOptions
  readonly #nodes: Cache<Node>
  readonly #dead = new Set<string>()
  /** Came back, and have not said so yet. */
  readonly #returning = new Set<string>()
  readonly #queue: WorkQueue<string>

  constructor(options: NodeAgentOptions) {
    this.#options = options
    this.#nodes = options.informers.watch<Node>(NODES, ({ kind, object }) => {
      if (kind === 'deleted') this.#dead.delete(object.metadata.name)
      else this.#queue.add(object.metadata.name)
    })
    this.#queue = new WorkQueue({
      clock: options.clock,
      random: options.random,
      concurrency: 8,
      reconcile: (name) => this.#reconcile(name),
      onError: (name, error) => options.onTrouble?.(`node ${name}: ${String(error)}`),
    })
  }

  start(): void {
    this.#queue.start()
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  isAlive(node: string): boolean {
    return !this.#dead.has(node)
  }

  kill(node: string): void {
    if (this.#nodes.get('', node) === undefined) throw new Error(`no node ${node}`)
    if (this.#dead.has(node)) return
    this.#dead.add(node)
    this.#options.onLife(node, false)
  }

  revive(node: string): void {
    if (!this.#dead.delete(node)) return
    this.#returning.add(node)
    this.#queue.add(node)
    this.#options.onLife(node, true)
  }

  async #reconcile(name: string): Promise<void> {
    const node = this.#nodes.get('', name)
    if (node === undefined || this.#dead.has(name)) return
    const isReturning = this.#returning.has(name) && !isNodeReady(node)
    const at = timestamp(this.#options.clock.nowMs())
    const patch = isReturning ? { conditions: healthyConditions(at) } : missingStatus(node, at)
    if (patch !== null) {
      const key = { namespace: '', name }
      const answer = await this.#options.client.strategicPatch(NODES, key, { status: patch }, { subresource: 'status' })
      if (!isOk(answer) && answer.status !== 404) valueOrThrow(answer)
    }
    this.#returning.delete(name)
  }
}
