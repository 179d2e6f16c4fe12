/**
 * The cases of test/fixtures/drawn-cases.jsonl, one a line: a cluster and gangs in few words, and what must come of them,
 * each worked out by hand from the rules.
 */
import { readFileSync } from 'node:fs'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE, HOSTNAME_LABEL, POD_CLIQUE, POD_GANG, POD_INDEX } from '../../api/names.ts'
import type { SimulationResult } from '../../cli/simulation.ts'

type Fields = Readonly<Record<string, unknown>>
type Amounts = Readonly<Record<string, string>>

/** Keys are names of levels (`rack`) or label keys. */
export interface DrawnConstraint {
  readonly req?: string
  readonly pref?: string
  readonly spread?: Fields & { readonly key: string }
}

export interface DrawnGang extends DrawnConstraint {
  readonly pri?: number
  /** creationTimestamp. */
  readonly at?: string
  readonly gate?: string
  readonly topo?: string
  readonly labels?: Amounts
  readonly ann?: Amounts
  readonly spec?: Fields
}

/** `n` pods `<gang>-<group>-<i>`, the first of them on the nodes `on`, the last `gated` with a gate, the last `late` missing. */
export interface DrawnGroup extends DrawnConstraint {
  readonly n: number
  readonly min?: number
  readonly gpu?: number
  readonly cpu?: string
  readonly res?: Amounts
  readonly on?: readonly string[]
  readonly gated?: number
  readonly late?: number
  /** Further pods on these nodes: going, finished. */
  readonly dying?: readonly string[]
  readonly done?: readonly string[]
  readonly labels?: Amounts
  readonly spec?: Fields
}

export interface DrawnNode {
  readonly cordon?: boolean
  readonly taint?: boolean
  readonly taints?: readonly object[]
  readonly labels?: Amounts
  readonly alloc?: Amounts
}

interface DrawnPod {
  readonly on?: string
  readonly gpu?: number
  readonly res?: Amounts
  readonly sched?: string
  readonly labels?: Amounts
  readonly spec?: Fields
  readonly status?: Fields
}

type Levels = readonly (string | { readonly name: string; readonly key: string; readonly within?: string })[]

/** A part of a case. */
export type Drawn =
  /** `zone/rack: a1*4 a2! b~; …` along `levels`: 4 GPUs (else `gpus`), cordoned, tainted; `-` is no label. */
  | { readonly nodes: readonly [string, readonly string[], number, Readonly<Record<string, DrawnNode>>] }
  | { readonly topologies: readonly (Fields & { readonly name: string; readonly levels: Levels })[] }
  | {
      readonly gang: readonly [
        string,
        DrawnGang,
        Readonly<Record<string, DrawnGroup>>,
        Readonly<Record<string, DrawnConstraint & { readonly of: readonly string[] }>>,
      ]
    }
  | { readonly pod: readonly [string, DrawnPod] }
  /** `a1*3 b1`: pods of another scheduler with 3 GPUs on a1, 1 on b1. */
  | { readonly used: string }
  | { readonly priorities: readonly number[] }
  | { readonly object: NewObject }

export interface DrawnCase {
  readonly id: string
  readonly parts: readonly Drawn[]
  /** Per prefix of pod names (or name of a gang) what must hold: see `WANTS`. */
  readonly want: Readonly<Record<string, string>>
}

export function drawnCases(): DrawnCase[] {
  const file = new URL('../fixtures/drawn-cases.jsonl', import.meta.url)
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as DrawnCase)
}

const KEYS: Readonly<Record<string, string>> = { host: HOSTNAME_LABEL, nv: 'nvidia.com/gpu.clique' }
const LEVELS = ['region', 'zone', 'block', 'rack', 'row']
export const keyOf = (level: string): string => KEYS[level] ?? (LEVELS.includes(level) ? `x/${level}` : level)

export const objectsOf = ({ parts }: DrawnCase): NewObject[] => parts.flatMap((part, at) => objectsIn(part, at))

