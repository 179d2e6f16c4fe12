import { array, assert, constantFrom, integer, option, property, record, sample } from 'fast-check'
import { expect, test } from 'vitest'
import type { PodGang } from '../../api/generated/kinds.ts'
import type { Node, Pod } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE, HOSTNAME_LABEL } from '../../api/names.ts'
import { type Counters, freshCounters } from '../../scheduler/planner/counters.ts'
import type { PlanView } from '../../scheduler/planner/request.ts'
import type { CompiledLevel } from '../../topology/index.ts'
import { ClusterState } from '../../scheduler/state/cluster.ts'
import { gangFacts } from '../../scheduler/state/gang-facts.ts'
import { nodeFacts } from '../../scheduler/state/node-facts.ts'
import { podFacts, type PodFacts } from '../../scheduler/state/pod-facts.ts'
import { viewFor } from '../../scheduler/state/view.ts'
import { asObject } from './facts.ts'
import { gang, node, pod, RACK } from './objects.ts'
import { PINNED, type Shape, SHAPES } from './shapes.ts'

const NODES = ['n1', 'n2', 'n3'] as const
/** A pod's schedulerName never changes: a and b ask for ours, c and d for somebody else's. */
const PODS = ['a', 'b', 'c', 'd'] as const
const isOurs = (name: string): boolean => name < 'c'
const GANGS = ['g', 'h'] as const

const KINDS = [
  'pod',
  'podGone',
  'node',
  'nodeGone',
  'assume',
  'release',
  'confirm',
  'gang',
  'gangGone',
  'look',
] as const
const events = array(
  record({
    kind: constantFrom(...KINDS, 'pod', 'pod', 'node', 'assume', 'assume'),
    pod: constantFrom(...PODS),
    node: constantFrom(...NODES),
    gpus: integer({ min: 0, max: 4 }),
    shape: constantFrom(...SHAPES),
    boundTo: constantFrom(...NODES, null, null, null, null, null),
    pinned: constantFrom(...Object.keys(PINNED)),
    isGated: constantFrom(false, false, true),
    isTerminating: constantFrom(false, false, true),
    phase: constantFrom('Pending', 'Running', 'Succeeded'),
    isTainted: constantFrom(true, false),
    rack: option(constantFrom('r1', 'r2'), { nil: undefined }),
    gang: option(constantFrom(...GANGS)),
    life: constantFrom('first', 'second'),
    isTied: constantFrom(true, false),
  }),
  { minLength: 1, maxLength: 60, size: 'max' },
)
interface Event {
  readonly kind: (typeof KINDS)[number]
  readonly pod: string
  readonly node: string
  readonly gpus: number
  readonly shape: Shape
  readonly boundTo: string | null
  readonly pinned: string
  readonly isGated: boolean
  readonly isTerminating: boolean
  readonly phase: string
  readonly isTainted: boolean
  readonly rack: string | undefined
  readonly gang: string | null
  readonly life: string
  readonly isTied: boolean
}

const PROBES = [pod('probe', { gpus: 1 }), pod('other probe', { gpus: 2 })].map((each) =>
  podFacts(asObject(each, each.metadata.name ?? '') as Pod),
)

function factsOf(event: Event): PodFacts {
  const { pod: name, shape, boundTo, phase, pinned, isGated, isTerminating } = event
  const pinning = PINNED[pinned]!(event.node)
  const raw = asObject(
    pod(name, {
      schedulerName: isOurs(name) ? 'espalier' : 'other',
      ...(event.gang === null ? {} : { gang: event.gang, group: 'a' }),
      ...(isGated ? { gates: ['somebody.example/gate'] } : {}),
      ...(boundTo === null ? {} : { nodeName: boundTo }),
      spec: { ...shape.spec, ...(pinning.spec as object) },
    }),
    name,
  )
  const metadata = { ...raw.metadata, ...(isTerminating ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) }
  return podFacts({ ...raw, metadata, status: { ...shape.status, ...(pinning.status as object), phase } } as Pod)
}

const uidOf = ({ gang: name, life }: Event): string => `${name ?? 'g'} ${life}`

function gangOf(event: Event): ReturnType<typeof gangFacts> {
  const tie = event.isTied ? { sameDomainAs: { podGang: 'base', key: RACK } } : {}
  const raw = gang(event.gang ?? 'g', [{ name: 'a', minimum: event.gpus, pods: [...PODS] }], tie)
  return gangFacts(asObject(raw, uidOf(event)) as PodGang)
}

