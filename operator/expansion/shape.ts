import type { PodCliqueSet, PodCliqueTemplate, ScalingGroupTemplate } from '../../api/generated/kinds.ts'
import type { PodSpec } from '../../api/kinds/kubernetes.ts'
import { cliqueMinAvailable, groupMinAvailable, templateReplicas, withPodDefaults } from './defaults.ts'
import { generationHash, type HashedTemplate, templateHash } from './hash.ts'

/**
 * A set with its references followed and its defaults filled in, so that the rest of the expansion looks nothing up by
 * name. Made once an object version.
 */
export interface SetShape {
  readonly set: PodCliqueSet
  readonly name: string
  readonly namespace: string
  /** Template order. */
  readonly cliques: readonly CliqueShape[]
  /** Those outside of scaling groups, template order. */
  readonly standalone: readonly CliqueShape[]
  readonly groups: readonly GroupShape[]
  /** The scheduler that cliques ask for, or null; those that ask for none follow, since a gang is placed by one. */
  readonly schedulerName: string | null
  readonly generationHash: string
}

export interface CliqueShape {
  readonly name: string
  readonly template: PodCliqueTemplate
  /** What a new PodClique starts with. */
  readonly replicas: number
  readonly minAvailable: number
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly podSpec: PodSpec
  readonly templateHash: string
  /** Name of the scaling group that it is a member of, or null. */
  readonly groupName: string | null
  /** Names of the cliques that must be ready before, by the set's start-up type. */
  readonly startsAfter: readonly string[]
}

export interface GroupShape {
  readonly name: string
  readonly template: ScalingGroupTemplate
  /** In the order of `cliqueNames`. */
  readonly members: readonly CliqueShape[]
  readonly replicas: number
  readonly minAvailable: number
  /** Pods of one replica by the template, for `GROVE_PCSG_TEMPLATE_NUM_PODS`: later scaling does not change it. */
  readonly templatePods: number
}

const shapes = new WeakMap<PodCliqueSet, SetShape>()

/** O(set), once for each version of the object. */
export function shapeOf(set: PodCliqueSet): SetShape {
  const known = shapes.get(set)
  if (known !== undefined) return known
  const shape = makeShape(set)
  shapes.set(set, shape)
  return shape
}

function makeShape(set: PodCliqueSet): SetShape {
  const { template } = set.spec
  const groupOf = new Map<string, string>()
  for (const group of template.podCliqueScalingGroups ?? []) {
    for (const member of group.cliqueNames) groupOf.set(member, group.name)
  }
  const hashed = template.cliques.map((clique) => hashedTemplate(clique, template.priorityClassName))
  const cliques = template.cliques.map((clique, position) =>
    cliqueShape(set, clique, position, hashed[position] ?? noTemplate, groupOf.get(clique.name) ?? null),
  )
  const byName = new Map(cliques.map((clique) => [clique.name, clique]))
  return {
    set,
    name: set.metadata.name,
    namespace: set.metadata.namespace ?? '',
    cliques,
    standalone: cliques.filter((clique) => clique.groupName === null),
    groups: (template.podCliqueScalingGroups ?? []).map((group) => groupShape(group, byName)),
    schedulerName: hashed.map(({ podSpec }) => podSpec.schedulerName).find((name) => name) ?? null,
    generationHash: generationHash(hashed),
  }
}

const noTemplate: HashedTemplate = { labels: {}, annotations: {}, podSpec: { containers: [] } }

const hashedTemplate = (clique: PodCliqueTemplate, priorityClassName: string | undefined): HashedTemplate => ({
  labels: clique.labels ?? {},
  annotations: clique.annotations ?? {},
  podSpec: withPodDefaults(clique.spec.podSpec as PodSpec, priorityClassName),
})

function cliqueShape(
  set: PodCliqueSet,
  template: PodCliqueTemplate,
  position: number,
  hashed: HashedTemplate,
  groupName: string | null,
): CliqueShape {
  return {
    name: template.name,
    template,
    replicas: templateReplicas(template.spec),
    minAvailable: cliqueMinAvailable(template.spec),
    ...hashed,
    templateHash: templateHash(hashed),
    groupName,
    startsAfter: predecessors(set, template, position),
  }
}

function predecessors(set: PodCliqueSet, template: PodCliqueTemplate, position: number): readonly string[] {
  const { cliqueStartupType, cliques } = set.spec.template
  if (cliqueStartupType === 'CliqueStartupTypeExplicit') return template.spec.startsAfter ?? []
  if (cliqueStartupType !== 'CliqueStartupTypeInOrder') return []
  const before = cliques[position - 1]
  return before === undefined ? [] : [before.name]
}

function groupShape(template: ScalingGroupTemplate, byName: ReadonlyMap<string, CliqueShape>): GroupShape {
  const members = template.cliqueNames.flatMap((name) => byName.get(name) ?? [])
  return {
    name: template.name,
    template,
    members,
    replicas: templateReplicas(template),
    minAvailable: groupMinAvailable(template),
    templatePods: members.reduce((pods, member) => pods + member.replicas, 0),
  }
}