function objectsIn(part: Drawn, at: number): NewObject[] {
  if ('nodes' in part) return nodesOf(...part.nodes)
  if ('topologies' in part) return [topologyFile(part.topologies)]
  if ('gang' in part) return gangOf(...part.gang)
  if ('pod' in part) return [podOf(...part.pod)]
  if ('used' in part) return part.used.split(' ').map((word, i) => usedOf(word, `used-${at}-${i}`))
  if ('priorities' in part) return part.priorities.map(priorityOf)
  return [part.object]
}

const priorityOf = (value: number): NewObject => ({
  ...{ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: `p${value}` } },
  value,
})

function topologyFile(topologies: readonly { readonly levels: Levels }[]): NewObject {
  const written = topologies.map((each) => ({
    ...each,
    levels: each.levels.map((level) => (typeof level === 'string' ? { name: level, key: keyOf(level) } : level)),
  }))
  return {
    ...{ apiVersion: 'v1', kind: 'ConfigMap' },
    metadata: { name: 'espalier-topology', namespace: 'espalier-system' },
    data: { 'topology.yaml': JSON.stringify({ topologies: written }) },
  }
}

function nodesOf(
  drawing: string,
  levels: readonly string[],
  gpus: number,
  over: Readonly<Record<string, DrawnNode>>,
): NewObject[] {
  return drawing.split(';').flatMap((part) => {
    const [path = '', list = ''] = part.split(':').map((text) => text.trim())
    const values = path.split('/').map((value, i) => [keyOf(levels[i] ?? ''), value] as const)
    const labels = Object.fromEntries(values.filter(([, value]) => value !== '-' && value !== ''))
    return list.split(/\s+/).map((word) => {
      const [, name = '', own, cordon, taint] = /^([\w.-]+?)(?:\*(\d+))?(!)?(~)?$/.exec(word) ?? []
      const marks = { cordon: cordon !== undefined, taint: taint !== undefined, ...over[name] }
      return nodeOf(name, own === undefined ? gpus : Number(own), labels, marks)
    })
  })
}

function nodeOf(name: string, gpus: number, labels: Amounts, form: DrawnNode): NewObject {
  const devices = gpus > 0 ? { [GPU_RESOURCE]: String(gpus) } : {}
  const allocatable = { cpu: '64', memory: '256Gi', pods: '110', ...devices, ...form.alloc }
  const dedicated = form.taint === true ? [{ key: 'dedicated', value: 'x', effect: 'NoSchedule' }] : []
  const taints = [...dedicated, ...(form.taints ?? [])]
  return {
    ...{ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { ...labels, ...form.labels } } },
    spec: { ...(form.cordon === true && { unschedulable: true }), ...(taints.length > 0 && { taints }) },
    status: { capacity: allocatable, allocatable },
  }
}

function podOf(name: string, { gpu = 1, res, on, sched = 'espalier', labels = {}, spec, status }: DrawnPod): NewObject {
  const requests = res ?? { [GPU_RESOURCE]: String(gpu) }
  return {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default', labels } },
    spec: {
      schedulerName: sched,
      ...(on !== undefined && { nodeName: on }),
      containers: [{ name: 'main', image: 'x', resources: { requests, limits: requests } }],
      ...spec,
    },
    ...(status !== undefined && { status }),
  }
}

function usedOf(word: string, name: string): NewObject {
  const [on = '', gpus = '1'] = word.split('*')
  return podOf(name, { on, gpu: Number(gpus), sched: 'default-scheduler' })
}

function constraintOf({ req, pref, spread }: DrawnConstraint): { topologyConstraint?: object } {
  const packConstraint = {
    ...(req !== undefined && { required: keyOf(req) }),
    ...(pref !== undefined && { preferred: keyOf(pref) }),
  }
  const written = {
    ...(Object.keys(packConstraint).length > 0 && { packConstraint }),
    ...(spread !== undefined && { spread: { ...spread, key: keyOf(spread.key) } }),
  }
  return Object.keys(written).length > 0 ? { topologyConstraint: written } : {}
}

