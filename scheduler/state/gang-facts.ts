import type { GangTopologyConstraint, PodGang } from '../../api/generated/kinds.ts'
import type { Condition, KubeObject } from '../../api/kinds/kubernetes.ts'
import { BASE_POD_GANG, SPREAD_ANNOTATION, TOPOLOGY_NAME } from '../../api/names.ts'
import type { Reason } from '../../api/reasons.ts'
import { parseGangSpread, type Spread, spreadOf } from '../../api/spread.ts'
import { gangFault } from './gang-faults.ts'

/** What one topologyConstraint comes to; label keys, '' never. */
export interface Constraint {
  readonly required: string | null
  readonly preferred: string | null
  readonly spread: Spread | null
}

export interface GroupFacts {
  readonly name: string
  readonly minimum: number
  /** Names of pods of the gang's own namespace. */
  readonly references: readonly string[]
  readonly constraint: Constraint
}

export interface ConstraintGroup {
  readonly name: string
  readonly groups: readonly string[]
  readonly constraint: Constraint
}

/** What the scheduler keeps of a PodGang; a pod of no gang is given the same form, as a gang of one. */
export interface GangFacts {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly createdAt: string
  /** A pod of no gang. */
  readonly isPlain: boolean
  /** Scaled gangs come after base gangs. */
  readonly isScaled: boolean
  readonly topologyName: string | null
  readonly groups: readonly GroupFacts[]
  readonly constraint: Constraint
  readonly constraintGroups: readonly ConstraintGroup[]
  readonly sameDomainAs: { readonly podGang: string; readonly key: string } | null
  /** References that lead out of the namespace: refused, and never read. */
  readonly foreignReferences: readonly string[]
  /** What is written wrongly, where, and what would be right: such a gang is not placed. */
  readonly invalid: Reason | null
  readonly isTerminating: boolean
  readonly status: GangStatusFacts
  /** Equal for gangs that ask for the same, their pods and their own names aside. */
  readonly shape: string
}

/** What stands in the status, to know whether there is anything to write. */
export interface GangStatusFacts {
  readonly phase: string | null
  readonly placementScore: number | null
  readonly conditions: readonly Condition[]
}

export interface GangObject extends KubeObject {
  readonly facts: GangFacts
}

export const NO_CONSTRAINT: Constraint = { required: null, preferred: null, spread: null }
export const PLACEMENT_COMPLETE = 'PlacementComplete'

/** Without its version: what changes no fact is no change. */
export function projectGang(raw: KubeObject): GangObject {
  const { name, uid, creationTimestamp, namespace } = raw.metadata
  const metadata = { name, uid, resourceVersion: '', creationTimestamp, namespace: namespace ?? '' }
  return { apiVersion: raw.apiVersion, kind: raw.kind, metadata, facts: gangFacts(raw as PodGang) }
}

export function gangFacts(gang: PodGang): GangFacts {
  const { metadata } = gang
  const namespace = metadata.namespace ?? ''
  const spec = gang.spec ?? { podgroups: [] }
  const listed = spec.podgroups ?? []
  const own = constraintOf(spec.topologyConstraint)
  const annotation = metadata.annotations?.[SPREAD_ANNOTATION]
  const annotated = annotation === undefined ? null : parseGangSpread(annotation).spread
  const facts = {
    uid: metadata.uid,
    namespace,
    name: metadata.name,
    createdAt: metadata.creationTimestamp ?? '',
    isPlain: false,
    isScaled: metadata.labels?.[BASE_POD_GANG] !== undefined,
    topologyName: metadata.annotations?.[TOPOLOGY_NAME] || null,
    groups: listed.map((group) => ({
      name: group.name,
      minimum: group.minReplicas ?? 0,
      references: (group.podReferences ?? []).filter((pod) => isOwn(namespace, pod)).map((pod) => pod.name),
      constraint: constraintOf(group.topologyConstraint),
    })),
    constraint: { ...own, spread: own.spread ?? (annotated && spreadOf(annotated)) },
    constraintGroups: (spec.topologyConstraintGroupConfigs ?? []).map((config) => ({
      name: config.name,
      groups: config.podGroupNames ?? [],
      constraint: constraintOf(config.topologyConstraint),
    })),
    sameDomainAs: spec.sameDomainAs ?? null,
    foreignReferences: listed.flatMap((group) =>
      (group.podReferences ?? []).filter((pod) => !isOwn(namespace, pod)).map((pod) => `${pod.namespace}/${pod.name}`),
    ),
    invalid: gangFault(gang),
    isTerminating: metadata.deletionTimestamp !== undefined && metadata.deletionTimestamp !== null,
    status: statusFacts(gang),
  }
  return { ...facts, shape: shared(shapeOf(facts)) }
}

/** In words that no names can make equal: each with its length. */
function shapeOf(gang: Omit<GangFacts, 'shape'>): string {
  const word = (text: string | null): string => (text === null ? '-' : `${text.length}'${text}`)
  const written = ({ required, preferred, spread }: Constraint): string =>
    `${word(required)}${word(preferred)}${spread === null ? '' : JSON.stringify(spread)};`
  const configs = gang.constraintGroups.map(
    ({ name, groups, constraint }) => `${word(name)}${written(constraint)}${groups.map(word).join('')};`,
  )
  const groups = gang.groups.map(({ name, constraint }) => `${word(name)}${written(constraint)}`)
  const tie = gang.sameDomainAs === null ? '' : JSON.stringify(gang.sameDomainAs)
  return `${word(gang.topologyName)}${written(gang.constraint)}${tie}|${configs.join('')}|${groups.join('')}`
}

/** Gangs of one shape share the text: less memory, and comparing two is comparing identity. */
const SHARED_MAX = 10_000
const shapes = new Map<string, string>()

function shared(shape: string): string {
  const known = shapes.get(shape)
  if (known !== undefined) return known
  if (shapes.size >= SHARED_MAX) shapes.clear()
  shapes.set(shape, shape)
  return shape
}

/** A reference without a namespace is one into the gang's own. */
const isOwn = (namespace: string, pod: { namespace?: string }): boolean => (pod.namespace || namespace) === namespace

function statusFacts(gang: PodGang): GangStatusFacts {
  const { phase, placementScore, conditions } = gang.status ?? {}
  return {
    phase: phase ?? null,
    placementScore: placementScore ?? null,
    conditions: (conditions ?? []) as readonly Condition[],
  }
}

function constraintOf(written: GangTopologyConstraint | undefined): Constraint {
  const pack = written?.packConstraint
  const spread = written?.spread
  return {
    required: pack?.required || null,
    preferred: pack?.preferred || null,
    spread: spread?.key ? spreadOf(spread) : null,
  }
}

/** Whether nothing but the status differs. */
export function isSameSpec(a: GangFacts, b: GangFacts): boolean {
  const written = (gang: GangFacts): string => JSON.stringify({ ...gang, status: null })
  return a === b || written(a) === written(b)
}

export const conditionOf = (status: GangStatusFacts, type: string): Condition | null =>
  status.conditions.find((condition) => condition.type === type) ?? null

/** All label keys that the gang's constraints name. */
export function keysOf(gang: GangFacts): string[] {
  const keys = [gang, ...gang.constraintGroups, ...gang.groups].flatMap(({ constraint }) => [
    constraint.required,
    constraint.preferred,
    constraint.spread?.over ?? null,
  ])
  return [...keys, gang.sameDomainAs?.key ?? null].filter((key) => key !== null)
}
