import type { PodClique, PodCliqueScalingGroup } from '../../api/generated/kinds.ts'
import { parseDuration } from '../../api/duration.ts'
import { conditionOf } from '../conditions.ts'

/**
 * When something that lacks its minimum is made anew. Only what was healthy once can be broken; and what was made anew
 * and does not heal is left as it is until it has healed once more.
 */

/** A clique, or a scaling group as a whole. */
export type Component = PodClique | PodCliqueScalingGroup

export const GANG_TERMINATION = 'GangTerminationInProgress'
export const BREACH = 'MinAvailableBreached'

/** Nothing has been healthy that never changed after its first moments. */
const FIRST_MOMENTS_MS = 5_000
/** Timers hold 24 days at most, and delays may be years. */
const LOOK_MAX_MS = 24 * 3_600_000
export const DEFAULT_DELAY_MS: number = 4 * 3_600_000

export type Recovery = Readonly<
  | { kind: 'none' }
  /** Below its minimum, but not for long enough yet: to be looked at again in `ms`, at the latest in a day. */
  | { kind: 'waiting'; ms: number }
  /** `reason` names this very breach, so that a recovery that broke off goes on and is not begun twice. */
  | { kind: 'due'; component: string; reason: string }
>

export const delayMs = (terminationDelay: string | undefined): number =>
  (terminationDelay === undefined ? null : parseDuration(terminationDelay)) ?? DEFAULT_DELAY_MS

/** The breach that is the longest over, or how long until one is. Pure; times in ms since 1970. */
export function recoveryOf(components: readonly Component[], delay: number, nowMs: number): Recovery {
  const breaches = components
    .filter(isBroken)
    .map((component) => ({ component, sinceMs: breachedSince(component) ?? nowMs }))
  breaches.sort((a, b) => a.sinceMs - b.sinceMs || (a.component.metadata.name < b.component.metadata.name ? -1 : 1))
  const [first] = breaches
  if (first === undefined) return { kind: 'none' }
  const ms = first.sinceMs + delay - nowMs
  if (ms > 0) return { kind: 'waiting', ms: Math.min(ms, LOOK_MAX_MS) }
  const component = first.component.metadata.name
  return { kind: 'due', component, reason: `${component}/${new Date(first.sinceMs).toISOString()}` }
}

export const isBreached = (component: Component | undefined): boolean =>
  conditionOf(component?.status?.conditions, BREACH)?.status === 'True'

/** Recovery counts the time until it is well. */
export const isBroken = (component: Component): boolean =>
  isBreached(component) && wasHealthy(component) && !isInRecovery(component)

export const isInRecovery = ({ status }: Component): boolean =>
  conditionOf(status?.conditions, GANG_TERMINATION)?.status === 'True'

/** Null: somebody wrote a condition without a time, or with one that is none. */
function breachedSince({ status }: Component): number | null {
  const since = Date.parse(conditionOf(status?.conditions, BREACH)?.lastTransitionTime ?? '')
  return Number.isNaN(since) ? null : since
}

/** It was scheduled once; of a scaling group, its breach came after it had none. */
export function wasHealthy({ kind, metadata, status }: Component): boolean {
  const telling = conditionOf(status?.conditions, kind === 'PodClique' ? 'PodCliqueScheduled' : BREACH)
  if (kind === 'PodClique' && telling?.status === 'True') return true
  const changed = Date.parse(telling?.lastTransitionTime ?? '')
  return changed > Date.parse(metadata.creationTimestamp) + FIRST_MOMENTS_MS
}

/**
 * Whether the condition that holds further recoveries back stands: from the moment that pods are made anew until no
 * breach is seen after it.
 */
export const isRecovering = (component: Component, isBreachedNow: boolean, isMadeAnew: boolean): boolean =>
  isMadeAnew || (isBreachedNow && isInRecovery(component))
