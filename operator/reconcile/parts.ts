import type { LastError, PodCliqueSet } from '../../api/generated/kinds.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { KubeError } from '../../kube/answers.ts'
import { timestamp } from '../../kube/clock.ts'
import { replacing } from '../changes.ts'
import type { FindingContext } from '../conditions.ts'
import { sameJson } from '../same-json.ts'
import type { OperatorContext } from '../reconciler.ts'
import type { Store } from '../store.ts'

/** What every reconciler of a set's objects does at its ends. */

export const findingContext = ({ clock }: OperatorContext, { metadata }: KubeObject): FindingContext => ({
  now: timestamp(clock.nowMs()),
  generation: metadata.generation ?? 0,
})

/**
 * The merge patch that brings those fields of `wanted` that differ to what is wanted, and takes away what is not; null:
 * nothing differs. A field of null goes.
 */
export function statusChanges(object: KubeObject, wanted: object): Readonly<Record<string, unknown>> | null {
  const standing = (object['status'] ?? {}) as Record<string, unknown>
  const differs = ([field, value]: [string, unknown]): boolean => !sameJson(value, standing[field])
  const changed = Object.entries(wanted).filter(differs)
  const patches = changed.map(([field, value]) => [field, replacing(value, standing[field])])
  return changed.length === 0 ? null : Object.fromEntries(patches)
}

/** Writes what differs; where nothing does, nothing is written. */
export async function writeStatus<T extends KubeObject>(
  { writer }: OperatorContext,
  store: Store<T>,
  object: T,
  wanted: object,
): Promise<void> {
  const status = statusChanges(object, wanted)
  if (status !== null) await writer.patch(store, object, { status }, { subresource: 'status' })
}

/** Tells in `lastErrors` what went wrong, or that nothing did. The moment is kept while the errors stay the same. */
export function lastErrors(
  { clock }: OperatorContext,
  standing: readonly LastError[] | undefined,
  errors: readonly [string, unknown][],
): LastError[] {
  return errors.map(([code, error]) => {
    const description = error instanceof Error ? error.message : String(error)
    const before = standing?.find((each) => each.code === code && each.description === description)
    return before ?? { code, description, observedAt: timestamp(clock.nowMs()) }
  })
}

/** An empty list is written only over one that is not. */
export const noneIfNew = (
  field: 'lastErrors' | 'podGangStatuses',
  list: readonly unknown[],
  { status }: PodCliqueSet,
): object => (list.length === 0 && status?.[field] === undefined ? {} : { [field]: list })

/** A finalizer that another operator put there would keep a deleted object for ever. */
export async function dropFinalizer<T extends KubeObject>(
  { writer }: OperatorContext,
  store: Store<T>,
  object: T,
  finalizer: string,
): Promise<void> {
  const finalizers = object.metadata.finalizers ?? []
  if (!finalizers.includes(finalizer)) return
  const rest = finalizers.filter((each) => each !== finalizer)
  const { resourceVersion } = object.metadata
  await writer.patch(store, object, { metadata: { finalizers: rest } }, { resourceVersion })
}

/** The server will not have it as it is; what may pass by itself is not worth telling. */
export const isRefused = (error: unknown): error is KubeError =>
  error instanceof KubeError && !error.failure.retryable && error.failure.reason !== 'Conflict'
