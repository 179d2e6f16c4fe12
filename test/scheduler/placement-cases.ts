/** The placement cases of test/fixtures/placement.json, written as the manifests that `espalier simulate` reads. */
import { readFileSync } from 'node:fs'
import type { NewObject } from '../../api/kinds/kubernetes.ts'

export interface CasePod {
  readonly name: string
  readonly group: string
  readonly gpus?: number
  readonly cpuMillis?: number
  readonly phase: string
  readonly on?: string
  readonly labels?: Record<string, string>
  readonly podAffinity?: unknown
  readonly podAntiAffinity?: unknown
}

interface Pack {
  readonly required?: string
  readonly preferred?: string
  readonly topology?: string
}

export interface CaseGroup {
  readonly name: string
  readonly min?: number
  readonly groups?: readonly CaseGroup[]
  readonly pack?: Pack
}

export interface CaseGang {
  readonly name: string
  readonly priority: number
  readonly groups: readonly CaseGroup[]
  readonly minGroups?: number
  readonly pack?: Pack
  readonly pods: readonly CasePod[]
}

interface Expected {
  readonly state: string
  readonly node?: string
}

export interface Invariant {
  readonly kind: string
  readonly gang?: string
  readonly group?: string
  readonly level?: string
  readonly exactly: number
  readonly within?: readonly string[]
}

export interface PlacementCase {
  readonly id: string
  readonly tier: string
  readonly title: string
  readonly topologies?: Record<string, readonly string[]>
  readonly nodes: readonly {
    readonly name: string
    readonly gpus: number
    readonly cpuMillis?: number
    readonly labels?: Record<string, string>
  }[]
  readonly gangs: readonly CaseGang[]
  readonly expect: {
    readonly pods?: Record<string, Expected>
    readonly gangs?: Record<string, Expected>
    readonly invariants?: readonly Invariant[]
  }
}

export function placementCases(): PlacementCase[] {
  const file = new URL('../fixtures/placement.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { cases: PlacementCase[] }).cases
}

/** Object names may not hold underscores. */
export const objectName = (name: string): string => name.replaceAll('_', '-')

export const leavesOf = (groups: readonly CaseGroup[]): CaseGroup[] =>
  groups.flatMap((group) => (group.groups === undefined ? [group] : leavesOf(group.groups)))

const constraint = (pack: Pack | undefined): object => {
  if (pack === undefined) return {}
  const { required, preferred } = pack
  const packConstraint = { ...(required && { required }), ...(preferred && { preferred }) }
  return { topologyConstraint: { packConstraint } }
}

function topologyFile({ topologies = {} }: PlacementCase): NewObject[] {
  if (Object.keys(topologies).length === 0) return []
  const declared = Object.entries(topologies).map(([name, levels]) => ({
    name,
    levels: levels.map((level) => ({ name: level, key: level })),
  }))
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'espalier-topology', namespace: 'espalier-system' },
      data: { 'topology.yaml': JSON.stringify({ topologies: declared }) },
    },
  ]
}

function nodes({ nodes: declared }: PlacementCase): NewObject[] {
  return declared.map(({ name, gpus, cpuMillis, labels }) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: labels ?? {} },
    status: {
      allocatable: {
        cpu: cpuMillis === undefined ? '1000' : `${cpuMillis}m`,
        memory: '1Ti',
        pods: '500',
        'nvidia.com/gpu': String(gpus),
      },
    },
  }))
}

function podGang(gang: CaseGang): NewObject {
  const inner = gang.groups.filter(({ groups }) => groups !== undefined)
  const topology = [gang.pack, ...gang.groups.map(({ pack }) => pack)].find((pack) => pack?.topology)?.topology
  const referencesTo = (group: string): object[] =>
    gang.pods.filter((pod) => pod.group === group).map((pod) => ({ namespace: 'default', name: objectName(pod.name) }))
  return {
    apiVersion: 'scheduler.grove.io/v1alpha1',
    kind: 'PodGang',
    metadata: {
      name: objectName(gang.name),
      namespace: 'default',
      ...(topology !== undefined && { annotations: { 'grove.io/topology-name': topology } }),
    },
    spec: {
      podgroups: leavesOf(gang.groups).map((group) => ({
        name: objectName(group.name),
        minReplicas: group.min ?? 0,
        podReferences: referencesTo(group.name),
        ...constraint(group.pack),
      })),
      ...(inner.length > 0 && {
        topologyConstraintGroupConfigs: inner
          .filter(({ pack }) => pack !== undefined)
          .map((group) => ({
            name: objectName(group.name),
            podGroupNames: leavesOf(group.groups ?? []).map(({ name }) => objectName(name)),
            ...constraint(group.pack),
          })),
      }),
      ...constraint(gang.pack),
    },
  }
}

