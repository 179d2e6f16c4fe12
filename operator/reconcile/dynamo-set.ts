import { createHash } from 'node:crypto'
import type { DynamoGraphDeployment, PodCliqueSet, PodCliqueSetSpec } from '../../api/generated/kinds.ts'
import { LAST_APPLIED_GENERATION, LAST_APPLIED_HASH } from '../../api/names.ts'
import type { DesiredSet } from '../expansion/dynamo/translate.ts'
import { replacing } from '../changes.ts'
import { canonicalJson } from '../expansion/hash.ts'
import type { OperatorContext } from '../reconciler.ts'
import type { Store } from '../store.ts'
import type { Writer } from '../writer.ts'

/** sha-256 of a spec, whatever the order of its keys. */
export const specHash = (spec: PodCliqueSetSpec): string =>
  createHash('sha256').update(canonicalJson(spec)).digest('hex')

/**
 * Makes the graph's set, or writes its spec anew: when what we want is not what we wrote last, or when somebody else
 * changed it since, which its generation tells. A set that is as we left it is not touched.
 */
export async function syncSet(
  { events }: OperatorContext,
  writer: Writer,
  sets: Store<PodCliqueSet>,
  graph: DynamoGraphDeployment,
  live: PodCliqueSet | null,
  desired: DesiredSet,
): Promise<void> {
  const hash = specHash(desired.spec)
  if (live === null) {
    const created = await writer.create(sets, newSet(desired, hash))
    if (created.kind === 'created') told('Created')
    return
  }
  const { annotations = {}, generation = 1 } = live.metadata
  const lastGeneration = Number(annotations[LAST_APPLIED_GENERATION] ?? 0)
  if (annotations[LAST_APPLIED_HASH] === hash && generation <= lastGeneration) return
  const marks = record(hash, generation + 1)
  const written = await writer.patch(sets, live, {
    metadata: { annotations: marks },
    spec: replacing(desired.spec, live.spec),
  })
  const after = written.metadata.generation ?? 1
  if (after !== generation) told('Updated')
  if (after === generation + 1) return
  // Nothing changed after all, or somebody else wrote in between: what is there now is what we wrote.
  if (after === generation) await writer.patch(sets, written, { metadata: { annotations: record(hash, after) } })

  function told(what: 'Created' | 'Updated'): void {
    events.event(graph, 'Normal', `${what}PodCliqueSet`, `${what} PodCliqueSet ${desired.name}`)
  }
}

const newSet = ({ name, namespace, labels, annotations, ownerReferences, spec }: DesiredSet, hash: string) => ({
  apiVersion: 'grove.io/v1alpha1',
  kind: 'PodCliqueSet',
  metadata: { name, namespace, labels, annotations: { ...annotations, ...record(hash, 1) }, ownerReferences },
  spec,
})

const record = (hash: string, generation: number): Record<string, string> => ({
  [LAST_APPLIED_HASH]: hash,
  [LAST_APPLIED_GENERATION]: String(generation),
})
