import { KAI_SCHEDULER_NAME, SCHEDULER_NAME } from '../names.ts'
import { flag, int64, type KindDefinition, listOf, type ObjectSchema, object, type Rule, text } from '../schema.ts'
import { conditions, observedGeneration } from './status-parts.ts'

const LABEL_KEY =
  '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$'

/** Schedulers whose topology may be kept by somebody else, and those that know of none. */
const AWARE = [SCHEDULER_NAME, KAI_SCHEDULER_NAME]
const UNAWARE = ['default-scheduler', 'volcano', 'lpx-scheduler']
const listOfNames = (names: readonly string[]): string => `[${names.map((name) => `'${name}'`).join(', ')}]`

/** With the words of the published webhook. */
const schedulerRules: readonly Rule[] = [
  {
    rule: `self.schedulerName in ${listOfNames([...AWARE, ...UNAWARE])}`,
    message: 'scheduler backend is not enabled in Grove',
    fieldPath: '.schedulerName',
  },
  {
    rule: `!(self.schedulerName in ${listOfNames(UNAWARE)})`,
    message: 'scheduler backend does not implement topology-aware scheduling',
    fieldPath: '.schedulerName',
  },
]

const spec: ObjectSchema = object(
  'ClusterTopologyBindingSpec',
  'The levels of the topology.',
  {
    levels: listOf(
      'From broad to narrow.',
      object(
        'TopologyLevel',
        'One level.',
        {
          domain: text('The name that constraints use: zone, rack, host.', {
            minLength: 1,
            maxLength: 63,
            pattern: '^[a-z][a-z0-9-]*$',
          }),
          key: text('The node label whose value says which domain a node is in.', {
            minLength: 1,
            maxLength: 317,
            pattern: LABEL_KEY,
          }),
        },
        { required: ['domain', 'key'] },
      ),
      {
        minItems: 1,
        maxItems: 16,
        rules: [
          { rule: 'self.all(a, self.exists_one(b, a.domain == b.domain))', message: 'domains must be unique' },
          { rule: 'self.all(a, self.exists_one(b, a.key == b.key))', message: 'keys must be unique' },
        ],
      },
    ),
    schedulerTopologyBindings: listOf(
      'Schedulers whose own topology object is kept by somebody else.',
      object(
        'SchedulerTopologyBinding',
        'One scheduler.',
        {
          schedulerName: text('The scheduler.', { minLength: 1, maxLength: 253 }),
          topologyReference: text('Name of its topology object.', { minLength: 1, maxLength: 253 }),
        },
        { required: ['schedulerName', 'topologyReference'], rules: schedulerRules },
      ),
      { keys: ['schedulerName'], maxItems: 16 },
    ),
  },
  { required: ['levels'] },
)

const status: ObjectSchema = object('ClusterTopologyBindingStatus', 'What is.', {
  observedGeneration,
  conditions,
  schedulerTopologyStatuses: listOf(
    'One entry a scheduler.',
    object(
      'SchedulerTopologyStatus',
      'One scheduler.',
      {
        schedulerName: text('The scheduler.'),
        topologyReference: text('Name of its topology object.'),
        inSync: flag('Its levels are those of this object.'),
        schedulerBackendTopologyObservedGeneration: int64('The generation of its object that was looked at.'),
        message: text('What differs.'),
      },
      { required: ['inSync', 'schedulerName', 'topologyReference'] },
    ),
    { keys: ['schedulerName'] },
  ),
})

export const clusterTopologyBinding: KindDefinition = {
  group: 'grove.io',
  version: 'v1alpha1',
  kind: 'ClusterTopologyBinding',
  plural: 'clustertopologybindings',
  shortNames: ['ct'],
  isNamespaced: false,
  doc: 'A topology: names for levels, and the node labels that tell them.',
  spec,
  status,
  rules: [],
  columns: [
    { name: 'Domains', type: 'string', path: '.spec.levels[*].domain', doc: 'Levels, broad to narrow' },
    { name: 'Age', type: 'date', path: '.metadata.creationTimestamp', doc: 'Age' },
  ],
  scale: null,
}
