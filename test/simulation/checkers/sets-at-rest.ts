import type { PodClique } from '../../../api/generated/kinds.ts'
import type { KubeObject, Pod } from '../../../api/kinds/kubernetes.ts'
import { groupName, groupsOf, isAlive, isGated, isReady, nodeOf } from '../facts.ts'
import { STOMPED } from '../faults/sets.ts'
import { CLIQUES, type History, SCALINGS } from '../history.ts'
import { imageOf, named, setsOf, type WantedClique, type WantedGang, wantedOf } from '../sets/wanted.ts'
import type { World } from '../world.ts'

const PART_OF = 'app.kubernetes.io/part-of'
const OF_SETS = [
  '/services',
  '/serviceaccounts',
  'rbac.authorization.k8s.io/roles',
  'rbac.authorization.k8s.io/rolebindings',
]

/** I7: at rest the objects are those that the sets ask for, and nothing is left of sets that went. */
export function setsAtRest({ history, drawn }: World): string[] {
  if (drawn.sets === undefined) return []
  const sets = setsOf(history)
  const wanted = sets.map((set) => wantedOf(history, set))
  const gangs = wanted.flatMap((each) => each.gangs)
  const cliques = gangs.flatMap((gang) => gang.cliques)
  const drawnNames = new Set(drawn.gangs.map(({ name }) => name))
  const gangsThere = namesIn(history.gangs.values()).filter((name) => !drawnNames.has(name))
  return [
    ...unequal('PodGangs', gangsThere, namesOf(gangs)),
    ...unequal('PodCliques', namesIn(history.kept(CLIQUES).values()), namesOf(cliques)),
    ...unequal(
      'PodCliqueScalingGroups',
      namesIn(history.kept(SCALINGS).values()),
      wanted.flatMap((each) => each.scalings),
    ),
    ...cliques.flatMap((clique) => wrongOfClique(history, clique)),
    ...gangs.flatMap((gang) => wrongOfGang(history, gang)),
    ...leftOvers(history, new Set(sets.map(({ metadata }) => metadata.name))),
  ]
}

const namesOf = (some: readonly { readonly name: string }[]): string[] => some.map(({ name }) => name)
const namesIn = (objects: Iterable<KubeObject>): string[] => [...objects].map(({ metadata }) => metadata.name)

function unequal(what: string, there: readonly string[], wanted: readonly string[]): string[] {
  const lacking = wanted.filter((name) => !there.includes(name))
  const over = there.filter((name) => !wanted.includes(name))
  return [
    ...(lacking.length > 0 ? [`${what} ${lacking.join(', ')} are asked for and not there`] : []),
    ...(over.length > 0 ? [`${what} ${over.join(', ')} are there and not asked for`] : []),
  ]
}

const podsOf = (history: History, clique: string): Pod[] =>
  [...history.pods.values()].filter((pod) => groupName(pod) === clique && isAlive(pod))

function wrongOfClique(history: History, wanted: WantedClique): string[] {
  const { name, set } = wanted
  const clique = named<PodClique>(history, CLIQUES, name)
  if (clique === undefined) return []
  const pods = podsOf(history, name)
  const wrong: string[] = []
  if (pods.length !== clique.spec.replicas)
    wrong.push(`${name} asks for ${clique.spec.replicas} pods and has ${pods.length}`)
  if (clique.metadata.labels?.[PART_OF] !== set.metadata.name)
    wrong.push(`${name} says that it is part of ${clique.metadata.labels?.[PART_OF]}`)
  const old = pods.filter((pod) => pod.spec.containers[0]?.image !== imageOf(wanted))
  const all = [...history.pods.values()].filter((pod) => pod.metadata.labels?.[PART_OF] === set.metadata.name)
  if (old.length > 0 && all.every(isReady))
    wrong.push(`${old.length} pods of ${name} were not updated, and all are Ready`)
  return wrong
}

function wrongOfGang(history: History, wanted: WantedGang): string[] {
  const gang = [...history.gangs.values()].find(({ metadata }) => metadata.name === wanted.name)
  if (gang === undefined) return []
  const wrong = unequal(`groups of ${wanted.name}`, namesOf(groupsOf(gang)), namesOf(wanted.cliques))
  for (const { name, members } of groupsOf(gang)) {
    wrong.push(...unequal(`pods listed by ${wanted.name}`, [...members], namesIn(podsOf(history, name))))
  }
  const gated = wanted.cliques.flatMap(({ name }) => podsOf(history, name)).filter(isGated)
  if (isPlaced(history, wanted.base) && gated.length > 0)
    wrong.push(`${gated.length} pods of ${wanted.name} are gated still`)
  return wrong
}

/** Nothing has to be placed before it, or it is. */
function isPlaced(history: History, base: string | null): boolean {
  if (base === null) return true
  const gang = [...history.gangs.values()].find(({ metadata }) => metadata.name === base)
  if (gang === undefined) return false
  return groupsOf(gang).every(
    ({ name, minimum }) => podsOf(history, name).filter((pod) => nodeOf(pod) !== null).length >= minimum,
  )
}

/** What says that it is part of a set that is no more. */
function leftOvers(history: History, sets: ReadonlySet<string>): string[] {
  const objects = [...OF_SETS.flatMap((collection) => [...history.kept(collection).values()]), ...history.pods.values()]
  return objects.flatMap(({ kind, metadata }) => {
    const set = metadata.labels?.[PART_OF]
    // Pods have the labels of the clique that they were made from, also those that somebody had written over.
    return set === undefined || set === STOMPED || sets.has(set) ? [] : [`${kind} ${metadata.name} is left of ${set}`]
  })
}
