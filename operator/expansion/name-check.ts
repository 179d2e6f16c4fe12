import { groupIdentity, indices, standaloneIdentity } from './identity.ts'
import { podHostname, scalingGroupName } from './names.ts'
import type { Problem } from './problem.ts'
import { membersUpTo } from './scaling-group.ts'
import type { SetShape } from './shape.ts'

/** A DNS label: pods are found by their hostname, and many of the names are label values too. */
const LABEL_MAX = 63

/**
 * Names that are too long at the set's present size, and names that two parts of the set come to. `replicasOf` says how
 * many replicas a scaling group has in replica 0 of the set. O(cliques of one replica).
 */
export function nameProblems(shape: SetShape, replicasOf: (group: string) => number): Problem[] {
  const last = Math.max(0, (shape.set.spec.replicas ?? 0) - 1)
  const names = [...cliquesAt(shape, 0, replicasOf)]
  return [...doubles(names), ...doubleAutoscalers(shape), ...tooLong(cliquesAt(shape, last, replicasOf))]
}

interface Named {
  readonly name: string
  readonly path: string
  readonly pods: number
}

function cliquesAt(shape: SetShape, index: number, replicasOf: (group: string) => number): Named[] {
  const pathOf = (clique: string): string => {
    return `spec.template.cliques[${shape.cliques.findIndex(({ name }) => name === clique)}].name`
  }
  const members = shape.groups.flatMap((group) => {
    const identity = groupIdentity(shape, index, group)
    return membersUpTo(identity, Math.max(group.minAvailable, replicasOf(scalingGroupName(shape.name, 0, group.name))))
  })
  const standalone = shape.standalone.map((clique) => standaloneIdentity(shape, index, clique))
  return [...standalone, ...members].map(({ name, clique }) => {
    return { name, path: pathOf(clique.name), pods: clique.replicas }
  })
}

function doubles(names: readonly Named[]): Problem[] {
  const first = new Map<string, Named>()
  return names.flatMap((named): Problem[] => {
    const other = first.get(named.name)
    if (other === undefined) {
      first.set(named.name, named)
      return []
    }
    const message = `makes the PodClique name "${named.name}", which ${other.path} makes too; rename one`
    return [{ reason: 'NameTaken', path: named.path, message }]
  })
}

function doubleAutoscalers(shape: SetShape): Problem[] {
  const scaled = new Set(
    shape.standalone.filter(({ template }) => template.spec.autoScalingConfig).map(({ name }) => name),
  )
  return shape.groups.flatMap(({ name, template }, position): Problem[] => {
    if (template.scaleConfig === undefined || !scaled.has(name)) return []
    const message = `"${name}" is also an autoscaled clique, so two autoscalers would have one name; rename one`
    return [{ reason: 'NameTaken', path: `spec.template.podCliqueScalingGroups[${position}].name`, message }]
  })
}

function tooLong(names: readonly Named[]): Problem[] {
  const seen = new Set<string>()
  return names.flatMap(({ name, path, pods }): Problem[] => {
    const hostname = podHostname(name, indices(pods).length - 1)
    if (hostname.length <= LABEL_MAX || seen.has(path)) return []
    seen.add(path)
    const message = `makes the hostname "${hostname}" of ${hostname.length} characters; at most ${LABEL_MAX} are allowed`
    return [{ reason: 'NameTooLong', path, message }]
  })
}
