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
  const used = new Map<string, Map<string, number>>()
  for (const pod of pods) {
    const node = placed.get(pod.name)
    if (node === undefined) continue
    const there = used.get(node) ?? new Map<string, number>()
    used.set(node, there)
    const { requests } = pod.demand
    for (const resource in requests) there.set(resource, (there.get(resource) ?? 0) + (requests[resource] ?? 0))
  }
  return [...used].flatMap(([node, there]) =>
    [...there].flatMap(([resource, amount]) => {
      const has = nodes.get(node)?.allocatable[resource] ?? 0
      return amount > has ? [`${node} has ${has} of ${resource}, ${amount} are used`] : []
    }),
  )
}

/** Each gang, and each group with a rule of its own, lies in one domain of the level that it requires. */
function scattered(
  { required, groups }: Scenario,
  nodes: ReadonlyMap<string, NodeFacts>,
  pods: readonly PodFacts[],
  placed: ReadonlyMap<string, string>,
): string[] {
  const seen = new Map<string, Set<string>>()
  const pathAt = pathsOf(nodes)
  const see = (of: string, level: Level | undefined, pod: PodFacts): void => {
    const path = level === undefined ? undefined : pathAt(placed.get(pod.name), level)
    if (path === undefined) return
    const key = `${of} in one ${level}`
    const paths = seen.get(key)
    if (paths === undefined) seen.set(key, new Set([path]))
    else paths.add(path)
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

/** The same for nodes by name, each put together once. Undefined: there is no such node. */
function pathsOf(
  nodes: ReadonlyMap<string, NodeFacts>,
): (name: string | undefined, level: Level) => string | undefined {
  const known = new Map<string, Map<Level, string>>()
  return (name = '', level) => {
    const node = nodes.get(name)
    if (node === undefined) return undefined
    const of = known.get(name) ?? new Map<Level, string>()
    known.set(name, of)
    const path = of.get(level) ?? pathOf(node, level)
    of.set(level, path)
    return path
  }
}

/** Distinct domains of a level that the gangs use, on average: how well they are packed. */
export function domainsPerGang(
  level: Level,
  nodes: readonly NodeFacts[],
  pods: readonly PodFacts[],
  placed: ReadonlyMap<string, string>,
): number {
  const pathAt = pathsOf(new Map(nodes.map((node) => [node.name, node])))
  const seen = new Map<string, Set<string>>()
  for (const pod of pods) {
    const path = pathAt(placed.get(pod.name), level)
    const gang = pod.gang ?? pod.name
    if (path !== undefined) seen.set(gang, (seen.get(gang) ?? new Set()).add(path))
  }
  const total = [...seen.values()].reduce((sum, domains) => sum + domains.size, 0)
  return seen.size === 0 ? 0 : total / seen.size
}