function gangOf(
  name: string,
  form: DrawnGang,
  groups: Readonly<Record<string, DrawnGroup>>,
  around: Readonly<Record<string, DrawnConstraint & { readonly of: readonly string[] }>>,
): NewObject[] {
  const made = Object.entries(groups).map(([group, of]) => ({ group, of, pods: podsOf(name, form, group, of) }))
  const annotations = { ...(form.topo !== undefined && { 'grove.io/topology-name': form.topo }), ...form.ann }
  const configs = Object.entries(around).map(([each, constraint]) => ({
    ...{ name: each, podGroupNames: constraint.of },
    ...constraintOf(constraint),
  }))
  const gang: NewObject = {
    ...{ apiVersion: 'scheduler.grove.io/v1alpha1', kind: 'PodGang' },
    metadata: {
      ...{ name, namespace: 'default', annotations, labels: { ...form.labels } },
      ...(form.at !== undefined && { creationTimestamp: form.at }),
    },
    spec: {
      podgroups: made.map(({ group, of, pods }) => ({
        name: group,
        minReplicas: of.min ?? of.n,
        podReferences: [...pods.map(({ metadata }) => metadata.name ?? ''), ...lateOf(name, group, of)].map((pod) => ({
          ...{ namespace: 'default', name: pod },
        })),
        ...constraintOf(of),
      })),
      ...(configs.length > 0 && { topologyConstraintGroupConfigs: configs }),
      ...constraintOf(form),
      ...form.spec,
    },
  }
  return [gang, ...made.flatMap(({ pods }) => pods)]
}

const lateOf = (gang: string, group: string, { n, late = 0 }: DrawnGroup): string[] =>
  Array.from({ length: late }, (_, i) => `${gang}-${group}-${n - late + i}`)

function podsOf(gang: string, form: DrawnGang, group: string, of: DrawnGroup): NewObject[] {
  const { n, on = [], gated = 0, late = 0, dying = [], done = [], gpu = 1, cpu, res } = of
  const own = { ...(gpu > 0 && { [GPU_RESOURCE]: String(gpu) }), ...(cpu !== undefined && { cpu }), ...res }
  const labels = { [POD_GANG]: gang, [POD_CLIQUE]: group, ...of.labels }
  const priority = form.pri === undefined ? {} : { priorityClassName: `p${form.pri}` }
  const gates = { schedulingGates: [{ name: form.gate ?? 'grove.io/podgang-pending-creation' }] }
  const members = Array.from({ length: n - late }, (_, i) =>
    podOf(`${gang}-${group}-${i}`, {
      ...{ res: own, labels: { ...labels, [POD_INDEX]: String(i) } },
      ...(on[i] !== undefined && { on: on[i] }),
      spec: { ...priority, ...(i >= n - gated && gates), ...of.spec },
    }),
  )
  const others = [
    ...dying.map((node, i) => leaving(podOf(`${gang}-${group}-d${i}`, { res: own, labels, on: node }))),
    ...done.map((node, i) =>
      podOf(`${gang}-${group}-f${i}`, { res: own, labels, on: node, status: { phase: 'Succeeded' } }),
    ),
  ]
  return [...members, ...others]
}

const leaving = (pod: NewObject): NewObject => ({
  ...pod,
  metadata: {
    ...{ ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 86_400 },
    finalizers: ['x/hold'],
  },
})

interface Seen {
  readonly pods: SimulationResult['pods']
  readonly all: SimulationResult['pods']
  readonly gang: SimulationResult['gangs'][number] | undefined
  /** Labels by node. */
  readonly labels: ReadonlyMap<string, Amounts>
}

const ofName = (pods: Seen['all'], prefix: string): Seen['pods'] =>
  pods.filter(({ name }) => name === prefix || name.startsWith(`${prefix}-`))
const nodesIn = ({ pods }: Seen): string[] => pods.map(({ node }) => node ?? '-').sort()
const pendingIn = ({ pods }: Seen): SimulationResult['pods'] => pods.filter(({ node }) => node === null)
const placedIn = ({ pods }: Seen): string[] => pods.flatMap(({ node }) => node ?? [])
const sorted = (text: string): string => text.split(' ').sort().join(' ')
/** What the pending pods say, each text once. */
const said = (seen: Seen, of: (pod: Seen['pods'][number]) => string | null): string =>
  [...new Set(pendingIn(seen).map((pod) => of(pod) ?? 'nothing'))].join(' / ') || 'no pod is pending'
