import { array, assert, constantFrom, integer, option, property, record, sample } from 'fast-check'
import { expect, test } from 'vitest'
import type { Node, Pod } from '../../api/kinds/kubernetes.ts'
import { HOSTNAME_LABEL } from '../../api/names.ts'
import { type Counters, freshCounters } from '../../scheduler/planner/counters.ts'
import type { PlanView } from '../../scheduler/planner/request.ts'
import type { CompiledLevel } from '../../topology/index.ts'
import { ClusterState } from '../../scheduler/state/cluster.ts'
import { nodeFacts } from '../../scheduler/state/node-facts.ts'
import { podFacts, type PodFacts } from '../../scheduler/state/pod-facts.ts'
import { viewFor } from '../../scheduler/state/view.ts'
import { asObject } from './facts.ts'
import { node, pod } from './objects.ts'

const NODES = ['n1', 'n2', 'n3'] as const
const PODS = ['a', 'b', 'c', 'd'] as const

const events = array(
  record({
    kind: constantFrom('pod', 'podGone', 'node', 'nodeGone', 'assume', 'release', 'confirm', 'look'),
    pod: constantFrom(...PODS),
    node: constantFrom(...NODES),
    gpus: integer({ min: 0, max: 4 }),
    boundTo: option(constantFrom(...NODES)),
    phase: constantFrom('Pending', 'Running', 'Succeeded'),
    isTainted: constantFrom(true, false),
  }),
  { minLength: 1, maxLength: 60, size: 'max' },
)
interface Event {
  kind: string
  pod: string
  node: string
  gpus: number
  boundTo: string | null
  phase: string
  isTainted: boolean
}

const PROBE = podFacts(asObject(pod('probe', { gpus: 1 }), 'probe') as Pod)

function factsOf({ pod: name, gpus, boundTo, phase }: Event): PodFacts {
  const scheduler = name < 'c' ? 'espalier' : 'other' // a pod's schedulerName never changes
  const form = { gpus, schedulerName: scheduler, ...(boundTo === null ? {} : { nodeName: boundTo }) }
  return podFacts({ ...asObject(pod(name, form), name), status: { phase } } as Pod)
}

function apply(cluster: ClusterState, event: Event): void {
  const taints = event.isTainted ? [{ key: 'k', effect: 'NoSchedule' }] : []
  const raw = asObject(node(event.node, { gpus: event.gpus + 1, taints }), event.node) as Node
  switch (event.kind) {
    case 'pod':
      return cluster.setPod(factsOf(event))
    case 'podGone':
      return cluster.deletePod(event.pod)
    case 'node':
      return cluster.setNode(nodeFacts(raw))
    case 'nodeGone':
      return cluster.deleteNode(event.node)
    case 'assume':
      return cluster.assume(event.pod, event.node)
    case 'release':
      return cluster.release(event.pod)
    case 'confirm':
      return cluster.confirm(event.pod)
    default:
      look(cluster) // a reader in between must not matter
  }
}

/** What is kept must equal what one plan would work out afresh, at any time. */
function look(cluster: ClusterState): void {
  const { view } = viewFor(cluster, [PROBE, OTHER_PROBE], null, 0)
  const level = levelOf(cluster)
  expect(counted(view, view.counters!, level)).toEqual(counted(view, freshCounters(view), level))
}

/** The same knowledge, told to an empty state at once. */
function rebuilt(cluster: ClusterState): ClusterState {
  const fresh = new ClusterState(['espalier'])
  for (const facts of cluster.nodes.facts()) fresh.setNode(facts)
  for (const facts of cluster.pods()) {
    const node = cluster.nodeOf(facts)
    fresh.setPod(facts)
    if (facts.node === null && node !== null) fresh.assume(facts.uid, node)
  }
  return fresh
}

const OTHER_PROBE = podFacts(asObject(pod('other probe', { gpus: 2 }), 'other probe') as Pod)

/** The counters as the planner reads them, per node and per domain of a level that splits the nodes in two. */
function counted(view: PlanView, counters: Counters, level: CompiledLevel): unknown {
  return {
    fits: view.classes.map((_, c) => [...counters.counts(c).perNode]),
    totals: view.classes.map((_, c) => counters.counts(c).total),
    domainFits: view.classes.map((_, c) => [...counters.counts(c).perDomain(level)]),
    free: [...counters.free([0]).perDomain(level)],
    freeForBoth: [...counters.free([0, 1]).perDomain(level)],
    allocatable: [...counters.allocatable()],
  }
}

function levelOf(cluster: ClusterState): CompiledLevel {
  return cluster.topology().levelFor(null, HOSTNAME_LABEL)
}

const shown = (cluster: ClusterState): unknown => {
  const { view } = viewFor(cluster, [PROBE, OTHER_PROBE], null, 0)
  return {
    kept: counted(view, view.counters!, levelOf(cluster)),
    names: view.nodeNames,
    free: [...view.free],
    allocatable: [...view.allocatable],
    feasible: [...(view.classes[0]?.feasible ?? [])],
    excluded: [...(view.classes[0]?.excluded ?? [])],
    charges: [...cluster.usage.charges()].sort(([a], [b]) => (a < b ? -1 : 1)),
    assumed: cluster.assumedCount,
    gangs: [...cluster.gangs.keys()].sort(),
  }
}

const run = { numRuns: 400, seed: Number(process.env['SEED'] ?? 1) }

test('after any sequence of events the state is what a rebuild from scratch gives', () => {
  assert(
    property(events, (sequence) => {
      const cluster = new ClusterState(['espalier'])
      for (const event of sequence) apply(cluster, event as Event)
      expect(shown(cluster)).toEqual(shown(rebuilt(cluster)))
    }),
    run,
  )
})

test('the sequences bind, assume and free something', () => {
  const used = sample(events, { ...run, numRuns: 200 }).filter((sequence) => {
    const cluster = new ClusterState(['espalier'])
    for (const event of sequence) apply(cluster, event as Event)
    return cluster.usage.charges().size > 0 && cluster.nodes.size > 0
  })
  expect(used.length).toBeGreaterThan(50)
})
