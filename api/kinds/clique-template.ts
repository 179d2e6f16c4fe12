import { MNNVL_GROUP } from '../names.ts'
import {
  int32,
  listOf,
  type ListSchema,
  type ObjectSchema,
  object,
  opaque,
  type Rule,
  type Schema,
  text,
} from '../schema.ts'
import { annotationMap, labelMap } from './label-map.ts'
import { podSpec } from './pod-spec.ts'
import { constraintStays, topologyConstraint } from './topology-constraint.ts'

/** What a clique and a scaling group look like inside a set, and the bounds that keep CEL's cost estimate finite. */

export const CLIQUES_MAX = 64
export const SCALING_GROUPS_MAX = 32
export const MEMBERS_MAX = 32

export const IMMUTABLE = 'field is immutable'

/** `a field that may be absent` stays as it was, present or not. */
export const stays = (field: string): Rule => ({
  rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
  message: IMMUTABLE,
  fieldPath: `.${field}`,
})

const hasSome = (list: string): string => `(has(${list}) && ${list}.size() > 0)`

/** `a list` stays as it was; an empty one is none, because typed clients leave it out when they write back. */
export const listStays = (
  field: string,
  same: string = `self.${field} == oldSelf.${field}`,
  message: string = IMMUTABLE,
): Rule => ({
  rule: `${hasSome(`self.${field}`)} == ${hasSome(`oldSelf.${field}`)} && (!has(self.${field}) || !has(oldSelf.${field}) || (${same}))`,
  message,
  fieldPath: `.${field}`,
})

const mnnvlGroup = (of: string): string =>
  `(has(${of}.annotations) && '${MNNVL_GROUP}' in ${of}.annotations ? ${of}.annotations['${MNNVL_GROUP}'] : '')`

/** Whose pods share a ComputeDomain stays as it was; on the set itself no rule sees annotations. */
const mnnvlGroupStays: Rule = {
  rule: `${mnnvlGroup('self')} == ${mnnvlGroup('oldSelf')}`,
  message: IMMUTABLE,
  fieldPath: '.annotations',
}

const SUBDOMAIN = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'
const LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'

export const templateName = (doc: string): Schema => text(doc, { minLength: 1, maxLength: 63, pattern: SUBDOMAIN })

/** Part of the hostnames of pods, where no dot may stand. */
const hostPart = (doc: string): Schema => text(doc, { minLength: 1, maxLength: 63, pattern: LABEL })

/** Names of cliques of the set. */
export const cliqueNames = (doc: string, minItems: number): ListSchema =>
  listOf(doc, templateName('Name of a clique.'), { maxItems: MEMBERS_MAX, minItems, isSet: true })

export const autoScaling: ObjectSchema = object(
  'AutoScalingConfig',
  'Bounds and metrics of the HorizontalPodAutoscaler that is made.',
  {
    minReplicas: int32('Never fewer than this; absent: what `replicas` says.', { minimum: 1 }),
    maxReplicas: int32('Never more than this.', { minimum: 1 }),
    metrics: listOf('autoscaling/v2 metrics to follow.', opaque('One metric.'), { maxItems: 32 }),
  },
  { required: ['maxReplicas'] },
)

/** `replicas: 0` in a template means 1, as it always has. */
const REPLICAS = '(has(self.replicas) && self.replicas > 0 ? self.replicas : 1)'
const MIN_AVAILABLE = `(has(self.minAvailable) ? self.minAvailable : ${REPLICAS})`
const lowest = (config: string): string =>
  `(has(self.${config}.minReplicas) ? self.${config}.minReplicas : ${REPLICAS})`

const minAvailableFits: Rule = {
  rule: `!has(self.minAvailable) || self.minAvailable <= ${REPLICAS}`,
  message: 'minAvailable must not be greater than replicas',
  fieldPath: '.minAvailable',
}

