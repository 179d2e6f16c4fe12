import { type Reason, reason } from '../../api/reasons.ts'
import type { GangFacts, GroupFacts } from '../state/gang-facts.ts'
import type { PodFacts } from '../state/pod-facts.ts'

/** The kind of the object that owns the pods of a group, and carries the group's name. */
const GROUP_OWNER_KIND = 'PodClique'

/**
 * A pod is in a group only if both sides say so: its labels name gang and group, and the PodGang's reference, or the
 * PodClique that controls the pod, names it. What one side says alone is something that a tenant can write.
 */
export function groupOf(gang: GangFacts, pod: PodFacts): GroupFacts | null {
  if (pod.namespace !== gang.namespace) return null
  if (gang.isPlain) return gang.groups[0] ?? null
  if (pod.gang !== gang.name) return null
  const group = groupNamed(gang, pod.group)
  return group !== undefined && isNamed(group, pod) ? group : null
}

/** More names than this are looked up in an index, made once a list. */
const SCANNED = 8

const groupsOf = new WeakMap<readonly GroupFacts[], ReadonlyMap<string | null, GroupFacts>>()

/** The first of that name. */
function groupNamed({ groups }: GangFacts, name: string | null): GroupFacts | undefined {
  if (groups.length <= SCANNED) return groups.find((group) => group.name === name)
  let byName = groupsOf.get(groups)
  if (byName === undefined) {
    byName = new Map(groups.toReversed().map((group) => [group.name, group]))
    groupsOf.set(groups, byName)
  }
  return byName.get(name)
}

const namesOf = new WeakMap<readonly string[], ReadonlySet<string>>()

/** Most references stand at the pod's own index. */
function isReferenced({ references }: GroupFacts, { name, index }: PodFacts): boolean {
  if (references[index] === name) return true
  if (references.length <= SCANNED) return references.includes(name)
  const names = namesOf.get(references) ?? new Set(references)
  namesOf.set(references, names)
  return names.has(name)
}

const isNamed = (group: GroupFacts, pod: PodFacts): boolean =>
  isReferenced(group, pod) || (pod.controller?.kind === GROUP_OWNER_KIND && pod.controller.name === group.name)

/** Why a pod that names a PodGang is in none of its groups. */
export function strayReason(gang: GangFacts | undefined, pod: PodFacts): Reason {
  const podGang = `${pod.namespace}/${pod.gang ?? ''}`
  if (gang === undefined) return reason('PodGangMissing', { podGang })
  return reason('NotAMember', { podGang, group: pod.group ?? '(no label)' })
}
