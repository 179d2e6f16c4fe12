import type { CountOrShare, Deployment, PodTemplate, ReplicaSet } from './kinds.ts'
import { byName } from './pod-state.ts'
import { canonical } from './template.ts'

/** What a Deployment does with its ReplicaSets. Pure: objects in, one step out. */

export const HASH_LABEL = 'pod-template-hash'
export const REVISION = 'deployment.kubernetes.io/revision'

const withoutHash = ({ metadata, spec }: PodTemplate): object => {
  const { [HASH_LABEL]: _hash, ...labels } = metadata?.labels ?? {}
  const { creationTimestamp: _time, ...rest } = { creationTimestamp: null, ...metadata }
  return { metadata: { ...rest, labels }, spec }
}

const isSameTemplate = (a: PodTemplate, b: PodTemplate): boolean =>
  canonical(withoutHash(a)) === canonical(withoutHash(b))

const byAge = (a: ReplicaSet, b: ReplicaSet): number =>
  Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) || byName(a, b)

export const revisionOf = ({ metadata }: { metadata: { annotations?: Record<string, string> } }): number =>
  Number(metadata.annotations?.[REVISION] ?? 0) || 0

export interface Generations {
  /** The set with the template as it is now; null: there is none yet. */
  readonly current: ReplicaSet | null
  /** The others, oldest first. */
  readonly old: readonly ReplicaSet[]
}

export function generationsOf({ spec }: Deployment, sets: readonly ReplicaSet[]): Generations {
  const sorted = [...sets].sort(byAge)
  const current = sorted.find((set) => isSameTemplate(set.spec.template, spec.template)) ?? null
  return { current, old: sorted.filter((set) => set !== current) }
}

/** A share of the whole, rounded up for a surge and down for what may be missing. */
const resolve = (value: CountOrShare, whole: number, round: (share: number) => number): number =>
  typeof value === 'number' ? value : round((Number.parseInt(value, 10) * whole) / 100)

export interface Bounds {
  readonly surge: number
  readonly unavailable: number
}

/** How many pods above and below the replicas a rollout may have; never both none. */
export function boundsOf({ spec }: Deployment): Bounds {
  if (spec.strategy?.type === 'Recreate') return { surge: 0, unavailable: 0 }
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {}
  const surge = resolve(maxSurge, spec.replicas, Math.ceil)
  const unavailable = Math.min(spec.replicas, resolve(maxUnavailable, spec.replicas, Math.floor))
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}

export interface Scaling {
  readonly set: ReplicaSet
  readonly replicas: number
}

const sum = (sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number): number =>
  sets.reduce((total, set) => total + count(set), 0)
const wanted = ({ spec }: ReplicaSet): number => spec.replicas
const available = ({ status }: ReplicaSet): number => status?.availableReplicas ?? 0
const scaled = (set: ReplicaSet, replicas: number): Scaling[] =>
  set.spec.replicas === replicas ? [] : [{ set, replicas }]

/** The next step: which sets get which size. Empty: nothing is to be done until something changes. */
export function planScaling(deployment: Deployment, { current, old }: Generations, hasOldPods: boolean): Scaling[] {
  const { spec } = deployment
  if (spec.paused === true || current === null) return planPaused(deployment, current, old)
  if (spec.strategy?.type === 'Recreate') {
    const down = old.flatMap((set) => scaled(set, 0))
    return down.length > 0 || hasOldPods ? down : scaled(current, spec.replicas)
  }
  const up = planCurrent(deployment, current, old)
  return up.length > 0 ? up : planOld(deployment, current, old)
}

/** A rollout that stands still is only scaled: in its newest set that has pods. */
function planPaused({ spec }: Deployment, current: ReplicaSet | null, old: readonly ReplicaSet[]): Scaling[] {
  const active = [...old, ...(current === null ? [] : [current])].filter((set) => wanted(set) > 0)
  const only = active.length === 1 ? active[0] : active.length === 0 ? current : null
  return only === null || only === undefined ? [] : scaled(only, spec.replicas)
}

function planCurrent(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): Scaling[] {
  const { replicas } = deployment.spec
  if (current.spec.replicas >= replicas) return scaled(current, replicas)
  const room = replicas + boundsOf(deployment).surge - sum([current, ...old], wanted)
  return room <= 0 ? [] : scaled(current, Math.min(replicas, current.spec.replicas + room))
}

/** Unhealthy pods of old sets go first, then healthy ones as far as enough stay available. */
function planOld(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): Scaling[] {
  const least = deployment.spec.replicas - boundsOf(deployment).unavailable
  const notYet = current.spec.replicas - available(current)
  const all = sum([current, ...old], wanted)
  const sizes = new Map(old.map((set) => [set, set.spec.replicas]))
  let unhealthy = all - least - notYet
  for (const set of old) {
    const drop = Math.max(0, Math.min(unhealthy, set.spec.replicas - available(set)))
    sizes.set(set, set.spec.replicas - drop)
    unhealthy -= drop
  }
  let healthy = Math.min(unhealthy, sum([current, ...old], available) - least)
  for (const set of old) {
    const size = sizes.get(set) ?? 0
    const drop = Math.max(0, Math.min(healthy, size))
    sizes.set(set, size - drop)
    healthy -= drop
  }
  return old.flatMap((set) => scaled(set, sizes.get(set) ?? 0))
}

/** Old sets beyond the history that is kept, once the rollout is done; the oldest revisions go first. */
export function obsoleteSets({ spec }: Deployment, old: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const empty = old.filter(
    ({ spec: { replicas }, status, metadata }) =>
      replicas === 0 &&
      (status?.replicas ?? 0) === 0 &&
      (status?.observedGeneration ?? 0) >= (metadata.generation ?? 1) &&
      metadata.deletionTimestamp === undefined,
  )
  const surplus = old.length - (spec.revisionHistoryLimit ?? 10)
  return [...empty].sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, Math.max(0, surplus))
}
