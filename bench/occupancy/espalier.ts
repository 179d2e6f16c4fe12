import type { Clock } from '../../kube/clock.ts'
import { seededRandom } from '../../kube/random.ts'
import type { Loop } from '../../scheduler/loop.ts'
import type { ClusterState } from '../../scheduler/state/cluster.ts'
import type { NodeFacts } from '../../scheduler/state/node-facts.ts'
import type { PodFacts } from '../../scheduler/state/pod-facts.ts'
import { createCutOffLoop } from '../planner/cut-off-loop.ts'
import { type Arrivals, arrivalsOf, declarationOf } from '../planner/objects.ts'
import type { Scenario } from '../planner/scenario.ts'
import type { Rival, Start } from './rivals.ts'
import { BLOCK, DOMAIN, levelOf, type StreamGang } from './stream.ts'

/** How gangs state their packs: preferred NVLink domain, or required domain or block. */
export type Packs = 'preferred' | 'required'

/** Gang and pods as they come to the scheduler's state. */
export function objectsOf(gang: StreamGang, packs: Packs): Arrivals {
  const { name, pods, gpusAPod } = gang
  const pack = packs === 'required' ? { required: levelOf(gang) } : { preferred: DOMAIN }
  const group = { name: 'a', pods, gpus: gpusAPod, cpu: gpusAPod }
  const scenario = { id: name, cluster: [1, 1, 1], gangs: 1, groups: [group], ...pack, peer: null, reachMs: 0 }
  return arrivalsOf(scenario as unknown as Scenario, name, 1, seededRandom(1))
}

interface Running {
  readonly gang: StreamGang
  readonly objects: Arrivals
}

/** The scheduler's own state, queue, loop and planner in virtual time; what it binds is assumed and seen at once. */
export class Espalier implements Rival {
  readonly name = 'espalier'
  readonly #cluster: ClusterState
  readonly #loop: Loop
  readonly #packs: Packs
  readonly #timers: { readonly atMs: number; readonly wake: () => void }[] = []
  readonly #waiting = new Set<Running>()
  readonly #running = new Map<StreamGang, Running>()
  readonly #position: ReadonlyMap<string, number>
  #nowMs = 0

  constructor(nodes: readonly NodeFacts[], packs: Packs) {
    this.#packs = packs
    this.#position = new Map(nodes.map(({ name }, at) => [name, at]))
    const { cluster, loop } = createCutOffLoop(this.#clock(), nodes, declarationOf([BLOCK, DOMAIN, 'host']))
    this.#cluster = cluster
    this.#loop = loop
    this.#loop.start()
  }

  offer(gang: StreamGang): void {
    const objects = objectsOf(gang, this.#packs)
    for (const each of objects.gangs) this.#cluster.setGang(each)
    for (const pod of objects.pods) this.#cluster.setPod(pod)
    this.#waiting.add({ gang, objects })
  }

  end(gang: StreamGang): void {
    const { objects } = this.#running.get(gang)!
    for (const { uid } of objects.pods) this.#cluster.deletePod(uid)
    for (const { uid } of objects.gangs) this.#cluster.deleteGang(uid)
    this.#running.delete(gang)
  }

  settle(nowMs: number): readonly Start[] {
    this.#nowMs = nowMs
    this.#loop.notify()
    for (let due = this.#due(); due !== undefined; due = this.#due()) due.wake()
    const starts: Start[] = []
    for (const running of this.#waiting) {
      const nodes = running.objects.pods.map((pod) => this.#nodeOf(pod))
      if (nodes.some((node) => node === undefined)) continue
      this.#waiting.delete(running)
      this.#running.set(running.gang, running)
      starts.push({ gang: running.gang, nodes: nodes as number[] })
    }
    return starts
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
        // What only gathers notes does not wait: a tick is longer than that.
        const timer = { atMs: this.#nowMs + (delayMs < 1_000 ? 0 : delayMs), wake }
        this.#timers.push(timer)
        return {
          cancel: () => void (this.#timers.includes(timer) && this.#timers.splice(this.#timers.indexOf(timer), 1)),
        }
      },
    }
  }
}
