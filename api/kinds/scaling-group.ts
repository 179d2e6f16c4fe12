import { int32, type KindDefinition, listOf, type ObjectSchema, object, text } from '../schema.ts'
import { cliqueNames } from './clique-template.ts'
import { conditions, count, lastErrors, observedGeneration, updateTimes } from './status-parts.ts'

const spec: ObjectSchema = object(
  'PodCliqueScalingGroupSpec',
  'What is wanted.',
  {
    replicas: int32('Copies of the members.', { minimum: 0, default: 1 }),
    minAvailable: int32('Copies that belong to the base gang.', { minimum: 1, default: 1 }),
    cliqueNames: cliqueNames('The members, by their names in the set.', 1),
  },
  { required: ['cliqueNames'] },
)

const status: ObjectSchema = object('PodCliqueScalingGroupStatus', 'What is.', {
  replicas: count('Copies asked for.'),
  scheduledReplicas: count('Copies in which every member has its minimum placed.'),
  availableReplicas: count('Copies in which every member has its minimum ready.'),
  updatedReplicas: count('Available copies that are up to date.'),
  selector: text('Selects the pods, for autoscalers.'),
  observedGeneration,
  lastErrors,
  conditions,
  currentPodCliqueSetGenerationHash: text('Names the template of the set that was last applied in full.'),
  updateProgress: object(
    'ScalingGroupUpdateProgress',
    'The update that runs, or the last one.',
    {
      ...updateTimes,
      podCliqueSetGenerationHash: text('The template of the set that it leads to.'),
      updatedPodCliquesCount: count('Member PodCliques that are up to date.'),
      totalPodCliquesCount: count('Member PodCliques in all.'),
      readyReplicaIndicesSelectedToUpdate: object(
        'ReplicasSelectedToUpdate',
        'Copies that are replaced, one at a time.',
        { current: count('The one being replaced.'), completed: listOf('Those that were.', count('An index.')) },
        { required: ['current'] },
      ),
    },
    { required: ['updateStartedAt', 'podCliqueSetGenerationHash'] },
  ),
})

export const podCliqueScalingGroup: KindDefinition = {
  group: 'grove.io',
  version: 'v1alpha1',
  kind: 'PodCliqueScalingGroup',
  plural: 'podcliquescalinggroups',
  shortNames: ['pcsg'],
  isNamespaced: true,
  doc: 'Cliques that are scaled together. Made from a PodCliqueSet; `replicas` is for autoscalers and people.',
  spec,
  status,
  rules: [],
  columns: [
    { name: 'MinAvail', type: 'integer', path: '.spec.minAvailable', doc: 'Copies in the base gang' },
    { name: 'Replicas', type: 'integer', path: '.spec.replicas', doc: 'Copies asked for' },
    { name: 'Available', type: 'integer', path: '.status.availableReplicas', doc: 'Copies that are available' },
    { name: 'Scheduled', type: 'integer', path: '.status.scheduledReplicas', doc: 'Copies that are placed' },
    { name: 'Updated', type: 'integer', path: '.status.updatedReplicas', doc: 'Copies that are up to date' },
    {
      name: 'PCLQs-Updated',
      type: 'integer',
      path: '.status.updateProgress.updatedPodCliquesCount',
      doc: 'PodCliques that are up to date',
    },
    {
      name: 'PCLQs-Total',
      type: 'integer',
      path: '.status.updateProgress.totalPodCliquesCount',
      doc: 'PodCliques in all',
    },
    {
      name: 'MinBreached',
      type: 'string',
      path: ".status.conditions[?(@.type=='MinAvailableBreached')].status",
      doc: 'Fewer available copies than minAvailable',
      isWide: true,
    },
    { name: 'Age', type: 'date', path: '.metadata.creationTimestamp', doc: 'Age' },
  ],
  scale: { replicas: '.spec.replicas', status: '.status.replicas', selector: '.status.selector' },
}
