import {
  type Arbitrary,
  array,
  constantFrom,
  integer,
  oneof,
  option,
  record,
  subarray,
  tuple,
  uniqueArray,
} from 'fast-check'
import type { NewObject } from '../../api/kinds/kubernetes.ts'

/** Sets of one structure, and what is done to one of them: what may not change after the creation stays. */
export interface Story {
  readonly first: NewObject
  readonly steps: readonly Step[]
}

export type Step = Readonly<
  /** Another spec and labels. Refused, the last one stays. */
  | { kind: 'edit'; set: NewObject }
  /** By its position among those that are there. */
  | { kind: 'scale'; what: 'set' | 'clique' | 'group'; position: number; replicas: number }
  | { kind: 'wait' }
>

interface CliqueValues {
  readonly replicas: number
  readonly image: string
  readonly label: string | undefined
  readonly isScaled: boolean
}

interface Values {
  readonly replicas: number
  readonly cliques: readonly CliqueValues[]
  readonly groupReplicas: number
  readonly label: string | undefined
}

interface Structure {
  readonly names: readonly string[]
  /** Names of the members of the one group; none: there is no group. */
  readonly members: readonly string[]
  /** Of the cliques, and of the group; undefined: left out. */
  readonly minimums: readonly (number | undefined)[]
  readonly groupMin: number | undefined
  readonly startUp: 'AnyOrder' | 'InOrder'
}

const maybe = <T>(value: Arbitrary<T>): Arbitrary<T | undefined> => option(value, { nil: undefined })
const word = constantFrom('x', 'y')

/** Names of which one ends, and one begins, as another. */
const structures: Arbitrary<Structure> = uniqueArray(constantFrom('a', 'b-a', 'a-b'), { minLength: 1 }).chain((names) =>
  record({
    names: constantFrom(names),
    members: subarray(names),
    minimums: array(maybe(constantFrom(1)), { minLength: names.length, maxLength: names.length }),
    groupMin: maybe(constantFrom(1)),
    startUp: constantFrom('AnyOrder' as const, 'InOrder' as const),
  }),
)

const cliqueValues: Arbitrary<CliqueValues> = record({
  replicas: integer({ min: 1, max: 3 }),
  image: constantFrom('first', 'second'),
  label: maybe(word),
  isScaled: constantFrom(false, false, true),
})

const values = ({ names }: Structure): Arbitrary<Values> =>
  record({
    replicas: integer({ min: 0, max: 2 }),
    cliques: array(cliqueValues, { minLength: names.length, maxLength: names.length }),
    groupReplicas: integer({ min: 1, max: 3 }),
    label: maybe(word),
  })

function cliqueOf(
  name: string,
  { replicas, image, label, isScaled }: CliqueValues,
  minAvailable: number | undefined,
  isMember: boolean,
) {
  const podSpec = { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image }] }
  const autoScalingConfig = isScaled && !isMember ? { autoScalingConfig: { minReplicas: 3, maxReplicas: 4 } } : {}
  return {
    name,
    ...(label === undefined ? {} : { labels: { tier: label } }),
    spec: {
      roleName: name,
      replicas,
      ...(minAvailable === undefined ? {} : { minAvailable }),
      podSpec,
      ...autoScalingConfig,
    },
  }
}

function setOf(structure: Structure, { replicas, cliques, groupReplicas, label }: Values): NewObject {
  const { names, members, minimums, groupMin, startUp } = structure
  const min = groupMin === undefined ? {} : { minAvailable: groupMin }
  const group = { name: 'g', replicas: groupReplicas, ...min, cliqueNames: [...members] }
  return {
    apiVersion: 'grove.io/v1alpha1',
    kind: 'PodCliqueSet',
    metadata: { name: 's', ...(label === undefined ? {} : { labels: { team: label } }) },
    spec: {
      replicas,
      template: {
        cliqueStartupType: `CliqueStartupType${startUp}`,
        cliques: names.map((name, at) => cliqueOf(name, cliques[at]!, minimums[at], members.includes(name))),
        ...(members.length === 0 ? {} : { podCliqueScalingGroups: [group] }),
      },
    },
  }
}

const stepOf = (structure: Structure): Arbitrary<Step> =>
  oneof(
    values(structure).map((each): Step => ({ kind: 'edit', set: setOf(structure, each) })),
    record({
      kind: constantFrom('scale' as const),
      what: constantFrom('set' as const, 'clique' as const, 'group' as const),
      position: integer({ min: 0, max: 5 }),
      replicas: integer({ min: 0, max: 3 }),
    }),
    constantFrom<Step>({ kind: 'wait' }),
  )

export const stories: Arbitrary<Story> = structures.chain((structure) =>
  tuple(values(structure), array(stepOf(structure), { minLength: 2, maxLength: 6 })).map(([first, steps]) => ({
    first: setOf(structure, first),
    steps,
  })),
)
