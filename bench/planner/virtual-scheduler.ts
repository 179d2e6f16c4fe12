import type { Clock } from '../../kube/clock.ts'
import type { Loop } from '../../scheduler/loop.ts'
import type { ClusterState } from '../../scheduler/state/cluster.ts'
import type { NodeFacts } from '../../scheduler/state/node-facts.ts'
import type { PodFacts } from '../../scheduler/state/pod-facts.ts'
import type { TopologyDeclaration } from '../../topology/index.ts'
import { createCutOffLoop } from './cut-off-loop.ts'
import type { Arrivals } from './objects.ts'

/** A gang that was seated: per pod the position of its node. */
export interface Seated<G> {
  readonly gang: G
  readonly nodes: readonly number[]
}

/** The scheduler's own state, queue, loop and planner in virtual time; what it binds is assumed and seen at once. */
export class VirtualScheduler<G> {
  readonly #cluster: ClusterState
  readonly #loop: Loop
  readonly #objectsOf: (gang: G) => Arrivals
  readonly #timers: { readonly atMs: number; readonly wake: () => void }[] = []
  readonly #waiting = new Map<G, Arrivals>()
  readonly #running = new Map<G, Arrivals>()
  readonly #position: ReadonlyMap<string, number>
  #nowMs = 0

  constructor(nodes: readonly NodeFacts[], declaration: TopologyDeclaration, objectsOf: (gang: G) => Arrivals) {
    this.#objectsOf = objectsOf
    this.#position = new Map(nodes.map(({ name }, at) => [name, at]))
    const { cluster, loop } = createCutOffLoop(this.#clock(), nodes, declaration)
    this.#cluster = cluster
    this.#loop = loop
    this.#loop.start()
  }

  offer(gang: G): void {
    const objects = this.#objectsOf(gang)
    for (const each of objects.gangs) this.#cluster.setGang(each)
    for (const pod of objects.pods) this.#cluster.setPod(pod)
    this.#waiting.set(gang, objects)
  }

  end(gang: G): void {
    const objects = this.#running.get(gang)!
    for (const { uid } of objects.pods) this.#cluster.deletePod(uid)
    for (const { uid } of objects.gangs) this.#cluster.deleteGang(uid)
    this.#running.delete(gang)
  }

  settle(nowMs: number): readonly Seated<G>[] {
    this.#nowMs = nowMs
    this.#loop.notify()
    for (let due = this.#due(); due !== undefined; due = this.#due()) due.wake()
    const starts: Seated<G>[] = []
    for (const [gang, objects] of this.#waiting) {
      const nodes = this.#nodesOf(objects)
      if (nodes === null) continue
      this.#waiting.delete(gang)
      this.#running.set(gang, objects)
      starts.push({ gang, nodes })
    }
    return starts
  }

  /** Where a gang that runs is now; null: not all of it has a node. */
  nodesOf(gang: G): readonly number[] | null {
    const objects = this.#running.get(gang)
    return objects === undefined ? null : this.#nodesOf(objects)
  }

  #nodesOf({ pods }: Arrivals): number[] | null {
    const nodes = pods.map((pod) => this.#nodeOf(pod))
    return nodes.some((node) => node === undefined) ? null : (nodes as number[])
  }

  #nodeOf(pod: PodFacts): number | undefined {
    const node = this.#cluster.nodeOf(pod)
    return node === null ? undefined : this.#position.get(node)
  }

  #due(): { readonly wake: () => void } | undefined {
    const at = this.#timers.findIndex(({ atMs }) => atMs <= this.#nowMs)
    return at < 0 ? undefined : this.#timers.splice(at, 1)[0]
  }

  #clock(): Clock {
    return {
      nowMs: () => this.#nowMs,
      monotonicMs: () => this.#nowMs,
      after: (delayMs, _kind, wake) => {
        // What only gathers notes does not wait: nothing else happens at this time.
        const timer = { atMs: this.#nowMs + (delayMs < 1_000 ? 0 : delayMs), wake }
        this.#timers.push(timer)
        return {
          cancel: () => void (this.#timers.includes(timer) && this.#timers.splice(this.#timers.indexOf(timer), 1)),
        }
      },
    }
  }
}