const domainsIn = (seen: Seen, level: string): ReadonlySet<string> =>
  new Set(placedIn(seen).map((node) => seen.labels.get(node)?.[keyOf(level)] ?? 'none'))

/** Each gives null where the argument holds, else what is there instead. */
const WANTS: Readonly<Record<string, (seen: Seen, arg: string) => string | null>> = {
  /** The nodes of its pods, `-` for a pending one; `=|`: one of several such lists. */
  '=': (seen, arg) => (nodesIn(seen).join(' ') === sorted(arg) ? null : nodesIn(seen).join(' ')),
  '=|': (seen, arg) =>
    arg.split(' | ').some((each) => nodesIn(seen).join(' ') === sorted(each)) ? null : nodesIn(seen).join(' '),
  /** How many have a node. */
  n: (seen, arg) => (placedIn(seen).length === Number(arg) ? null : String(placedIn(seen).length)),
  /** All that have a node lie where some label has one of these values. */
  in: (seen, arg) => {
    const isThere = (node: string): boolean =>
      Object.values(seen.labels.get(node) ?? {}).some((v) => arg.split(' ').includes(v))
    return placedIn(seen).length > 0 && placedIn(seen).every(isThere) ? null : nodesIn(seen).join(' ')
  },
  /** `rack 2`: over so many racks. */
  over: (seen, arg) => {
    const [level = '', count] = arg.split(' ')
    return domainsIn(seen, level).size === Number(count) ? null : [...domainsIn(seen, level)].join(', ')
  },
  /** `g1 rack`: no rack that pods of g1 are in. */
  apart: (seen, arg) => {
    const [other = '', level = ''] = arg.split(' ')
    const theirs = domainsIn({ ...seen, pods: ofName(seen.all, other) }, level)
    const shared = [...domainsIn(seen, level)].filter((domain) => theirs.has(domain))
    return shared.length === 0 ? null : `both in ${shared.join(', ')}`
  },
  why: (seen, arg) =>
    said(seen, ({ reason }) => reason) === arg ? null : said(seen, (pod) => `${pod.reason}: ${pod.message}`),
  says: (seen, arg) =>
    pendingIn(seen).length > 0 && pendingIn(seen).every(({ message }) => message?.includes(arg))
      ? null
      : said(seen, ({ message }) => message),
  gang: ({ gang }, arg) =>
    `${gang?.phase} ${gang?.reason}` === arg ? null : `${gang?.phase} ${gang?.reason}: ${gang?.message}`,
  score: ({ gang }, arg) =>
    Math.abs((gang?.placementScore ?? -1) - Number(arg)) < 0.006 ? null : String(gang?.placementScore),
}

/** Everything that a case asks for and the result does not keep; empty when it holds. */
export function brokenWants(drawn: DrawnCase, { pods, gangs }: SimulationResult): string[] {
  const nodes = objectsOf(drawn).filter(({ kind }) => kind === 'Node')
  const labels = new Map(
    nodes.map(({ metadata }) => [metadata.name ?? '', { [HOSTNAME_LABEL]: metadata.name ?? '', ...metadata.labels }]),
  )
  const silent = pods
    .filter(({ node, reason }) => node === null && reason === null)
    .map(({ name }) => `${name}: no reason`)
  const broken = Object.entries(drawn.want).flatMap(([prefix, wants]) => {
    const seen: Seen = {
      pods: ofName(pods, prefix),
      all: pods,
      gang: gangs.find(({ name }) => name === prefix),
      labels,
    }
    return wants.split(';').flatMap((want) => {
      const [verb = '', ...rest] = want.trim().split(' ')
      const test = WANTS[verb]
      const found = test === undefined ? 'nobody knows such a wish' : test(seen, rest.join(' '))
      return found === null ? [] : [`${prefix}: want ${want.trim()}, found ${found}`]
    })
  })
  return [...broken, ...silent]
}
