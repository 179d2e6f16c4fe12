import type { GangTopologyConstraint, PodGang } from '../../api/generated/kinds.ts'
import type { Condition, KubeObject } from '../../api/kinds/kubernetes.ts'
import { BASE_POD_GANG, SPREAD_ANNOTATION, TOPOLOGY_NAME } from '../../api/names.ts'
import type { Reason } from '../../api/reasons.ts'
import { parseGangSpread, type Spread, spreadOf } from '../../api/spread.ts'
import { gangFault } from './gang-faults.ts'
import { sharedText } from './shared-text.ts'

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
  /** By which it is known: namespace/name, or `pod:` and a uid for a pod of no gang. */
  readonly key: string
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
  /** The same for gangs that ask for the same, their pods and their own names aside. */
  readonly shape: GangShape
}

/** What gangs alike have in common: one object for all of them, so that what follows from it is found by identity. */
export interface GangShape {
  readonly text: string
  /** How many of its scopes require a level. */
  readonly requiringCount: number
  /** Its plan depends on where other gangs of its namespace are. */
  readonly isLookingAround: boolean
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
  const namespace = sharedText(metadata.namespace ?? '')
  const spec = gang.spec ?? { podgroups: [] }
  const listed = spec.podgroups ?? []
  const own = constraintOf(spec.topologyConstraint)
  const annotation = metadata.annotations?.[SPREAD_ANNOTATION]
  const annotated = annotation === undefined ? null : parseGangSpread(annotation).spread
  const isTerminating = metadata.deletionTimestamp !== undefined && metadata.deletionTimestamp !== null
  const groups = listed.map((group) => ({
    name: sharedText(group.name),
    minimum: group.minReplicas ?? 0,
    references: (group.podReferences ?? []).filter((pod) => isOwn(namespace, pod)).map((pod) => pod.name),
    constraint: constraintOf(group.topologyConstraint),
  }))
  const constraint = annotated === null || own.spread !== null ? own : { ...own, spread: spreadOf(annotated) }
  const constraintGroups = (spec.topologyConstraintGroupConfigs ?? []).map((config) => ({
    name: config.name,
    groups: config.podGroupNames ?? [],
    constraint: constraintOf(config.topologyConstraint),
  }))
  const topologyName = metadata.annotations?.[TOPOLOGY_NAME] || null
  const sameDomainAs = spec.sameDomainAs ?? null
  return {
    key: sharedText(`${namespace}/${metadata.name}`),
    uid: metadata.uid,
    namespace,
    name: sharedText(metadata.name),
    createdAt: sharedText(metadata.creationTimestamp ?? ''),
    isPlain: false,
    isScaled: metadata.labels?.[BASE_POD_GANG] !== undefined,
    topologyName,
    groups,
    constraint,
    constraintGroups,
    sameDomainAs,
    foreignReferences: listed.flatMap((group) =>
      (group.podReferences ?? []).filter((pod) => !isOwn(namespace, pod)).map((pod) => `${pod.namespace}/${pod.name}`),
    ),
    invalid: gangFault(gang),
    isTerminating,
    status: statusFacts(gang),
    shape: shapeOf({ topologyName, groups, constraint, constraintGroups, sameDomainAs }),
  }
}

type Shaping = Pick<GangFacts, 'topologyName' | 'groups' | 'constraint' | 'constraintGroups' | 'sameDomainAs'>

/** In words that no names can make equal: each with its length. */
function textOf(gang: Shaping): string {
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

const SHAPES_MAX = 10_000
const shapes = new Map<string, GangShape>()

function shapeOf(gang: Shaping): GangShape {
  const text = textOf(gang)
  const known = shapes.get(text)
  if (known !== undefined) return known
  if (shapes.size >= SHAPES_MAX) shapes.clear()
  const constraints = [gang, ...gang.constraintGroups, ...gang.groups].map(({ constraint }) => constraint)
  const shape: GangShape = {
    text,
    requiringCount: constraints.filter(({ required }) => required !== null).length,
    isLookingAround: gang.sameDomainAs !== null || constraints.some(({ spread }) => spread !== null),
  }
  shapes.set(text, shape)
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
  const [required, preferred] = [pack?.required || null, pack?.preferred || null]
  return spread?.key ? { required, preferred, spread: spreadOf(spread) } : packOf(required, preferred)
}

const packs = new Map<string, Constraint>([['null null', NO_CONSTRAINT]])
const PACKS_MAX = 1_000

/** Without a spread there are few in a cluster: gangs share them. */
function packOf(required: string | null, preferred: string | null): Constraint {
  const id = `${required} ${preferred}`
  const known = packs.get(id)
  if (known?.required === required && known.preferred === preferred) return known
  if (packs.size >= PACKS_MAX) packs.clear()
  const pack = { required, preferred, spread: null }
  packs.set(id, pack)
  return pack
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
