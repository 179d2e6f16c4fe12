import type { NodeFacts } from '../../scheduler/state/node-facts.ts'
import type { PodFacts } from '../../scheduler/state/pod-facts.ts'
import { KEYS, NODE_GPUS } from './objects.ts'
import type { Level, Scenario } from './scenario.ts'

/**
 * Judges placements from objects alone: it shares nothing with planner, index or counters. `placed`: pod name → node
 * name. Gives what is wrong; nothing wrong is an empty list.
 */
export function faultsOf(
  scenario: Scenario,
  nodes: readonly NodeFacts[],
  pods: readonly PodFacts[],
  placed: ReadonlyMap<string, string>,
): string[] {
  if (scenario.isHopeless) return hopelessFaults(scenario, nodes, placed)
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const faults = pods.filter(({ name }) => !placed.has(name)).map(({ name }) => `${name} has no node`)
  return [...faults, ...overcommitted(byName, pods, placed), ...scattered(scenario, byName, pods, placed)]
}

/** Nothing seated, and no domain of the required level has nodes enough: whole-node pods, one a node. */
function hopelessFaults(
  { groups, required }: Scenario,
  nodes: readonly NodeFacts[],
  placed: ReadonlyMap<string, string>,
): string[] {
  const sizes = new Map<string, number>()
  for (const node of nodes)
    sizes.set(pathOf(node, required ?? 'zone'), (sizes.get(pathOf(node, required ?? 'zone')) ?? 0) + 1)
  const needed = groups.reduce((sum, { pods, gpus }) => sum + Math.ceil((pods * gpus) / NODE_GPUS), 0)
  const isHopeless = Math.max(...sizes.values()) < needed
  return [
    ...(isHopeless ? [] : ['the scenario is not hopeless']),
    ...[...placed.keys()].map((pod) => `${pod} is seated`),
  ]
}

function overcommitted(
  nodes: ReadonlyMap<string, NodeFacts>,
  pods: readonly PodFacts[],
  placed: ReadonlyMap<string, string>,
): string[] {
  const used = new Map<string, number>()
  for (const pod of pods) {
    const node = placed.get(pod.name)
    if (node === undefined) continue
    for (const [resource, amount] of Object.entries(pod.demand.requests)) {
      const key = `${node} ${resource}`
      used.set(key, (used.get(key) ?? 0) + amount)
    }
  }
  return [...used].flatMap(([key, amount]) => {
    const [node = '', resource = ''] = key.split(' ')
    const has = nodes.get(node)?.allocatable[resource] ?? 0
    return amount > has ? [`${node} has ${has} of ${resource}, ${amount} are used`] : []
  })
}

/** Each gang, and each group with a rule of its own, lies in one domain of the level that it requires. */
function scattered(
  { required, groups }: Scenario,
  nodes: ReadonlyMap<string, NodeFacts>,
  pods: readonly PodFacts[],
  placed: ReadonlyMap<string, string>,
): string[] {
  const seen = new Map<string, Set<string>>()
  const see = (of: string, level: Level | undefined, pod: PodFacts): void => {
    const node = nodes.get(placed.get(pod.name) ?? '')
    if (level === undefined || node === undefined) return
    const key = `${of} in one ${level}`
    seen.set(key, (seen.get(key) ?? new Set()).add(pathOf(node, level)))
  }
  for (const pod of pods) {
    see(pod.gang ?? pod.name, required, pod)
    see(`${pod.gang} ${pod.group}`, groups.find(({ name }) => name === pod.group)?.required, pod)
  }
  return [...seen].filter(([, domains]) => domains.size > 1).map(([what, domains]) => `not ${what}: ${domains.size}`)
}

const LEVELS: readonly Level[] = ['zone', 'rack', 'pair', 'host']

/** A domain is the path of its labels. */
const pathOf = ({ labels }: NodeFacts, level: Level): string =>
  LEVELS.slice(0, LEVELS.indexOf(level) + 1)
    .map((each) => labels[KEYS[each]])
    .join('/')

/** Distinct domains of a level that the gangs use, on average: how well they are packed. */
export function domainsPerGang(
  level: Level,
  nodes: readonly NodeFacts[],
  pods: readonly PodFacts[],
  placed: ReadonlyMap<string, string>,
): number {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const seen = new Map<string, Set<string>>()
  for (const pod of pods) {
    const node = byName.get(placed.get(pod.name) ?? '')
    const gang = pod.gang ?? pod.name
    if (node !== undefined) seen.set(gang, (seen.get(gang) ?? new Set()).add(pathOf(node, level)))
  }
  const total = [...seen.values()].reduce((sum, domains) => sum + domains.size, 0)
  return seen.size === 0 ? 0 : total / seen.size
}