function apply(cluster: ClusterState, event: Event): void {
  switch (event.kind) {
    case 'pod':
      return cluster.setPod(factsOf(event))
    case 'podGone':
      return cluster.deletePod(event.pod)
    case 'node':
      return cluster.setNode(nodeFacts(asObject(nodeOf(event), event.node) as Node))
    case 'nodeGone':
      return cluster.deleteNode(event.node)
    case 'assume':
      return cluster.assume(event.pod, event.node)
    case 'release':
      return cluster.release(event.pod)
    case 'confirm':
      return cluster.confirm(event.pod)
    case 'gang':
      return cluster.setGang(gangOf(event))
    case 'gangGone':
      return cluster.deleteGang(uidOf(event))
    case 'look':
      return look(cluster) // a reader in between must not matter
  }
}

function nodeOf({ node: name, gpus, isTainted, rack }: Event): ReturnType<typeof node> {
  const taints = isTainted ? [{ key: 'k', effect: 'NoSchedule' }] : []
  return node(name, { gpus: gpus + 1, taints, labels: rack === undefined ? {} : { [RACK]: rack } })
}

/** What is kept must equal what one plan would work out afresh, at any time. */
function look(cluster: ClusterState): void {
  const { view } = viewFor(cluster, PROBES, null, 0)
  const levels = levelsOf(cluster)
  expect(counted(view, view.counters!, levels)).toEqual(counted(view, freshCounters(view), levels))
}

/** The same knowledge, told to an empty state at once. */
function rebuilt(cluster: ClusterState): ClusterState {
  const fresh = new ClusterState(['espalier'])
  for (const each of cluster.gangs.inNamespace('default')) fresh.setGang(each)
  for (const facts of cluster.nodes.facts()) fresh.setNode(facts)
  for (const facts of cluster.pods()) {
    const at = cluster.nodeOf(facts)
    fresh.setPod(facts)
    if (facts.node === null && at !== null) fresh.assume(facts.uid, at)
  }
  return fresh
}

/** The counters as the planner reads them, per node and per domain. */
function counted(view: PlanView, counters: Counters, levels: readonly CompiledLevel[]): unknown {
  return {
    fits: view.classes.map((_, c) => [...counters.counts(c).perNode]),
    totals: view.classes.map((_, c) => counters.counts(c).total),
    domainFits: levels.map((level) => view.classes.map((_, c) => [...counters.counts(c).perDomain(level)])),
    largest: levels.map((level) => view.classes.map((_, c) => counters.counts(c).mostIn(level))),
    free: levels.map((level) => [...counters.free([0]).perDomain(level)]),
    freeForBoth: levels.map((level) => [...counters.free([0, 1]).perDomain(level)]),
    allocatable: [...counters.allocatable()],
  }
}

/** One of the topology found from labels, one of its own. */
function levelsOf(cluster: ClusterState): readonly CompiledLevel[] {
  const index = cluster.topology()
  const topology = index.topologyFor(null, [HOSTNAME_LABEL])
  return [HOSTNAME_LABEL, RACK].map((key) => index.levelFor(topology, key))
}

const byText = <T>(items: Iterable<T>, textOf: (item: T) => string): T[] =>
  [...items].sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1))

const shown = (cluster: ClusterState): unknown => {
  const { view } = viewFor(cluster, PROBES, null, 0)
  const { gangs } = cluster
  return {
    kept: counted(view, view.counters!, levelsOf(cluster)),
    names: view.nodeNames,
    free: [...view.free],
    allocatable: [...view.allocatable],
    feasible: view.classes.map(({ feasible }) => [...feasible]),
    excluded: view.classes.map(({ excluded }) => [...excluded]),
    charges: byText(cluster.pods(), ({ uid }) => uid).map(({ uid }) => [uid, cluster.chargeOf(uid)]),
    assumed: cluster.assumedCount,
    gangs: byText(gangs.keys(), (key) => key).map((key) => ({
      key,
      uid: gangs.get(key)?.uid,
      pods: byText(gangs.podsOf(key), ({ uid }) => uid),
    })),
    inNamespace: byText(gangs.inNamespace('default'), ({ name }) => name),
    tying: byText(gangs.tyingIn('default'), ({ name }) => name),
  }
}

const run = { numRuns: 400, seed: Number(process.env['SEED'] ?? 1) }

const stateAfter = (sequence: readonly Event[]): ClusterState => {
  const cluster = new ClusterState(['espalier'])
  for (const event of sequence) apply(cluster, event)
  return cluster
}

test('after any sequence of events the state is what a rebuild from scratch gives', () => {
  assert(
    property(events, (sequence) => {
      const cluster = stateAfter(sequence as Event[])
      expect(shown(cluster)).toEqual(shown(rebuilt(cluster)))
    }),
    run,
  )
})

