import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { Delta } from '../../kube/reflector/types.ts'

/** Per object: added first, each `before` what was told last, versions that only grow, nothing after deleted. */
export function toldWrongly(deltas: readonly Delta<KubeObject>[]): string[] {
  const last = new Map<string, KubeObject>()
  const dead = new Set<string>()
  const wrong: string[] = []
  for (const { kind, object, before } of deltas) {
    const { uid, name: called, resourceVersion } = object.metadata
    const known = last.get(uid)
    if (dead.has(uid)) wrong.push(`${kind} ${called} after its deletion`)
    if ((before ?? undefined) !== known) wrong.push(`${kind} ${called}: before is not what was told last`)
    if (kind === 'updated' && Number(resourceVersion) <= Number(known?.metadata.resourceVersion))
      wrong.push(`old ${called}`)
    const namesakes = [...last.values()].filter(({ metadata }) => metadata.name === called && metadata.uid !== uid)
    if (kind === 'added' && namesakes.length > 0) wrong.push(`two ${called} at once`)
    if (kind === 'deleted') {
      last.delete(uid)
      dead.add(uid)
    } else last.set(uid, object)
  }
  return wrong
}