const scaleRules = (config: string): readonly Rule[] => [
  {
    rule: `!has(self.${config}) || ${lowest(config)} >= ${MIN_AVAILABLE}`,
    message: `${config}.minReplicas must not be less than minAvailable`,
    fieldPath: `.${config}`,
  },
  {
    rule: `!has(self.${config}) || self.${config}.maxReplicas >= ${lowest(config)}`,
    message: `${config}.maxReplicas must not be less than minReplicas`,
    fieldPath: `.${config}`,
  },
  {
    rule: `!has(self.${config}) || self.${config}.maxReplicas >= ${REPLICAS}`,
    message: `${config}.maxReplicas must not be less than replicas`,
    fieldPath: `.${config}`,
  },
]

/** Written or not, it stays what it was: absent means all of `replicas`. */
const minAvailableStays: Rule = {
  rule:
    'has(self.minAvailable) == has(oldSelf.minAvailable) ' +
    '? !has(self.minAvailable) || self.minAvailable == oldSelf.minAvailable ' +
    `: ${MIN_AVAILABLE} == ${MIN_AVAILABLE.replaceAll('self.', 'oldSelf.')}`,
  message: IMMUTABLE,
  fieldPath: '.minAvailable',
}

const podSpecRules: readonly Rule[] = [
  {
    rule: '!has(self.podSpec.topologySpreadConstraints)',
    message: 'topologySpreadConstraints must not be set; use topologyConstraint.spread',
    fieldPath: '.podSpec.topologySpreadConstraints',
  },
  {
    rule: "!has(self.podSpec.nodeName) || self.podSpec.nodeName == ''",
    message: 'nodeName must not be set; the scheduler chooses the node',
    fieldPath: '.podSpec.nodeName',
  },
  {
    rule:
      "(has(self.podSpec.schedulerName) ? self.podSpec.schedulerName : '') == " +
      "(has(oldSelf.podSpec.schedulerName) ? oldSelf.podSpec.schedulerName : '')",
    message: IMMUTABLE,
    fieldPath: '.podSpec.schedulerName',
  },
]

const startsAfter = (nameMaxLength: number): ListSchema =>
  listOf(
    'Cliques that must be ready before these pods start; read with Explicit only.',
    text('A clique.', { minLength: 1, maxLength: nameMaxLength }),
    { isSet: true },
  )

const cliqueFields: ObjectSchema['fields'] = {
  roleName: text('The role that the pods play; unique in the set.', { minLength: 1, maxLength: 253 }),
  podSpec: podSpec('The pods. Containers get the GROVE_ environment variables put before their own.'),
  replicas: int32('How many pods. In a template 0 means 1; on a PodClique it means none.', { minimum: 0, default: 1 }),
  minAvailable: int32('How many must be placed together or not at all; absent: all of `replicas`.', { minimum: 1 }),
  startsAfter: startsAfter(253),
  autoScalingConfig: autoScaling,
}

/** The spec of a PodClique as an object of its own: scaled freely, so nothing here ties one field to another. */
export const cliqueSpec: ObjectSchema = object('PodCliqueSpec', 'Pods that play one role.', cliqueFields, {
  required: ['podSpec', 'roleName'],
})

const cliqueSpecInSet: ObjectSchema = {
  ...cliqueSpec,
  fields: { ...cliqueFields, startsAfter: { ...startsAfter(63), maxItems: MEMBERS_MAX } },
  rules: [
    minAvailableFits,
    ...scaleRules('autoScalingConfig'),
    ...podSpecRules,
    { rule: 'self.roleName == oldSelf.roleName', message: IMMUTABLE, fieldPath: '.roleName' },
    minAvailableStays,
    listStays('startsAfter'),
  ],
}