function pod(gang: CaseGang, { name, group, gpus, cpuMillis, phase, on, labels }: CasePod): NewObject {
  const requests = {
    ...(cpuMillis !== undefined && { cpu: `${cpuMillis}m` }),
    ...(gpus !== undefined && gpus > 0 && { 'nvidia.com/gpu': String(gpus) }),
  }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: objectName(name),
      namespace: 'default',
      labels: { ...labels, 'grove.io/podgang': objectName(gang.name), 'grove.io/podclique': objectName(group) },
    },
    spec: {
      schedulerName: 'espalier',
      priorityClassName: `p${gang.priority}`,
      ...(phase === 'running' && on !== undefined && { nodeName: on }),
      containers: [{ name: 'main', image: 'engine', resources: { requests, limits: requests } }],
    },
  }
}

/** The whole case as one list of manifests. */
export function manifestsOf(placement: PlacementCase): NewObject[] {
  const priorities = [...new Set(placement.gangs.map(({ priority }) => priority))].sort((a, b) => a - b)
  const classes = priorities.map((value) => ({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: `p${value}` },
    value,
  }))
  return [
    ...classes,
    ...topologyFile(placement),
    ...nodes(placement),
    ...placement.gangs.flatMap((gang) => [podGang(gang), ...gang.pods.map((each) => pod(gang, each))]),
  ]
}

/** What `simulate -o json` says of one pod. */
export interface PodLine {
  readonly name: string
  readonly podGang: string | null
  readonly podGroup: string | null
  readonly node: string | null
  readonly phase: string
}

function brokenState(what: string, line: PodLine | undefined, { state, node }: Expected): string[] {
  if (line === undefined) return [`${what}: not listed`]
  const isBound = line.node !== null
  const wantsBound = state === 'placed' || state === 'running'
  if (isBound !== wantsBound) return [`${what}: ${isBound ? `on ${line.node}` : 'pending'}, want ${state}`]
  return node !== undefined && line.node !== node ? [`${what}: on ${line.node}, want ${node}`] : []
}

function brokenInvariant(placement: PlacementCase, pods: ReadonlyMap<string, PodLine>, invariant: Invariant): string[] {
  const { kind, level = '', exactly, within } = invariant
  const gang = placement.gangs.find(({ name }) => name === invariant.gang)
  const inner = gang?.groups.find(({ name }) => name === invariant.group)
  const leaves = inner === undefined ? null : new Set(leavesOf([inner]).map(({ name }) => name))
  const members = (gang?.pods ?? []).filter(
    ({ group }) => leaves?.has(group) ?? (invariant.group === undefined || group === invariant.group),
  )
  const nodeOf = (name: string): string | null => pods.get(objectName(name))?.node ?? null
  const placed = members.filter(({ name }) => nodeOf(name) !== null)
  if (kind === 'placedPods') {
    const count = placed.filter(({ phase }) => phase === 'pending').length
    return count === exactly
      ? []
      : [`${invariant.gang} ${invariant.group ?? ''}: placed ${count} pods, want ${exactly}`]
  }
  if (kind === 'evictions') return exactly === 0 ? [] : ['evictions are not judged here']
  if (kind !== 'domains') return [`unknown invariant ${kind}`]
  const labels = new Map(placement.nodes.map((node) => [node.name, node.labels?.[level] ?? null]))
  const domains = new Set(placed.map(({ name }) => labels.get(nodeOf(name) ?? '') ?? null))
  const broken =
    domains.size === exactly
      ? []
      : [`${invariant.gang} ${invariant.group ?? ''}: ${domains.size} ${level}s, want ${exactly}`]
  const outside =
    within === undefined ? [] : [...domains].filter((domain) => domain === null || !within.includes(domain))
  return [...broken, ...outside.map((domain) => `${invariant.gang}: uses ${level} ${domain}`)]
}

/** Everything that the case asks for and the result does not keep; empty when it holds. */
export function breachesOf(placement: PlacementCase, lines: readonly PodLine[]): string[] {
  const pods = new Map(lines.map((line) => [line.name, line]))
  const { expect } = placement
  return [
    ...Object.entries(expect.pods ?? {}).flatMap(([name, want]) => brokenState(name, pods.get(objectName(name)), want)),
    ...Object.entries(expect.gangs ?? {}).flatMap(([name, want]) =>
      (placement.gangs.find((gang) => gang.name === name)?.pods ?? []).flatMap((member) =>
        brokenState(member.name, pods.get(objectName(member.name)), want),
      ),
    ),
    ...(expect.invariants ?? []).flatMap((invariant) => brokenInvariant(placement, pods, invariant)),
  ]
}
