/**
 * Nodes whose kubelet refused a pod class after it was bound there: avoided by that class for 10 s, doubling with
 * each refusal up to 10 min. Forgotten when it has been quiet as long again as the last wait.
 */
const FIRST_MS = 10_000
const MAX_MS = 600_000

interface Refusal {
  /** Of the node: another one of its name refused nothing. */
  readonly nodeUid: string
  readonly waitMs: number
  readonly untilMs: number
}

export interface RefusingNode {
  readonly name: string
  readonly uid: string
}

/** status.reason of pods that a kubelet turned away: OutOfcpu, OutOfnvidia.com/gpu, and the admission errors. */
export const isKubeletRefusal = (reason: string): boolean =>
  reason.startsWith('OutOf') || KUBELET_REASONS.includes(reason)

const KUBELET_REASONS: readonly string[] = ['UnexpectedAdmissionError', 'TopologyAffinityError', 'NodeAffinity']

export class Refusals {
  readonly #byClass = new Map<string, Map<string, Refusal>>()
  /** On the monotonic clock: when classes that nobody asks about any more are looked for. */
  #sweepMs = 0

  get isEmpty(): boolean {
    return this.#byClass.size === 0
  }

  /** Whether the class was refused somewhere, and it is not forgotten yet. */
  has(classKey: string): boolean {
    return this.#byClass.has(classKey)
  }

  /** Returns for how long the node is avoided now. */
  add(classKey: string, { name: node, uid: nodeUid }: RefusingNode, nowMs: number): number {
    if (nowMs >= this.#sweepMs) this.#sweep(nowMs)
    const nodes = this.#byClass.get(classKey) ?? new Map<string, Refusal>()
    this.#byClass.set(classKey, nodes)
    const last = nodes.get(node)
    const isRecent = last !== undefined && nowMs < last.untilMs + last.waitMs
    const waitMs = isRecent ? Math.min(MAX_MS, last.waitMs * 2) : FIRST_MS
    nodes.set(node, { nodeUid, waitMs, untilMs: nowMs + waitMs })
    return waitMs
  }

  /** Nodes that the class avoids now, in no order. */
  avoided(classKey: string, nowMs: number): readonly string[] {
    const nodes = this.#byClass.get(classKey)
    if (nodes === undefined) return []
    this.#forgetOld(classKey, nodes, nowMs)
    return [...nodes].filter(([, { untilMs }]) => nowMs < untilMs).map(([node]) => node)
  }

  #sweep(nowMs: number): void {
    this.#sweepMs = nowMs + MAX_MS
    for (const [classKey, nodes] of this.#byClass) this.#forgetOld(classKey, nodes, nowMs)
  }

  #forgetOld(classKey: string, nodes: Map<string, Refusal>, nowMs: number): void {
    for (const [node, { untilMs, waitMs }] of nodes) if (nowMs >= untilMs + waitMs) nodes.delete(node)
    if (nodes.size === 0) this.#byClass.delete(classKey)
  }

  /** What stands now, for who takes the memory over. */
  *waits(): Generator<{ readonly classKey: string; readonly node: string; readonly untilMs: number }> {
    for (const [classKey, nodes] of this.#byClass)
      for (const [node, { untilMs }] of nodes) yield { classKey, node, untilMs }
  }

  /** `uid`: of the node that has the name now, whose own refusals stay; null: there is none. */
  forgetNode(node: string, uid: string | null): void {
    for (const [classKey, nodes] of this.#byClass) {
      if (nodes.get(node)?.nodeUid !== uid) nodes.delete(node)
      if (nodes.size === 0) this.#byClass.delete(classKey)
    }
  }
}
