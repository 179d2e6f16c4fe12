import { type FieldError, pathText } from '../../api/field-error.ts'
import { MNNVL_GROUP } from '../../api/names.ts'
import type { SetShape } from './shape.ts'

/** What stands in a set and does nothing here. The set runs without it, and says so. */

type Path = FieldError['path']

/** Where annotations and shared claims may stand: the path, and what stands there. */
interface Place {
  readonly path: Path
  readonly annotations: Readonly<Record<string, string>> | undefined
  readonly sharing: readonly unknown[] | undefined
}

function placesOf({ set }: SetShape): Place[] {
  const { cliques, podCliqueScalingGroups = [], resourceSharing } = set.spec.template
  const template = ['spec', 'template']
  return [
    { path: ['metadata'], annotations: set.metadata.annotations, sharing: undefined },
    { path: template, annotations: undefined, sharing: resourceSharing },
    ...podCliqueScalingGroups.map((group, at) => ({
      path: [...template, 'podCliqueScalingGroups', at],
      annotations: group.annotations,
      sharing: group.resourceSharing,
    })),
    ...cliques.map((clique, at) => ({
      path: [...template, 'cliques', at],
      annotations: clique.annotations,
      sharing: clique.resourceSharing,
    })),
  ]
}

function unsupportedAt({ path, annotations, sharing = [] }: Place): string[] {
  const group = annotations?.[MNNVL_GROUP]
  return [
    ...(sharing.length === 0 ? [] : [`${pathText([...path, 'resourceSharing'])} (no claim is made)`]),
    ...(group === undefined || group === 'none'
      ? []
      : [`${pathText([...path, 'annotations', MNNVL_GROUP])} (no ComputeDomain is made)`]),
  ]
}

/** Null: everything in the set is acted on. O(cliques). */
export function unsupportedIn(shape: SetShape): string | null {
  const all = placesOf(shape).flatMap(unsupportedAt)
  return all.length === 0 ? null : `not acted on by this version: ${all.join(', ')}`
}
