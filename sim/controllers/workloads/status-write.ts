import type { KubeObject } from '../../../api/kinds/kubernetes.ts'
import type { KubeClient } from '../../../kube/client.ts'
import type { ResourceType } from '../../../kube/resources.ts'
import { valueUnlessGone } from '../controller.ts'
import { canonical } from './template.ts'

/** A count of none is left out, as Go's omitempty does; readers take what is absent as 0. */
export const present = (field: string, count: number): object => (count === 0 ? {} : { [field]: count })

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A merge patch that leaves exactly `wanted`: fields that are no longer said are taken off, at every depth. */
function whole(before: Record<string, unknown>, wanted: Record<string, unknown>): Record<string, unknown> {
  const dropped = Object.keys(before).map((field) => [field, null] as const)
  const said = Object.entries(wanted).map(([field, value]) => {
    const old = before[field]
    return [field, isMap(value) && isMap(old) ? whole(old, value) : value] as const
  })
  return Object.fromEntries([...dropped, ...said])
}

/**
 * Writes the status unless it is there already; on a changed object nothing is written. The stored object, the one
 * that was handed in if nothing had to change, or null: somebody else was faster.
 */
export async function writeStatus<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType,
  object: T,
  wanted: object,
): Promise<T | null> {
  const before = (object['status'] ?? {}) as Record<string, unknown>
  const clean = JSON.parse(JSON.stringify(wanted)) as Record<string, unknown>
  if (canonical(before) === canonical(clean)) return object
  const { name, namespace = '', uid, resourceVersion } = object.metadata
  const patch = { metadata: { uid, resourceVersion }, status: whole(before, clean) }
  return valueUnlessGone(await client.mergePatch<T>(type, { namespace, name }, patch, { subresource: 'status' }))
}
