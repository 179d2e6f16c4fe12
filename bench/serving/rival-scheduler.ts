/** The baselines as schedulers of a cluster: they watch pods and PodGangs, and bind gangs whole. */
import type { PodGangSpec } from '../../api/generated/kinds.ts'
import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Clock } from '../../kube/clock.ts'
import type { Random } from '../../kube/random.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import { POD_GANGS, PODS } from '../../kube/resources.ts'
import { isActive, isFinished } from '../../operator/observed-pod.ts'
import { tightest } from '../occupancy/rivals.ts'
import { LEVEL_KEYS } from '../scenario/scenario.ts'
import type { World } from '../traces/world.ts'
import { gpusOf } from './gpus.ts'

interface PodGang extends KubeObject {
  spec: PodGangSpec
}

export type RivalKind = 'blind' | 'greedy'

export interface RivalWorld {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly world: World
}

/** Pods that have to lie together, if anybody says so. */
interface Unit {
  readonly key: string | undefined
  readonly pods: readonly Pod[]
  /** Of the same scope, bound before. */
  readonly bound: readonly Pod[]
}

/** News within it are looked at together. */
const GATHER_MS = 200

/**
 * `blind` knows no topology: the fullest nodes of the cluster. `greedy`: the domain with the least room whose free GPUs
 * suffice in sum, and if the pods do not fit there the gang waits; what is preferred it requires. Both let later gangs pass,
 * and seat surplus one by one.
 */
export class RivalScheduler {
  readonly #kind: RivalKind
  readonly #given: RivalWorld
  readonly #position: ReadonlyMap<string, number>
  readonly #seats = new Map<string, number>()
  readonly #pods
  readonly #gangs
  #isWaiting = false
  #isStopped = false

  constructor(kind: RivalKind, given: RivalWorld) {
    this.#kind = kind
    this.#given = given
    this.#position = new Map(given.world.nodes.map(({ metadata: { name = '' } }, at) => [name, at]))
    const { client, clock, random } = given
    const onDelta = (): void => this.#wake()
    this.#pods = reflector<Pod>({ client, clock, random, type: PODS, onDelta })
    this.#gangs = reflector<PodGang>({ client, clock, random, type: POD_GANGS, onDelta })
  }

  start(): void {
    this.#pods.start()
    this.#gangs.start()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([this.#pods.stop(), this.#gangs.stop()])
  }

