/** What a PodCliqueSet asks for, by names: an expansion of the observer's own. */
import type { PodCliqueSet, PodCliqueScalingGroup } from '../../../api/generated/kinds.ts'
import type { KubeObject } from '../../../api/kinds/kubernetes.ts'
import { isTerminating } from '../facts.ts'
import { type History, replicasOf, SCALINGS, SETS } from '../history.ts'

/** One PodClique. */
export interface WantedClique {
  readonly name: string
  /** In the template. */
  readonly clique: string
  readonly set: PodCliqueSet
  /** Name of the scaling group's object; null: it is of none. */
  readonly scaling: string | null
}

export interface WantedGang {
  readonly name: string
  readonly cliques: readonly WantedClique[]
  /** Null: it is the base itself. */
  readonly base: string | null
}

export interface Wanted {
  readonly scalings: readonly string[]
  readonly gangs: readonly WantedGang[]
}

/** How many replicas an object asks for. */
export type Asks = (object: KubeObject) => number

export const setsOf = (history: History): PodCliqueSet[] =>
  [...history.kept(SETS).values()].filter((set) => !isTerminating(set)) as PodCliqueSet[]

export const named = <T extends KubeObject>(history: History, collection: string, name: string): T | undefined =>
  [...history.kept(collection).values()].find(({ metadata }) => metadata.name === name) as T | undefined

export function wantedOf(history: History, set: PodCliqueSet, asks: Asks = replicasOf): Wanted {
  const wanted = upTo(asks(set)).map((index) => ofReplica(history, set, `${set.metadata.name}-${index}`, asks))
  return { scalings: wanted.flatMap(({ scalings }) => scalings), gangs: wanted.flatMap(({ gangs }) => gangs) }
}

function ofReplica(history: History, set: PodCliqueSet, base: string, asks: Asks): Wanted {
  const { cliques, podCliqueScalingGroups = [] } = set.spec.template
  const isGrouped = (name: string): boolean => podCliqueScalingGroups.some((group) => group.cliqueNames.includes(name))
  const own = cliques
    .filter(({ name }) => !isGrouped(name))
    .map(({ name }) => ({ name: `${base}-${name}`, clique: name, set, scaling: null }))
  const copies = podCliqueScalingGroups.flatMap((group) => {
    const scaling = `${base}-${group.name}`
    const object = named<PodCliqueScalingGroup>(history, SCALINGS, scaling)
    const least = group.minAvailable ?? 1
    return upTo(object === undefined ? (group.replicas ?? 1) : asks(object)).map((at) => ({
      above: at - least,
      scaling,
      cliques: group.cliqueNames.map((name) => ({ name: `${scaling}-${at}-${name}`, clique: name, set, scaling })),
    }))
  })
  const minimum = copies.filter(({ above }) => above < 0).flatMap((copy) => copy.cliques)
  const scaled = copies.filter(({ above }) => above >= 0)
  return {
    scalings: podCliqueScalingGroups.map((group) => `${base}-${group.name}`),
    gangs: [
      { name: base, cliques: [...own, ...minimum], base: null },
      ...scaled.map((copy) => ({ name: `${copy.scaling}-${copy.above}`, cliques: copy.cliques, base })),
    ],
  }
}

const upTo = (count: number): number[] => Array.from({ length: Math.max(0, count) }, (_, at) => at)

export const imageOf = ({ set, clique }: WantedClique): string =>
  set.spec.template.cliques.find(({ name }) => name === clique)?.spec.podSpec.containers[0]?.image ?? ''
