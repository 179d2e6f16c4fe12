/** What the observer reads off API objects, on its own: nothing here comes from scheduler/. */
import type { KubeObject, Node, Pod } from '../../api/kinds/kubernetes.ts'
import type { PodGang } from '../../api/generated/kinds.ts'

export const GPU = 'nvidia.com/gpu'
export const RACK = 'example.com/rack'
export const GANG_LABEL = 'grove.io/podgang'
export const GROUP_LABEL = 'grove.io/podclique'
export const RECREATED_FOR = 'espalier.io/recreated-for'
export const ATTEMPT = 'espalier.io/attempt'
export const OUR_NAME = 'espalier'
export const NAMESPACE = 'default'

/** gpus, cpus (whole), pods. */
export type Amounts = readonly [number, number, number]

const UNITS: Readonly<Record<string, number>> = { m: 1e-3, k: 1e3 }

const number = (text: string | number | undefined): number => {
  const [, amount = text ?? 0, unit = ''] = /^(.*)([mk])$/.exec(String(text)) ?? []
  const value = Math.round(Number(amount) * (UNITS[unit] ?? 1) * 1e6) / 1e6
  if (!Number.isInteger(value)) throw new Error(`the simulation writes whole numbers only, found ${text}`)
  return value
}

type Container = Pod['spec']['containers'][number]

const needs = ({ resources }: Container): Amounts => {
  const requests = resources?.requests ?? {}
  return [number(requests[GPU]), number(requests['cpu']), 0]
}

/** What an object says, read once: objects of the history are never changed. */
function once<K extends object, V>(read: (of: K) => V): (of: K) => V {
  const known = new WeakMap<K, V>()
  return (of) => {
    const found = known.get(of)
    if (found !== undefined) return found
    const value = read(of)
    known.set(of, value)
    return value
  }
}

/** What runs at once at the worst moment: containers and sidecars, or one init container beside the sidecars before it. */
export const asksFor: (pod: Pod) => Amounts = once(({ spec }) => {
  let most: Amounts = [0, 0, 0]
  let beside: Amounts = [0, 0, 0]
  for (const container of spec.initContainers ?? []) {
    const then = plus(beside, needs(container))
    most = larger(most, then)
    if (container.restartPolicy === 'Always') beside = then
  }
  return plus(larger(most, spec.containers.map(needs).reduce(plus, beside)), [0, 0, 1])
})

const larger = (a: Amounts, b: Amounts): Amounts => [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.max(a[2], b[2])]

export const has: (node: Node) => Amounts = once(({ status }) => {
  const amounts = status?.allocatable ?? {}
  return [number(amounts[GPU]), number(amounts['cpu']), number(amounts['pods'])]
})

export const plus = (a: Amounts, b: Amounts): Amounts => [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
export const minus = (a: Amounts, b: Amounts): Amounts => [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
/** Of what is not asked for there may be too little: a node that shrank below its use still takes a pod that needs none of it. */
export const fits = (a: Amounts, room: Amounts): boolean =>
  a.every((amount, at) => amount === 0 || amount <= (room[at] ?? 0))

export const nodeOf = ({ spec }: Pod): string | null => spec?.nodeName || null
export const isFinished = ({ status }: Pod): boolean => status?.phase === 'Failed' || status?.phase === 'Succeeded'
export const isFailed = ({ status }: Pod): boolean => status?.phase === 'Failed'
export const isTerminating = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp != null
export const isGated = ({ spec }: Pod): boolean => (spec?.schedulingGates ?? []).length > 0
export const isOurs = ({ spec }: Pod): boolean => spec?.schedulerName === OUR_NAME
export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
export const hasController = ({ metadata }: Pod): boolean =>
  metadata.ownerReferences?.some(({ controller }) => controller === true) === true
export const gangName = ({ metadata }: Pod): string | null => metadata.labels?.[GANG_LABEL] ?? null
export const groupName = ({ metadata }: Pod): string | null => metadata.labels?.[GROUP_LABEL] ?? null
export const rackOf = ({ metadata }: Node): string | null => metadata.labels?.[RACK] ?? null

/** Alive: neither going nor done. */
export const isAlive = (pod: Pod): boolean => !isTerminating(pod) && !isFinished(pod)

/** New pods may come to it. The simulation's pods tolerate nothing. */
export const takesPods = ({ spec }: Node): boolean =>
  spec?.unschedulable !== true && !(spec?.taints ?? []).some(({ effect }) => effect !== 'PreferNoSchedule')

export interface AttemptText {
  readonly gangUid: string | null
  readonly kind: string
  readonly count: number
}

/** DESIGN: `<PodGang uid>/<seq>/<first|repair|surplus>/<count>`. */
export function attemptIn(text: string | undefined): AttemptText | null {
  const [gang, seq, kind, count, ...rest] = (text ?? '').split('/')
  if (gang === undefined || seq === undefined || kind === undefined || count === undefined || rest.length > 0)
    return null
  return { gangUid: gang === '-' ? null : gang, kind, count: Number(count) }
}

export const attemptOf = ({ metadata }: Pod): AttemptText | null => attemptIn(metadata.annotations?.[ATTEMPT])

export interface GroupFacts {
  readonly name: string
  readonly minimum: number
  readonly members: ReadonlySet<string>
  readonly required: string | null
}

export const groupsOf: (gang: PodGang) => readonly GroupFacts[] = once(({ spec }) =>
  spec.podgroups.map(({ name, minReplicas, podReferences, topologyConstraint }) => ({
    name,
    minimum: minReplicas,
    members: new Set(podReferences.map((reference) => reference.name)),
    required: topologyConstraint?.packConstraint?.required ?? null,
  })),
)

export const requiredOf = ({ spec }: PodGang): string | null =>
  spec.topologyConstraint?.packConstraint?.required ?? null

export const conditionOf = ({ status }: PodGang, type: string): string | null =>
  status?.conditions?.find((condition) => condition.type === type)?.status ?? null

export const isMember = (gang: PodGang, { name, members }: GroupFacts, pod: Pod): boolean =>
  pod.metadata.namespace === gang.metadata.namespace &&
  gangName(pod) === gang.metadata.name &&
  groupName(pod) === name &&
  (members.has(pod.metadata.name) || isOfClique(pod, name))

/** It need not be listed: who makes it says so as well. */
const isOfClique = ({ metadata }: Pod, clique: string): boolean =>
  metadata.ownerReferences?.some(
    ({ controller, kind, name }) => controller === true && kind === 'PodClique' && name === clique,
  ) === true
