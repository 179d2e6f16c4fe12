import { int32, type KindDefinition, listOf, number, type ObjectSchema, object, text, type Schema } from '../schema.ts'
import { conditions, observedGeneration } from './status-parts.ts'
import { spreadFields, spreadRules } from './topology-constraint.ts'

/** What a scheduler is asked for. Constraints name node label keys here, because a scheduler sees nodes. */

const labelKey = (doc: string): Schema => text(doc, { minLength: 1, maxLength: 317 })
const objectName = (doc: string): Schema => text(doc, { minLength: 1, maxLength: 253 })

const pack: ObjectSchema = object('GangPackConstraint', 'Keeps pods together.', {
  required: labelKey('All pods lie on nodes with one value of this label, or none is placed.'),
  preferred: labelKey('One value of this label is tried first, then broader levels up to `required`.'),
})

const spread: ObjectSchema = object(
  'GangSpreadConstraint',
  'Keeps units apart. A unit is what it is written on: a gang, a constraint group; on a pod group, each of its pods.',
  {
    key: labelKey('The node label whose values they are spread over.'),
    peers: text('Units of the namespace with the same text are counted together; absent: those of this PodGang.', {
      minLength: 1,
      maxLength: 253,
    }),
    ...spreadFields,
  },
  { required: ['key'], rules: spreadRules },
)

const constraint = (doc: string): ObjectSchema =>
  object('GangTopologyConstraint', doc, { packConstraint: pack, spread })

const reference = (doc: string): ObjectSchema =>
  object(
    'NamespacedName',
    doc,
    { namespace: text('Its namespace.', { maxLength: 63 }), name: objectName('Its name.') },
    { required: ['name', 'namespace'] },
  )

const podGroup: ObjectSchema = object(
  'PodGroup',
  'Pods of one PodClique.',
  {
    name: objectName('Name of the PodClique.'),
    podReferences: listOf('The pods that exist.', reference('One pod.')),
    minReplicas: int32(
      'How many must be placed together with the minimums of the other groups; 0: none. A negative one is told of in the status.',
    ),
    topologyConstraint: constraint('Where the pods of this group may lie.'),
  },
  { required: ['name', 'podReferences', 'minReplicas'] },
)

const spec: ObjectSchema = object(
  'PodGangSpec',
  'What is to be placed together.',
  {
    podgroups: listOf('The groups: the minimums of all are placed, or nothing is.', podGroup, { keys: ['name'] }),
    topologyConstraint: constraint('Where all pods of the gang may lie.'),
    topologyConstraintGroupConfigs: listOf(
      'Constraints on some of the groups together.',
      object(
        'TopologyConstraintGroupConfig',
        'One constraint group.',
        {
          name: objectName('Its name.'),
          podGroupNames: listOf('The groups in it.', objectName('A pod group.')),
          topologyConstraint: constraint('Where the pods of these groups may lie.'),
        },
        { required: ['name', 'podGroupNames'] },
      ),
      { keys: ['name'] },
    ),
    priorityClassName: text('Orders gangs; the priority of the pods decides unless gangs are trusted.', {
      maxLength: 253,
    }),
    reuseReservationRef: reference('Prefer the nodes that this gang had.'),
    sameDomainAs: object(
      'SameDomainAs',
      'This gang and another one of the namespace use one domain.',
      {
        podGang: objectName('The other PodGang.'),
        key: labelKey('The node label whose value they share.'),
      },
      { required: ['key', 'podGang'] },
    ),
  },
  { required: ['podgroups'] },
)

const status: ObjectSchema = object('PodGangStatus', 'What is.', {
  observedGeneration,
  phase: text('Pending, Starting or Running.'),
  conditions,
  placementScore: number('How well preferences were met, 0 to 1.', { minimum: 0, maximum: 1 }),
})

export const podGang: KindDefinition = {
  group: 'scheduler.grove.io',
  version: 'v1alpha1',
  kind: 'PodGang',
  plural: 'podgangs',
  shortNames: ['pg'],
  isNamespaced: true,
  doc: 'Pods that are placed all or nothing. Made by the operator, read by the scheduler.',
  spec,
  status,
  rules: [],
  columns: [
    { name: 'Phase', type: 'string', path: '.status.phase', doc: 'Pending, Starting or Running' },
    { name: 'Age', type: 'date', path: '.metadata.creationTimestamp', doc: 'Age' },
  ],
  scale: null,
}
