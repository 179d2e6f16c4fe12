import type { Node, Pod } from '../../api/kinds/kubernetes.ts'
import type { KubeClient } from '../../kube/client.ts'
import { type Clock, timestamp } from '../../kube/clock.ts'
import type { Random } from '../../kube/random.ts'
import { PODS } from '../../kube/resources.ts'
import { between } from './random.ts'
import { asksFor, fits, gangName, has, isFinished, isReady, isTerminating, nodeOf, plus } from './facts.ts'
import { type History, isNodeWrite, isPodWrite, type Write } from './history.ts'

export interface KubeletOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly history: History
}

/** The kubelets of all nodes, as far as a scheduler can see: they refuse, start, make ready and take down. One write each. */
export class Kubelets {
  /** Silent for good or for a while. */
  readonly dead: Set<string> = new Set()
  /** The next pods of these nodes are refused with this reason. */
  readonly refusing: Map<string, string> = new Map()
  /** The next pods of these nodes never get Ready. */
  readonly stuck: Set<string> = new Set()
  /** Pods of these gangs do not get Ready. */
  readonly holding: Set<string> = new Set()
  /** For the exact solver: when a node refused pods. */
  readonly refusals: Map<string, number[]> = new Map()
  readonly #options: KubeletOptions
  readonly #seen = new Set<string>()

  constructor(options: KubeletOptions) {
    this.#options = options
    options.history.listen((write) => this.#look(write))
  }

  #look(write: Write): void {
    if (isNodeWrite(write) && write.after === null) this.#collectLater(write.before as Node)
    const pod = write.after as Pod | null
    if (!isPodWrite(write) || pod === null || nodeOf(pod) === null) return
    const { uid } = pod.metadata
    const { clock, random } = this.#options
    if (isTerminating(pod) && !this.#seen.has(`${uid}/down`)) {
      this.#seen.add(`${uid}/down`)
      clock.after(between(random, 50, 900), 'work', () => void this.#takeDown(uid))
    } else if (!this.#seen.has(uid)) {
      this.#seen.add(uid)
      clock.after(between(random, 100, 1_200), 'work', () => void this.#start(uid))
    }
  }

  /** The node is back: what it missed is done now. */
  async catchUp(node: string): Promise<void> {
    for (const pod of [...this.#options.history.pods.values()]) {
      if (nodeOf(pod) !== node) continue
      if (isTerminating(pod)) await this.#takeDown(pod.metadata.uid)
      else if (!isReady(pod) && !isFinished(pod)) await this.#start(pod.metadata.uid)
    }
  }

  /** What a cluster's pod garbage collection does with the pods of a node that is gone. */
  #collectLater({ metadata: { name } }: Node): void {
    const { clock, history, client, random } = this.#options
    clock.after(between(random, 500, 20_000), 'work', () => {
      if (history.nodes.has(name)) return
      for (const pod of [...history.pods.values()]) {
        if (nodeOf(pod) === name) void client.delete(PODS, keyOf(pod), { uid: pod.metadata.uid, gracePeriodSeconds: 0 })
      }
    })
  }

  async #takeDown(uid: string): Promise<void> {
    const { client, history } = this.#options
    const pod = history.pods.get(uid)
    if (pod === undefined || this.dead.has(nodeOf(pod) ?? '')) return
    await client.delete(PODS, keyOf(pod), { uid, gracePeriodSeconds: 0 })
  }

  async #start(uid: string): Promise<void> {
    const { client, history, clock } = this.#options
    const pod = history.pods.get(uid)
    const node = pod === undefined ? null : nodeOf(pod)
    if (pod === undefined || node === null || isTerminating(pod) || isFinished(pod)) return
    if (this.dead.has(node) || !history.nodes.has(node)) return
    const refusal = this.#refusalOf(pod, node)
    if (refusal !== null) this.refusals.set(node, [...(this.refusals.get(node) ?? []), clock.monotonicMs()])
    const at = timestamp(clock.nowMs())
    const isHeld = this.stuck.delete(node) || this.holding.has(gangName(pod) ?? '')
    const ready = { type: 'Ready', status: isHeld ? 'False' : 'True', lastTransitionTime: at }
    const status = refusal === null ? { phase: 'Running', conditions: [ready] } : { phase: 'Failed', reason: refusal }
    await client.strategicPatch(PODS, keyOf(pod), { metadata: { uid }, status }, { subresource: 'status' })
  }

  #refusalOf(pod: Pod, node: string): string | null {
    const { history } = this.#options
    const injected = this.refusing.get(node)
    this.refusing.delete(node)
    if (injected !== undefined) return injected
    const others = [...history.pods.onNode(node)].filter(
      (other) => other !== pod && !isFinished(other) && this.#seen.has(other.metadata.uid),
    )
    const started = others.filter((other) => other.status?.phase === 'Running' || isTerminating(other))
    const used = started.map(asksFor).reduce(plus, asksFor(pod))
    return fits(used, has(history.nodes.get(node)!)) ? null : 'OutOfcpu'
  }
}

export const keyOf = ({ metadata: { name, namespace = '' } }: Pod): { name: string; namespace: string } => ({
  name,
  namespace,
})
