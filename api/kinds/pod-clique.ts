import { int32, type KindDefinition, listOf, object, text, type ObjectSchema } from '../schema.ts'
import { cliqueSpec } from './clique-template.ts'
import { conditions, count, lastErrors, observedGeneration, updateTimes } from './status-parts.ts'

const status: ObjectSchema = object('PodCliqueStatus', 'What is.', {
  observedGeneration,
  lastErrors,
  replicas: count('Pods that are not terminating.'),
  readyReplicas: count('Pods that are Ready.'),
  updatedReplicas: count('Pods made from the newest template.'),
  scheduleGatedReplicas: count('Pods that wait for their gate to be lifted.'),
  scheduledReplicas: count('Pods that have a node.'),
  hpaPodSelector: text('Selects the pods, for autoscalers; only outside of scaling groups.'),
  conditions,
  currentPodCliqueSetGenerationHash: text('Names the template of the set that was last applied in full.'),
  currentPodTemplateHash: text('Names the pod template that was last applied in full.'),
  updateProgress: object(
    'CliqueUpdateProgress',
    'The update that runs, or the last one.',
    {
      ...updateTimes,
      podCliqueSetGenerationHash: text('The template of the set that it leads to.'),
      podTemplateHash: text('The pod template that it leads to.'),
      readyPodsSelectedToUpdate: object(
        'PodsSelectedToUpdate',
        'Ready pods that are replaced, one at a time.',
        {
          current: text('The one being replaced.'),
          currentPodIndex: int32('Its index, which its replacement has too.'),
          completed: listOf('Those that were.', text('A pod.')),
        },
        { required: ['current'] },
      ),
    },
    { required: ['podCliqueSetGenerationHash', 'podTemplateHash'] },
  ),
})

export const podClique: KindDefinition = {
  group: 'grove.io',
  version: 'v1alpha1',
  kind: 'PodClique',
  plural: 'podcliques',
  shortNames: ['pclq'],
  isNamespaced: true,
  doc: 'Pods that play one role. Made from a PodCliqueSet; here startsAfter holds names of PodCliques, and the rules that tie fields of a set together do not hold.',
  spec: cliqueSpec,
  status,
  rules: [],
  columns: [
    { name: 'MinAvail', type: 'integer', path: '.spec.minAvailable', doc: 'Pods placed together or not at all' },
    { name: 'Replicas', type: 'integer', path: '.spec.replicas', doc: 'Pods asked for' },
    { name: 'Ready', type: 'integer', path: '.status.readyReplicas', doc: 'Pods that are Ready' },
    { name: 'Scheduled', type: 'integer', path: '.status.scheduledReplicas', doc: 'Pods that have a node' },
    { name: 'Updated', type: 'integer', path: '.status.updatedReplicas', doc: 'Pods that are up to date' },
    { name: 'Gated', type: 'integer', path: '.status.scheduleGatedReplicas', doc: 'Pods behind a gate', isWide: true },
    {
      name: 'MinBreached',
      type: 'string',
      path: ".status.conditions[?(@.type=='MinAvailableBreached')].status",
      doc: 'Fewer ready pods than minAvailable',
      isWide: true,
    },
    { name: 'Age', type: 'date', path: '.metadata.creationTimestamp', doc: 'Age' },
  ],
  scale: { replicas: '.spec.replicas', status: '.status.replicas', selector: '.status.hpaPodSelector' },
}
