import { type Component, isMultinode, type Role } from './component.ts'

/** A set's name and those of its parts share this many characters, so that pods and labels stay within 63. */
export const NAME_BUDGET = 45
/** A set's name is never cut below this. */
const SHORTEST_SET_NAME = 8
const HASH_DIGITS = 4
export const LONGEST_LABEL = 63

const SUFFIXES: Readonly<Record<Role, string>> = { single: '', leader: '-ldr', worker: '-wkr' }

export const cliqueName = (component: Component, role: Role): string => component.lowerName + SUFFIXES[role]

/** Low 16 bits of 32-bit FNV-1a over the UTF-8 bytes, as four hexadecimal digits. */
export function shortHash(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash & 0xffff).toString(16).padStart(HASH_DIGITS, '0')
}

/** Characters of the budget that a component takes: its clique's name, and its scaling group's if it has one. */
export function componentLength(component: Component): number {
  const { length } = component.lowerName
  return isMultinode(component) ? 2 * length + SUFFIXES.leader.length : length
}

/** What is left for the set's name beside the longest component; less than nothing useful if no name can fit. */
export const setNameBudget = (components: readonly Component[]): number =>
  NAME_BUDGET - Math.max(0, ...components.map(componentLength))

export const fitsBudget = (component: Component): boolean =>
  componentLength(component) <= NAME_BUDGET - SHORTEST_SET_NAME

/** The graph's name, or its head and a hash where the whole would not fit. */
export function setName(graphName: string, components: readonly Component[]): string {
  const budget = Math.max(SHORTEST_SET_NAME, setNameBudget(components))
  return shortened(graphName, budget)
}

/** `name` if it has at most `limit` characters, else its head, a dash and the hash of the whole. */
export function shortened(name: string, limit: number): string {
  if (name.length <= limit) return name
  return `${name.slice(0, limit - HASH_DIGITS - 1)}-${shortHash(name)}`
}

/** Name of the PodClique or PodCliqueScalingGroup that the component's replicas live in. */
export const scaledName = (set: string, component: Component): string => `${set}-0-${component.lowerName}`

/** Value of the selector label, and, with the dots gone, name of the component's Service. */
export const componentFullName = (graphName: string, component: Component): string =>
  `${graphName}-${component.lowerName}`
export const serviceName = (graphName: string, component: Component): string =>
  componentFullName(graphName, component).replaceAll('.', '-')

export const discoveryAccountName = (graphName: string): string =>
  shortened(`${graphName}-k8s-service-discovery`, LONGEST_LABEL)
export const discoveryRoleName = (graphName: string): string =>
  shortened(`${graphName}-k8s-service-discovery-role`, LONGEST_LABEL)
export const discoveryBindingName = (graphName: string): string =>
  shortened(`${graphName}-k8s-service-discovery-binding`, LONGEST_LABEL)
export const PLANNER_ACCOUNT = 'planner-serviceaccount'

export const leaderScriptName = (graphName: string): string => shortened(`${graphName}-wait-leader-script`, 253)

/** The value components find each other by. One for all of a graph, unless a component joins the global one. */
export const dynamoNamespace = (namespace: string, graphName: string, component: Component): string =>
  component.isGlobalNamespace ? 'dynamo' : `${namespace}-${graphName}`.replaceAll('.', '-')
