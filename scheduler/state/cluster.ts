import type { CompiledTopology, TopologyDeclaration, TopologyIndex } from '../../topology/index.ts'
import { LiveTopology } from '../../topology/index.ts'
import { ChangeLog } from './change-log.ts'
import { Fences } from './fences.ts'
import { type GangFacts, isSameSpec, keysOf } from './gang-facts.ts'
import { gangOfPod, Gangs, keyOfGang } from './gangs.ts'
import { Holds } from './holds.ts'
import type { NodeFacts } from './node-facts.ts'
import { KeptCounters } from './kept-counters.ts'
import { NodeTable } from './node-table.ts'
import { PodClasses } from './pod-class.ts'
import type { PodFacts } from './pod-facts.ts'
import { Refusals } from './refusals.ts'
import { Usage } from './usage.ts'

/**
 * All that the scheduler knows of the cluster, brought forward event by event: a pod's event touches one node's use
 * and one gang, a node's event one node. What is assumed (bound by us, not yet seen bound) counts as used until an
 * event or a read on that pod's uid ends it.
 */
export class ClusterState {
  readonly schedulerNames: ReadonlySet<string>
  /** Nodes whose labels, taints or cordon changed: what pod classes are refreshed from. */
  readonly nodeChanges: ChangeLog = new ChangeLog()
  /** Nodes where something was given back, or that changed: what wakes a refused gang. */
  readonly growth: ChangeLog = new ChangeLog()
  readonly usage: Usage
  readonly nodes: NodeTable
  readonly classes: PodClasses
  readonly counters: KeptCounters
  readonly refusals: Refusals = new Refusals()
  /** What keeps pods out of domains: required anti-affinity of running pods. */
  readonly fences: Fences = new Fences()
  readonly gangs: Gangs = new Gangs()
  /** Seats that are kept for pods to come. */
  readonly holds: Holds
  readonly #pods = new Map<string, PodFacts>()
  /** Where pods were bound by us and are not seen yet. */
  readonly #assumed = new Map<string, string>()
  /** Of these, the ones whose binding was answered for. */
  readonly #confirmed = new Set<string>()
  readonly #topology: LiveTopology
  #topologyEpoch = 0
  readonly #moves = new Map<string, { count: number }>()

  constructor(schedulerNames: readonly string[]) {
    this.schedulerNames = new Set(schedulerNames)
    this.usage = new Usage((node, hasShrunk) => {
      this.nodes.touch(node)
      if (hasShrunk) this.growth.add(node)
    })
    this.holds = new Holds(this.usage)
    this.nodes = new NodeTable(this.usage)
    this.#topology = new LiveTopology(this.nodes)
    this.classes = new PodClasses(this.nodes, this.nodeChanges)
    this.counters = new KeptCounters(this.nodes)
  }

  pod(uid: string): PodFacts | undefined {
    return this.#pods.get(uid)
  }

  pods(): IterableIterator<PodFacts> {
    return this.#pods.values()
  }

  isOurs(pod: PodFacts): boolean {
    return this.schedulerNames.has(pod.schedulerName)
  }

