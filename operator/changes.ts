import type { KubeObject, NewObject } from '../api/kinds/kubernetes.ts'
import { BASE_POD_GANG, POD_TEMPLATE_HASH, SPREAD_ANNOTATION, TOPOLOGY_NAME } from '../api/names.ts'
import { APPLIED_KEYS, parseAppliedKeys } from './expansion/applied-keys.ts'
import { sameJson } from './same-json.ts'

/**
 * Desired and observed → the difference, as a merge patch in fields that we own. What others add stays, and where
 * nothing differs there is nothing to write.
 */

type Json = Readonly<Record<string, unknown>>

/**
 * Fields whose whole content is ours, so that what is there and not wanted goes: paths from the object's root. In all
 * others only what we want is compared, because servers and people add to them.
 */
const WHOLLY_OWNED: Readonly<Record<string, readonly string[]>> = {
  PodGang: [
    'spec.podgroups',
    'spec.topologyConstraint',
    'spec.topologyConstraintGroupConfigs',
    'spec.priorityClassName',
    'spec.sameDomainAs',
  ],
  PodCliqueSet: ['spec'],
  PodClique: ['spec.startsAfter', 'spec.autoScalingConfig'],
  Service: ['spec.selector'],
  PodDisruptionBudget: ['spec.selector'],
  Role: ['rules'],
  RoleBinding: ['subjects'],
}

const OWNED_LABELS: readonly string[] = [BASE_POD_GANG]
const OWNED_ANNOTATIONS: readonly string[] = [APPLIED_KEYS, TOPOLOGY_NAME, SPREAD_ANNOTATION]

/** The merge patch that brings `observed` to `desired`, or null. Pure; O(object). */
export function patchBetween(desired: NewObject, observed: KubeObject): Json | null {
  const owned = new Set(WHOLLY_OWNED[desired.kind] ?? [])
  if (desired.kind === 'PodClique' && hashLabel(desired) !== hashLabel(observed)) owned.add('spec.podSpec')
  const { apiVersion: _, kind: __, metadata, status: ___, ...content } = desired
  const marks = marksPatch(metadata, observed.metadata)
  const body = objectPatch(content, observed, '', owned)
  if (marks === null && body === null) return null
  return { ...(marks === null ? {} : { metadata: marks }), ...body }
}

const hashLabel = ({ metadata }: NewObject | KubeObject): string | undefined => metadata.labels?.[POD_TEMPLATE_HASH]

type Marks = Pick<Partial<KubeObject['metadata']>, 'labels' | 'annotations'>

function marksPatch(desired: Marks, observed: Marks): Json | null {
  const applied = parseAppliedKeys(observed.annotations?.[APPLIED_KEYS])
  const labels = entriesPatch(desired.labels ?? {}, observed.labels ?? {}, [...OWNED_LABELS, ...applied.labels])
  const owned = [...OWNED_ANNOTATIONS, ...applied.annotations]
  const annotations = entriesPatch(desired.annotations ?? {}, observed.annotations ?? {}, owned)
  if (labels === null && annotations === null) return null
  return { ...(labels === null ? {} : { labels }), ...(annotations === null ? {} : { annotations }) }
}

type Entries = Readonly<Record<string, string>>

function entriesPatch(desired: Entries, observed: Entries, owned: readonly string[]): Json | null {
  const patch: Record<string, string | null> = {}
  for (const [key, value] of Object.entries(desired)) if (observed[key] !== value) patch[key] = value
  for (const key of owned) if (!(key in desired) && key in observed) patch[key] = null
  return Object.keys(patch).length === 0 ? null : patch
}

function objectPatch(desired: Json, observed: Json, path: string, owned: ReadonlySet<string>): Json | null {
  const patch: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(desired)) {
    const difference = fieldPatch(value, observed[field], join(path, field), owned)
    if (difference !== undefined) patch[field] = difference
  }
  for (const field of Object.keys(observed)) {
    if (owned.has(join(path, field)) && desired[field] === undefined) patch[field] = null
  }
  return Object.keys(patch).length === 0 ? null : patch
}

/** undefined: nothing differs. */
function fieldPatch(desired: unknown, observed: unknown, path: string, owned: ReadonlySet<string>): unknown {
  if (desired === undefined) return undefined
  if (owned.has(path)) return sameJson(desired, observed) ? undefined : replacing(desired, observed)
  if (!isJson(desired) || !isJson(observed)) return covers(observed, desired) ? undefined : desired
  return objectPatch(desired, observed, path, owned) ?? undefined
}

/** Merge patches leave what they do not name, so what must go is named with null. Lists are replaced whole. */
export function replacing(desired: unknown, observed: unknown): unknown {
  if (!isJson(desired) || !isJson(observed)) return desired
  const patch: Record<string, unknown> = {}
  for (const field of Object.keys(observed)) if (desired[field] === undefined) patch[field] = null
  for (const [field, value] of Object.entries(desired)) {
    if (value !== undefined && !sameJson(value, observed[field])) patch[field] = replacing(value, observed[field])
  }
  return patch
}

/** Everything desired is there; what the server or somebody else added beside it does not matter. */
function covers(observed: unknown, desired: unknown): boolean {
  if (Array.isArray(desired)) {
    if (!Array.isArray(observed) || observed.length !== desired.length) return false
    return desired.every((item, at) => covers(observed[at], item))
  }
  if (!isJson(desired)) return Object.is(observed, desired)
  if (!isJson(observed)) return false
  return Object.entries(desired).every(([field, value]) => value === undefined || covers(observed[field], value))
}

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const join = (path: string, field: string): string => (path === '' ? field : `${path}.${field}`)
