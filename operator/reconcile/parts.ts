import type { LastError } from '../../api/generated/kinds.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { KubeError } from '../../kube/answers.ts'
import { timestamp } from '../../kube/clock.ts'
import type { FindingContext } from '../conditions.ts'
import { canonicalJson } from '../expansion/hash.ts'
import type { OperatorContext } from '../reconciler.ts'
import type { Store } from '../store.ts'

/** What every reconciler of a set's objects does at its ends. */

export const findingContext = ({ clock }: OperatorContext, { metadata }: KubeObject): FindingContext => ({
  now: timestamp(clock.nowMs()),
  generation: metadata.generation ?? 0,
})

/** Writes those fields of `wanted` that differ from what stands there; none: nothing is written. */
export async function writeStatus<T extends KubeObject>(
  { writer }: OperatorContext,
  store: Store<T>,
  object: T,
  wanted: object,
): Promise<void> {
  const standing = (object['status'] ?? {}) as Record<string, unknown>
  const changed = Object.entries(wanted).filter(
    ([field, value]) => canonicalJson(value) !== canonicalJson(standing[field]),
  )
  if (changed.length === 0) return
  await writer.patch(store, object, { status: Object.fromEntries(changed) }, { subresource: 'status' })
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

/** Refused for good as it is, so trying again helps only after somebody changed something. */
export const isRefusal = (error: unknown): error is KubeError =>
  error instanceof KubeError && error.failure.status !== 409
