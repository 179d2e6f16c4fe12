import type { PodClique } from '../../api/generated/kinds.ts'
import type { PodSpec } from '../../api/kinds/kubernetes.ts'
import { CLIQUE_FINALIZER, POD_TEMPLATE_HASH } from '../../api/names.ts'
import { APPLIED_KEYS, parseAppliedKeys } from './applied-keys.ts'
import { canonicalJson, templateHash } from './hash.ts'
import type { CliqueShape } from './shape.ts'

/**
 * Whether a clique that exists was made from this very template, whoever computed the hash that it carries. Another
 * operator of this API hashes in its own way: its hashes are kept as they are, so that taking over restarts no pod.
 */

/** The hash that a clique's label should have: what it has, where the template is the one that it was made from. */
export function hashFor(clique: CliqueShape, live: PodClique | undefined): string {
  const standing = live?.metadata.labels?.[POD_TEMPLATE_HASH]
  if (live === undefined || standing === undefined || standing === clique.templateHash) return clique.templateHash
  return isMadeFrom(clique, live) ? standing : clique.templateHash
}

/** A clique's label says something else than its template asks for. */
export const isOutdated = (clique: CliqueShape, live: PodClique): boolean =>
  hashFor(clique, live) !== live.metadata.labels?.[POD_TEMPLATE_HASH]

const verdicts = new WeakMap<PodClique, WeakMap<CliqueShape, boolean>>()

function isMadeFrom(clique: CliqueShape, live: PodClique): boolean {
  const known = verdicts.get(live)?.get(clique)
  if (known !== undefined) return known
  const verdict = isForeign(live) && holdsTemplate(live, clique)
  const byShape = verdicts.get(live) ?? new WeakMap<CliqueShape, boolean>()
  verdicts.set(live, byShape.set(clique, verdict))
  return verdict
}

/** The other operator made it, which shows in its finalizer, and its hash is not what we would make of its content. */
function isForeign({ metadata, spec }: PodClique): boolean {
  if (metadata.finalizers?.includes(CLIQUE_FINALIZER) !== true) return false
  const applied = parseAppliedKeys(metadata.annotations?.[APPLIED_KEYS])
  const labels = only(metadata.labels, applied.labels)
  const annotations = only(metadata.annotations, applied.annotations)
  const ours = templateHash({ labels, annotations, podSpec: spec.podSpec as PodSpec })
  return ours !== metadata.labels?.[POD_TEMPLATE_HASH]
}

type Entries = Readonly<Record<string, string>>

const only = (entries: Entries | undefined, keys: readonly string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(entries ?? {}).filter(([key]) => keys.includes(key)))

/** Labels and annotations of others beside the template's do not matter; in the pod spec everything does. */
function holdsTemplate({ metadata, spec }: PodClique, { labels, annotations, podSpec }: CliqueShape): boolean {
  const has = (all: Entries | undefined, wanted: Entries): boolean =>
    Object.entries(wanted).every(([key, value]) => all?.[key] === value)
  if (!has(metadata.labels, labels) || !has(metadata.annotations, annotations)) return false
  return comparable(spec.podSpec as PodSpec) === comparable(podSpec)
}

/** The published system puts a set's priority class into its gangs only, and writes empty objects where none are. */
function comparable(asked: PodSpec): string {
  const { priorityClassName: _, ...podSpec } = asked
  return canonicalJson(withoutEmpty(podSpec))
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value ?? undefined
  const fields = Object.entries(value)
    .map(([name, field]) => [name, withoutEmpty(field)] as const)
    .filter(([, field]) => field !== undefined)
  return fields.length === 0 ? undefined : Object.fromEntries(fields)
}