  #wake(): void {
    if (this.#isWaiting || this.#isStopped) return
    this.#isWaiting = true
    this.#given.clock.after(GATHER_MS, 'work', () => {
      this.#isWaiting = false
      if (!this.#isStopped) this.#pass()
    })
  }

  #pass(): void {
    const free = this.#free()
    const gangs = [...this.#gangs.cache.values()].sort(byAge)
    for (const gang of gangs) this.#seat(gang, free)
  }

  #seat(gang: PodGang, free: Int32Array): void {
    const groups = gang.spec.podgroups.map((group) => {
      const pods = group.podReferences.flatMap(({ namespace, name }) => this.#pods.cache.get(namespace, name) ?? [])
      const here = pods.filter(isActive)
      const bound = here.filter((pod) => this.#nodeOf(pod) !== undefined)
      const pending = here.filter((pod) => this.#nodeOf(pod) === undefined && !isGated(pod))
      return { group, bound, pending, need: Math.max(0, group.minReplicas - bound.length) }
    })
    if (groups.some(({ need, pending }) => pending.length < need)) return
    const needed = groups.map(({ group, bound, pending, need }) => ({ group, bound, pods: pending.slice(0, need) }))
    const seats = this.#together(unitsOf(gang, needed), free)
    if (seats === null) return
    this.#bind(seats, free)
    const bound = groups.map(({ group, bound: before, pending, need }) => ({
      group,
      bound: [...before, ...pending.slice(0, need)],
      pods: [],
    }))
    for (const { group, pending, need } of groups)
      for (const pod of pending.slice(need)) {
        const own = bound.map((each) => (each.group === group ? { ...each, pods: [pod] } : each))
        this.#bind(this.#together(unitsOf(gang, own), free) ?? new Map(), free)
      }
  }

  /** Null: not all of it fits. */
  #together(units: readonly Unit[], free: Int32Array): Map<Pod, number> | null {
    const left = free.slice()
    const seats = new Map<Pod, number>()
    for (const unit of units) {
      if (unit.pods.length === 0) continue
      const own = packed(unit.pods, this.#region(unit, left), left)
      if (own === null) return null
      for (const [pod, at] of own) {
        left[at]! -= gpusOf(pod)
        seats.set(pod, at)
      }
    }
    return seats
  }

  #region({ key, pods, bound }: Unit, free: Int32Array): readonly number[] {
    const { levels, nodes } = this.#given.world
    const level = this.#kind === 'blind' ? undefined : levels.find((each) => LEVEL_KEYS[each.level] === key)
    if (level === undefined) return nodes.map((_, at) => at)
    const used = bound.map((pod) => this.#nodeOf(pod))
    const pinned = level.domains.filter((domain) => used.some((at) => at !== undefined && domain.includes(at)))
    if (pinned.length > 0) return pinned.flat()
    const asked = pods.reduce((sum, pod) => sum + gpusOf(pod), 0)
    return tightest(level.domains, free, asked) ?? []
  }

  #bind(seats: ReadonlyMap<Pod, number>, free: Int32Array): void {
    for (const [pod, at] of seats) {
      free[at]! -= gpusOf(pod)
      this.#seats.set(pod.metadata.uid, at)
      const { name, namespace = '', uid } = pod.metadata
      const target = { apiVersion: 'v1', kind: 'Node', name: this.#given.world.nodes[at]?.metadata.name ?? '' } as const
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target } as const
      void this.#given.client.bind(binding).then((answer) => {
        if (answer.kind === 'failure' && this.#seats.delete(uid)) this.#wake()
      })
    }
  }

  #nodeOf({ spec: { nodeName = '' }, metadata: { uid } }: Pod): number | undefined {
    return this.#position.get(nodeName) ?? this.#seats.get(uid)
  }

  #free(): Int32Array {
    const { nodes, gpusANode } = this.#given.world
    const free = new Int32Array(nodes.length).fill(gpusANode)
    const here = new Set<string>()
    for (const pod of this.#pods.cache.values()) {
      here.add(pod.metadata.uid)
      const at = this.#nodeOf(pod)
      if (at !== undefined && !isFinished(pod)) free[at]! -= gpusOf(pod)
    }
    for (const uid of this.#seats.keys()) if (!here.has(uid)) this.#seats.delete(uid)
    return free
  }
}

const isGated = ({ spec }: Pod): boolean => (spec.schedulingGates ?? []).length > 0

const byAge = (a: PodGang, b: PodGang): number => {
  const [left, right] = [a.metadata, b.metadata].map(({ creationTimestamp, name }) => `${creationTimestamp} ${name}`)
  return left! < right! ? -1 : Number(left! > right!)
}

interface Needed {
  readonly group: PodGangSpec['podgroups'][number]
  readonly bound: readonly Pod[]
  readonly pods: readonly Pod[]
}

/** The whole gang where it is constrained; else its constraint groups, and each other group by itself. */
function unitsOf({ spec }: PodGang, needed: readonly Needed[]): Unit[] {
  const keyOf = (of: { topologyConstraint?: PodGangSpec['topologyConstraint'] }): string | undefined =>
    of.topologyConstraint?.packConstraint?.required ?? of.topologyConstraint?.packConstraint?.preferred
  const unit = (key: string | undefined, own: readonly Needed[]): Unit => ({
    key,
    pods: own.flatMap(({ pods }) => pods),
    bound: own.flatMap(({ bound }) => bound),
  })
  const whole = keyOf(spec)
  if (whole !== undefined) return [unit(whole, needed)]
  const configs = spec.topologyConstraintGroupConfigs ?? []
  const grouped = new Set(configs.flatMap(({ podGroupNames }) => podGroupNames))
  return [
    ...configs.map((config) =>
      unit(
        keyOf(config),
        needed.filter(({ group }) => config.podGroupNames.includes(group.name)),
      ),
    ),
    ...needed.filter(({ group }) => !grouped.has(group.name)).map((own) => unit(keyOf(own.group), [own])),
  ]
}

/** Large pods first, each on the fullest node of the region that has room; null: one has none. */
function packed(pods: readonly Pod[], region: readonly number[], free: Int32Array): Map<Pod, number> | null {
  const left = free.slice()
  const seats = new Map<Pod, number>()
  for (const pod of pods.toSorted((a, b) => gpusOf(b) - gpusOf(a))) {
    const open = region.filter((at) => left[at]! >= gpusOf(pod)).sort((a, b) => left[a]! - left[b]! || a - b)
    const at = open[0]
    if (at === undefined) return null
    left[at]! -= gpusOf(pod)
    seats.set(pod, at)
  }
  return seats
}