/**
 * The rules of what counts as used, told once more and without the state: per node what is left of it. A pod that had a
 * node keeps it; an assumed one counts until it is released or seen; a pending one of somebody else counts where it is
 * pinned, unless it is going or gated; a finished one counts nowhere.
 */
class Reckoning {
  readonly #pods = new Map<string, Event & { readonly at: string | null }>()
  readonly #assumed = new Map<string, string>()
  readonly #nodes = new Map<string, number>()

  apply(event: Event): void {
    const known = this.#pods.get(event.pod)
    if (event.kind === 'pod') {
      const at = event.boundTo ?? known?.at ?? null
      this.#pods.set(event.pod, { ...event, at })
      if (at !== null) this.#assumed.delete(event.pod)
    } else if (event.kind === 'podGone') {
      this.#pods.delete(event.pod)
      this.#assumed.delete(event.pod)
    } else if (event.kind === 'assume') {
      if (known !== undefined && known.at === null) this.#assumed.set(event.pod, event.node)
    } else if (event.kind === 'release') this.#assumed.delete(event.pod)
    else if (event.kind === 'node') this.#nodes.set(event.node, event.gpus + 1)
    else if (event.kind === 'nodeGone') this.#nodes.delete(event.node)
  }

  left(): Record<string, { milliCpu: number; gpus: number; pods: number }> {
    const left = Object.fromEntries(
      [...this.#nodes].map(([name, gpus]) => [name, { milliCpu: 64_000, gpus, pods: 110 }]),
    )
    for (const each of this.#pods.values()) {
      const on = left[this.#placeOf(each) ?? '']
      if (on === undefined) continue
      on.milliCpu -= each.shape.uses.milliCpu
      on.gpus -= each.shape.uses.gpus
      on.pods -= 1
    }
    return left
  }

  #placeOf({
    phase,
    at,
    pod: name,
    pinned,
    isGated,
    isTerminating,
    node: target,
    boundTo,
  }: Event & { at: string | null }): string | null {
    if (phase === 'Succeeded') return null
    const known = at ?? this.#assumed.get(name) ?? null
    if (known !== null || isOurs(name) || isGated || isTerminating || boundTo !== null) return known
    return pinned === 'not at all' ? null : target
  }
}

function leftIn(cluster: ClusterState): Record<string, { milliCpu: number; gpus: number; pods: number }> {
  const { nodeNames, resources, free } = viewFor(cluster, PROBES, null, 0).view
  const of = (n: number, resource: string): number => free[n * resources.length + resources.indexOf(resource)]!
  return Object.fromEntries(
    nodeNames.map((name, n) => [name, { milliCpu: of(n, 'cpu'), gpus: of(n, GPU_RESOURCE), pods: of(n, 'pods') }]),
  )
}

test('free room is what the rules leave, worked out by hand: assumed, going, pinned, resized, with all their containers', () => {
  assert(
    property(events, (sequence) => {
      const reckoning = new Reckoning()
      for (const event of sequence as Event[]) reckoning.apply(event)
      expect(leftIn(stateAfter(sequence as Event[]))).toEqual(reckoning.left())
    }),
    { ...run, numRuns: 1_000 },
  )
})

test('the sequences bind, assume, pin and free something, in every shape', () => {
  const sequences = sample(events, { ...run, numRuns: 300 }) as unknown as Event[][]
  const states = sequences.map((sequence) => ({ sequence, cluster: stateAfter(sequence) }))
  const count = (holds: (cluster: ClusterState) => boolean): number =>
    states.filter(({ cluster }) => cluster.nodes.size > 0 && holds(cluster)).length
  const charged =
    (pods: (pod: PodFacts, cluster: ClusterState) => boolean) =>
    (cluster: ClusterState): boolean =>
      [...cluster.pods()].some((each) => cluster.chargeOf(each.uid) !== null && pods(each, cluster))
  expect(count(charged(({ node: at }) => at !== null))).toBeGreaterThan(100)
  expect(count(charged(({ uid }, cluster) => cluster.isAssumed(uid)))).toBeGreaterThan(20)
  expect(count(charged(({ isTerminating }) => isTerminating))).toBeGreaterThan(50)
  expect(count(charged((each, cluster) => cluster.nodeOf(each) === null))).toBeGreaterThan(12)
  expect(count((cluster) => cluster.gangs.tyingIn('default').length > 0)).toBeGreaterThan(50)
  const shapes = new Set(sequences.flat().flatMap(({ kind, shape }) => (kind === 'pod' ? [shape.name] : [])))
  expect(shapes.size).toBe(SHAPES.length)
})
