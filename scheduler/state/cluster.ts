import type { CompiledTopology, TopologyDeclaration, TopologyIndex } from '../../topology/index.ts'
import { LiveTopology } from '../../topology/index.ts'
import { ChangeLog } from './change-log.ts'
import { Fences } from './fences.ts'
import { type GangFacts, isSameSpec, keysOf } from './gang-facts.ts'
import { gangOfPod, Gangs, podsInOrder } from './gangs.ts'
import { Holds } from './holds.ts'
import type { NodeFacts } from './node-facts.ts'
import { KeptCounters } from './kept-counters.ts'
import { KnownPod } from './known-pod.ts'
import { NodeDomains } from './node-domains.ts'
import { NodeTable } from './node-table.ts'
import { PodClasses } from './pod-class.ts'
import type { PodFacts } from './pod-facts.ts'
import { Refusals } from './refusals.ts'
import { type Charge, Usage } from './usage.ts'

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
  readonly domains: NodeDomains
  readonly refusals: Refusals
  /** What keeps pods out of domains: required anti-affinity of running pods. */
  readonly fences: Fences = new Fences()
  readonly gangs: Gangs = new Gangs()
  /** Seats that are kept for pods to come. */
  readonly holds: Holds
  readonly #pods = new Map<string, KnownPod>()
  #assumedCount = 0
  /** The name of ours that was asked about last. */
  #lastOurs: string | null = null
  readonly #topology: LiveTopology
  #topologyEpoch = 0
  /** By namespace the number of its last move. */
  readonly #moves = new Map<string, { last: number }>()
  #moveCount = 0
  /** Stands for the last move in namespaces that are not in `#moves`. */
  #lastForgotten = 0

  constructor(schedulerNames: readonly string[], refusals: Refusals = new Refusals()) {
    this.refusals = refusals
    this.schedulerNames = new Set(schedulerNames)
    this.usage = new Usage((use, hasShrunk) => {
      this.nodes.touch(use)
      if (hasShrunk) this.growth.add(use.name)
    })
    this.holds = new Holds(this.usage)
    this.nodes = new NodeTable(this.usage)
    this.domains = new NodeDomains(this.nodes)
    this.#topology = new LiveTopology(this.nodes)
    this.classes = new PodClasses(this.nodes, this.nodeChanges)
    this.counters = new KeptCounters(this.nodes)
  }

  pod(uid: string): PodFacts | undefined {
    return this.#pods.get(uid)?.facts
  }

  *pods(): Generator<PodFacts> {
    for (const { facts } of this.#pods.values()) yield facts
  }

  /** With where they are or will be. */
  knownPods(): Iterable<KnownPod> {
    return this.#pods.values()
  }

  isOurs({ schedulerName }: PodFacts): boolean {
    return schedulerName === this.#lastOurs || this.#isOurName(schedulerName)
  }

  #isOurName(schedulerName: string): boolean {
    if (!this.schedulerNames.has(schedulerName)) return false
    this.#lastOurs = schedulerName
    return true
  }

  /** Where the pod is or, as far as we know, will be. */
  nodeOf(pod: PodFacts): string | null {
    return pod.node ?? this.#pods.get(pod.uid)?.assumed ?? null
  }

  isAssumed(uid: string): boolean {
    return (this.#pods.get(uid)?.assumed ?? null) !== null
  }

  /** What the pod counts with, and where; null: with nothing. */
  chargeOf(uid: string): Charge | null {
    return this.#pods.get(uid)?.charge ?? null
  }

  confirm(uid: string): void {
    const known = this.#pods.get(uid)
    if (known === undefined || known.assumed === null) return
    known.isAnswered = true
    this.gangs.touch(gangOfPod(known.facts))
  }

  /** What only pods asked for that are placed or gone. For once in a while: O(pods) where there is much of it. */
  forgetUnasked(): void {
    this.nodes.forgetUnasked(() => this.#asked())
  }

  #asked(): ReadonlySet<PodFacts['demand']['requests']> {
    const asked = new Set<PodFacts['demand']['requests']>()
    for (const { facts, isOurs } of this.#pods.values()) {
      if (isOurs && facts.node === null) asked.add(facts.demand.requests)
    }
    return asked
  }

  get podCount(): number {
    return this.#pods.size
  }

  get assumedCount(): number {
    return this.#assumedCount
  }

  setPod(told: PodFacts): void {
    let known = this.#pods.get(told.uid)
    if (known === undefined) known = this.#add(told)
    else this.#change(known, told)
    // All that is asked for has its column before anybody plans: what is planned later weighs in what is planned now.
    if (told.node === null && known.isOurs) this.nodes.require(told.demand.requests)
  }

  #add(pod: PodFacts): KnownPod {
    const known = new KnownPod(pod, this.isOurs(pod))
    this.#pods.set(pod.uid, known)
    if (pod.node !== null || pod.isTerminating) this.#moved(pod.namespace)
    if (pod.node !== null || pod.pinnedTo !== null) this.#charge(known) // else it weighs nothing
    // Others' pods of no gang are only weight on nodes.
    if (pod.gang !== null || known.isOurs) this.gangs.addPod(known)
    return known
  }

  #change(known: KnownPod, told: PodFacts): void {
    const before = known.facts
    // A pod never leaves its node: an event from before a binding that we have read of already is late.
    const isLate = told.node === null && before.node !== null
    const pod = isLate ? { ...told, node: before.node, isPlaceable: false } : told
    if (pod.node !== before.node || pod.isTerminating !== before.isTerminating) this.#moved(pod.namespace)
    known.facts = pod
    known.isOurs = this.isOurs(pod)
    if (pod.node !== null) this.#forget(known)
    this.#charge(known)
    const isMember = pod.gang !== null || known.isOurs
    if (known.member >= 0 && (!isMember || gangOfPod(before) !== gangOfPod(pod))) this.gangs.removePod(known, before)
    if (isMember && known.member < 0) this.gangs.addPod(known)
    else if (isMember) this.gangs.changePod(known)
  }

  deletePod(uid: string): void {
    const known = this.#pods.get(uid)
    if (known === undefined) return
    const { facts } = known
    this.#pods.delete(uid)
    this.#forget(known)
    this.#fence(facts, null)
    this.#chargeWith(known, null)
    this.#moved(facts.namespace)
    this.gangs.removePod(known, facts)
  }

  /** From now on the pod counts as being on the node. */
  assume(uid: string, node: string): void {
    const known = this.#pods.get(uid)
    if (known === undefined || !this.#assume(known, node)) return
    this.#moved(known.facts.namespace)
    this.gangs.touch(known.facts.gangKey)
  }

  /** The pods of a plan, from now on, as being on their nodes. */
  assumeAll(seats: readonly { readonly pod: PodFacts; readonly node: string }[]): void {
    let key: string | null = null
    let members: readonly KnownPod[] = []
    let at = -1
    let charge: Charge | null = null
    for (const { pod, node } of seats) {
      if (pod.gangKey !== key) {
        key = pod.gangKey
        members = this.#membersOf(key)
        at = -1
        this.#moved(pod.namespace)
        this.gangs.touch(key)
      }
      at = placeIn(members, pod, at + 1)
      const known = members[at] ?? this.#pods.get(pod.uid)
      // Pods side by side ask for the same more often than not: they share what they count with.
      if (known !== undefined && this.#assume(known, node, charge)) charge = known.charge
    }
  }

  #membersOf(key: string): readonly KnownPod[] {
    const record = this.gangs.find(key)
    return record === undefined ? [] : podsInOrder(record)
  }

  /** False: it is on a node already. `like`: the charge of another pod, perhaps alike. */
  #assume(known: KnownPod, node: string, like: Charge | null = null): boolean {
    const { facts } = known
    if (facts.node !== null) return false
    if (known.assumed === null) this.#assumedCount++
    known.assumed = node
    const { requests } = facts.demand
    const isAlike = like !== null && like.node === node && like.requests === requests
    this.#chargeWith(known, facts.isFinished ? null : isAlike ? like : { node, requests })
    return true
  }

  /** A read has shown that the pod is not on the node where it was assumed. */
  release(uid: string): void {
    const known = this.#pods.get(uid)
    if (known === undefined || !this.#forget(known)) return
    this.#charge(known)
    this.#moved(known.facts.namespace)
    this.gangs.touch(gangOfPod(known.facts))
  }

  setGang(gang: GangFacts): void {
    const before = this.gangs.set(gang)
    if (before === null || !isSameSpec(before, gang)) this.#moved(gang.namespace)
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
    if (before === undefined || before.uid !== node.uid) this.refusals.forgetNode(node.name, node.uid)
    if (this.#topology.note(before ?? null, node)) this.#topologyEpoch++
    this.fences.move(node.name)
  }

  deleteNode(name: string): void {
    const before = this.nodes.get(name)
    this.fences.move(name)
    this.nodes.delete(name)
    this.refusals.forgetNode(name, null)
    if (this.#topology.note(before ?? null, null)) this.#topologyEpoch++
  }

  setDeclarations(declarations: readonly TopologyDeclaration[]): void {
    this.#topology.setDeclarations(declarations)
    this.#topologyEpoch++
  }

  /** What `topology` would build in one go where it was never read, in steps of O(nodes). */
  prepareTopology(): Generator<undefined, void> {
    return this.#topology.prepare()
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
    return this.#moves.get(namespace)?.last ?? this.#lastForgotten
  }

  /** Of how many namespaces something is kept that outlives what is in them. */
  get namespacesKnown(): number {
    return Math.max(this.#moves.size, this.fences.namespacesKnown)
  }

  get topologyEpoch(): number {
    return this.#topologyEpoch
  }

  #moved(namespace: string): void {
    const moves = this.#moves.get(namespace)
    this.#moveCount++
    if (moves !== undefined) moves.last = this.#moveCount
    else this.#begin(namespace)
  }

  /** Namespaces come and go, so they are forgotten once there are many: each then seems to have moved once. */
  #begin(namespace: string): void {
    if (this.#moves.size >= NAMESPACES_MAX) {
      this.#moves.clear()
      this.#lastForgotten = this.#moveCount++
    }
    this.#moves.set(namespace, { last: this.#moveCount })
  }

  #forget(known: KnownPod): boolean {
    if (known.assumed === null) return false
    known.assumed = null
    known.isAnswered = false
    this.#assumedCount--
    return true
  }

  #charge(known: KnownPod): void {
    const { facts } = known
    const node = facts.isFinished ? null : (known.node ?? this.#pinned(facts))
    this.#chargeWith(known, node === null ? null : { node, requests: facts.demand.requests })
    this.#fence(facts, facts.isFinished ? null : facts.node)
  }

  #chargeWith(known: KnownPod, charge: Charge | null): void {
    this.usage.change(known.charge, charge)
    known.charge = charge
    known.use = charge === null ? null : this.usage.useOf(charge.node)
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

/** Of more the moves are counted anew: 100,000 that came and went would be 10 MB that nobody asks for. */
const NAMESPACES_MAX = 10_000

/** In a list so short that going through it is less work than looking up a uid among all pods. */
const SCANNED = 16

/** Most plans seat a gang's pods in their order, group by group. -1: it is neither at `next` nor in a short list. */
function placeIn(members: readonly KnownPod[], pod: PodFacts, next: number): number {
  const tries = members.length > SCANNED ? 1 : members.length
  for (let i = 0; i < tries; i++) {
    const at = next + i < members.length ? next + i : next + i - members.length
    if (members[at]?.facts === pod) return at
  }
  return -1
}