  /** Where the pod is or, as far as we know, will be. */
  nodeOf(pod: PodFacts): string | null {
    return pod.node ?? this.#assumed.get(pod.uid) ?? null
  }

  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid)
  }

  /** Seen on its node, or the server has said that it is bound there. */
  isConfirmed(pod: PodFacts): boolean {
    return pod.node !== null || this.#confirmed.has(pod.uid)
  }

  confirm(uid: string): void {
    const pod = this.#pods.get(uid)
    if (pod === undefined || !this.#assumed.has(uid)) return
    this.#confirmed.add(uid)
    this.gangs.touch(gangOfPod(pod))
  }

  get podCount(): number {
    return this.#pods.size
  }

  get assumedCount(): number {
    return this.#assumed.size
  }

  setPod(told: PodFacts): void {
    const before = this.#pods.get(told.uid)
    // A pod never leaves its node: an event from before a binding that we have read of already is late.
    const pod = told.node === null && before?.node ? { ...told, node: before.node } : told
    if (pod.node !== (before?.node ?? null) || pod.isTerminating !== (before?.isTerminating ?? false))
      this.#moved(pod.namespace)
    this.#pods.set(pod.uid, pod)
    if (pod.node !== null) this.#forget(pod.uid)
    if (before !== undefined || pod.node !== null || pod.pinnedTo !== null) this.#charge(pod) // else it weighs nothing
    if (before !== undefined && gangOfPod(before) !== gangOfPod(pod)) this.gangs.removePod(before)
    // All that is asked for has its column before anybody plans: what is planned later weighs in what is planned now.
    if (pod.node === null && this.isOurs(pod)) this.nodes.require(pod.demand.requests)
    // Others' pods of no gang are only weight on nodes.
    if (pod.gang !== null || this.isOurs(pod)) this.gangs.setPod(pod)
  }

  deletePod(uid: string): void {
    const pod = this.#pods.get(uid)
    if (pod === undefined) return
    this.#pods.delete(uid)
    this.#forget(uid)
    this.#fence(pod, null)
    this.usage.set(uid, null)
    this.#moved(pod.namespace)
    this.gangs.removePod(pod)
  }

  /** From now on the pod counts as being on the node. */
  assume(uid: string, node: string): void {
    const pod = this.#pods.get(uid)
    if (pod === undefined || pod.node !== null) return
    this.#assumed.set(uid, node)
    this.#charge(pod)
    this.#moved(pod.namespace)
    this.gangs.touch(gangOfPod(pod))
  }

  /** A read has shown that the pod is not on the node where it was assumed. */
  release(uid: string): void {
    if (!this.#forget(uid)) return
    const pod = this.#pods.get(uid)
    if (pod === undefined) return
    this.#charge(pod)
    this.#moved(pod.namespace)
    this.gangs.touch(gangOfPod(pod))
  }

  setGang(gang: GangFacts): void {
    const before = this.gangs.get(keyOfGang(gang))
    this.gangs.set(gang)
    if (before === undefined || !isSameSpec(before, gang)) this.#moved(gang.namespace)
  }

  deleteGang(uid: string): void {
    const gang = this.gangs.byUid(uid)
    this.gangs.delete(uid)
    if (gang !== undefined) this.#moved(gang.namespace)
  }

  setNode(node: NodeFacts): void {
    const before = this.nodes.get(node.name)
    this.nodes.set(node)
    this.nodeChanges.add(node.name)
    this.growth.add(node.name)
    if (before === undefined || before.uid !== node.uid) this.refusals.forgetNode(node.name)
    if (this.#topology.note(before ?? null, node)) this.#topologyEpoch++
    this.fences.move(node.name)
  }

  deleteNode(name: string): void {
    const before = this.nodes.get(name)
    this.fences.move(name)
    this.nodes.delete(name)
    this.refusals.forgetNode(name)
    if (this.#topology.note(before ?? null, null)) this.#topologyEpoch++
  }

  setDeclarations(declarations: readonly TopologyDeclaration[]): void {
    this.#topology.setDeclarations(declarations)
    this.#topologyEpoch++
  }

  /** Brought up to date with the nodes; for the turn in hand, like the view. */
  topology(): TopologyIndex {
    return this.#topology.read()
  }

  /** The topology that the gang is placed by; null: it names one that does not exist, or there is none at all. */
  topologyOf(gang: GangFacts): CompiledTopology | null {
    const index = this.topology()
    const [only, another] = index.topologies
    if (only !== undefined && another === undefined && gang.topologyName === null) return only
    return index.topologyFor(gang.topologyName, keysOf(gang))
  }

  /** Changes whenever a pod of the namespace came to a node or left one, or a PodGang came, went or says something else. */
  movesIn(namespace: string): number {
    return this.#moves.get(namespace)?.count ?? 0
  }

  get topologyEpoch(): number {
    return this.#topologyEpoch
  }

  #moved(namespace: string): void {
    const moves = this.#moves.get(namespace)
    if (moves === undefined) this.#moves.set(namespace, { count: 1 })
    else moves.count++
  }

  #forget(uid: string): boolean {
    this.#confirmed.delete(uid)
    return this.#assumed.delete(uid)
  }

  #charge(pod: PodFacts): void {
    const node = pod.isFinished ? null : (this.nodeOf(pod) ?? this.#pinned(pod))
    this.usage.set(pod.uid, node === null ? null : { node, requests: pod.demand.requests })
    this.#fence(pod, pod.isFinished ? null : pod.node)
  }

  /** `node`: where its anti-affinity holds from now on; null: nowhere. */
  #fence(pod: PodFacts, node: string | null): void {
    if (pod.repulsions.length === 0 && this.fences.isEmpty) return
    if (this.fences.set(pod, node) && pod.node !== null) this.growth.add(pod.node)
  }

  /** A pending pod of somebody else that goes to one node whatever we do. */
  #pinned(pod: PodFacts): string | null {
    return pod.isTerminating || pod.gates.length > 0 || this.isOurs(pod) ? null : pod.pinnedTo
  }
}