const sharing = (name: string, doc: string, filter: ObjectSchema | null): ListSchema =>
  listOf(
    doc,
    object(
      name,
      'One resource claim template, and which pods share a claim made from it.',
      {
        name: templateName('The template: one of this set, or a ResourceClaimTemplate of the cluster.'),
        namespace: text('Where that ResourceClaimTemplate is; empty for a template of this set.', { maxLength: 63 }),
        scope: text('One claim for all replicas, or one for each.', { oneOf: ['AllReplicas', 'PerReplica'] }),
        ...(filter === null ? {} : { filter }),
      },
      { required: ['name', 'scope'] },
    ),
    { keys: ['name'], maxItems: 32 },
  )

const filterRule = (fields: readonly string[]): readonly Rule[] => [
  {
    rule: fields.map((field) => `(has(self.${field}) && size(self.${field}) > 0)`).join(' || '),
    message: `filter must name something in ${fields.join(' or ')}`,
  },
]

export const setSharing: ListSchema = sharing(
  'SetResourceSharing',
  'Claims that pods of the set share.',
  object(
    'SetSharingFilter',
    'Only these; absent: everything in the set.',
    {
      childCliqueNames: cliqueNames('Cliques outside of scaling groups.', 0),
      childScalingGroupNames: listOf('Scaling groups.', templateName('A scaling group.'), {
        maxItems: SCALING_GROUPS_MAX,
      }),
    },
    { rules: filterRule(['childCliqueNames', 'childScalingGroupNames']) },
  ),
)

export const groupSharing: ListSchema = sharing(
  'ScalingGroupResourceSharing',
  'Claims that pods of the group share.',
  object(
    'ScalingGroupSharingFilter',
    'Only these members; absent: all.',
    { childCliqueNames: cliqueNames('Member cliques.', 0) },
    { rules: filterRule(['childCliqueNames']) },
  ),
)

export const clique: ObjectSchema = object(
  'PodCliqueTemplate',
  'One clique of the set: pods that play one role.',
  {
    name: hostPart('Unique in the set; part of the names of its pods.'),
    labels: labelMap('Put on the PodClique and its pods.'),
    annotations: annotationMap('Put on the PodClique and its pods.'),
    topologyConstraint: topologyConstraint('Where the pods of one such clique may lie.'),
    resourceSharing: sharing('CliqueResourceSharing', 'Claims that pods of the clique share.', null),
    spec: cliqueSpecInSet,
  },
  { required: ['name', 'spec'], rules: [constraintStays, listStays('resourceSharing'), mnnvlGroupStays] },
)

export const scalingGroup: ObjectSchema = object(
  'ScalingGroupTemplate',
  'Cliques that are scaled together.',
  {
    name: hostPart('Unique in the set; part of the names of its pods.'),
    cliqueNames: cliqueNames('The members; a clique is in one group at most.', 1),
    annotations: annotationMap('Switches for the group, such as grove.io/mnnvl-group; copied to no object.'),
    replicas: int32('How many copies of the members.', { minimum: 1, default: 1 }),
    minAvailable: int32('How many copies belong to the base gang; each further one is a gang of its own.', {
      minimum: 1,
      default: 1,
    }),
    scaleConfig: autoScaling,
    resourceSharing: groupSharing,
    topologyConstraint: topologyConstraint('Where the pods of one copy may lie.'),
  },
  {
    required: ['name', 'cliqueNames'],
    rules: [
      minAvailableFits,
      ...scaleRules('scaleConfig'),
      {
        rule: '!has(self.resourceSharing) || self.resourceSharing.all(s, !has(s.filter) || !has(s.filter.childCliqueNames) || s.filter.childCliqueNames.all(n, n in self.cliqueNames))',
        message: 'childCliqueNames must name members of the group',
        fieldPath: '.resourceSharing',
      },
      constraintStays,
      mnnvlGroupStays,
      { rule: 'self.cliqueNames == oldSelf.cliqueNames', message: IMMUTABLE, fieldPath: '.cliqueNames' },
      stays('minAvailable'),
      listStays('resourceSharing'),
    ],
  },
)
