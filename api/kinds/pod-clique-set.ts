import {
  type Column,
  flag,
  int32,
  type KindDefinition,
  listOf,
  type ObjectSchema,
  object,
  opaque,
  type Rule,
  text,
} from '../schema.ts'
import {
  CLIQUES_MAX,
  clique,
  IMMUTABLE,
  listStays,
  SCALING_GROUPS_MAX,
  scalingGroup,
  setSharing,
  stays,
  templateName,
} from './clique-template.ts'
import { conditions, count, lastErrors, observedGeneration, updateTimes } from './status-parts.ts'
import { topologyConstraint, constraintStays } from './topology-constraint.ts'

/** The root of what users write, and PodGangSet, its older name. */

const STARTUP_TYPES = ['CliqueStartupTypeAnyOrder', 'CliqueStartupTypeInOrder', 'CliqueStartupTypeExplicit']

const namesAgree: readonly Rule[] = [
  {
    rule: 'self.cliques.all(a, self.cliques.exists_one(b, a.spec.roleName == b.spec.roleName))',
    message: 'roleName must be unique across cliques',
    fieldPath: '.cliques',
  },
  {
    rule:
      "self.cliques.all(a, !has(a.spec.podSpec.schedulerName) || a.spec.podSpec.schedulerName == '' || " +
      "self.cliques.all(b, !has(b.spec.podSpec.schedulerName) || b.spec.podSpec.schedulerName == '' || " +
      'a.spec.podSpec.schedulerName == b.spec.podSpec.schedulerName))',
    message: 'all cliques must use the same schedulerName',
    fieldPath: '.cliques',
  },
]

const explicitOnly = "!has(self.cliqueStartupType) || self.cliqueStartupType != 'CliqueStartupTypeExplicit' || "

const startOrder: readonly Rule[] = [
  {
    rule: `${explicitOnly}self.cliques.all(c, !has(c.spec.startsAfter) || c.spec.startsAfter.all(n, n != c.name))`,
    message: 'startsAfter must not name the clique itself',
    fieldPath: '.cliques',
  },
  {
    rule: `${explicitOnly}self.cliques.all(c, !has(c.spec.startsAfter) || c.spec.startsAfter.all(n, self.cliques.exists(d, d.name == n)))`,
    message: 'startsAfter must name cliques of the set',
    fieldPath: '.cliques',
  },
]

const membership: readonly Rule[] = [
  {
    rule: '!has(self.podCliqueScalingGroups) || self.podCliqueScalingGroups.all(g, g.cliqueNames.all(n, self.cliques.exists(c, c.name == n)))',
    message: 'cliqueNames must name cliques of the set',
    fieldPath: '.podCliqueScalingGroups',
  },
  {
    rule: `!has(self.podCliqueScalingGroups) || self.cliques.all(c, self.podCliqueScalingGroups.filter(g, c.name in g.cliqueNames).size() <= 1)`,
    message: 'a clique may be in at most one podCliqueScalingGroup',
    fieldPath: '.podCliqueScalingGroups',
  },
  {
    rule: `!has(self.podCliqueScalingGroups) || self.cliques.all(c, !has(c.spec.autoScalingConfig) || !self.podCliqueScalingGroups.exists(g, c.name in g.cliqueNames))`,
    message: 'autoScalingConfig must not be set on a clique of a podCliqueScalingGroup; use its scaleConfig',
    fieldPath: '.cliques',
  },
]

const named = (item: string): string =>
  `(!has(${item}.topologyConstraint) || !has(${item}.topologyConstraint.topologyName) || ${item}.topologyConstraint.topologyName == '')`
const sameName = (a: string, b: string): string =>
  `${named(b)} || ${a}.topologyConstraint.topologyName == ${b}.topologyConstraint.topologyName`

const oneTopology: readonly Rule[] = [
  {
    rule: `${named('self')} || self.cliques.all(c, ${sameName('self', 'c')})`,
    message: 'all topologyConstraints of a set must use the same topologyName',
    fieldPath: '.cliques',
  },
  {
    rule: `${named('self')} || !has(self.podCliqueScalingGroups) || self.podCliqueScalingGroups.all(g, ${sameName('self', 'g')})`,
    message: 'all topologyConstraints of a set must use the same topologyName',
    fieldPath: '.podCliqueScalingGroups',
  },
  {
    rule: `self.cliques.all(c, ${named('c')} || self.cliques.all(d, ${sameName('c', 'd')}))`,
    message: 'all topologyConstraints of a set must use the same topologyName',
    fieldPath: '.cliques',
  },
  {
    rule: `!has(self.podCliqueScalingGroups) || self.podCliqueScalingGroups.all(g, ${named('g')} || (self.podCliqueScalingGroups.all(h, ${sameName('g', 'h')}) && self.cliques.all(c, ${sameName('g', 'c')})))`,
    message: 'all topologyConstraints of a set must use the same topologyName',
    fieldPath: '.podCliqueScalingGroups',
  },
]

const sameNames = (now: string, before: string): string =>
  `${now}.size() == ${before}.size() && ${now}.all(c, ${before}.exists(d, d.name == c.name))`

const fixedShape: readonly Rule[] = [
  {
    rule: sameNames('self.cliques', 'oldSelf.cliques'),
    message: `${IMMUTABLE}: cliques cannot be added, removed or renamed`,
    fieldPath: '.cliques',
  },
  {
    rule:
      "!has(self.cliqueStartupType) || self.cliqueStartupType == 'CliqueStartupTypeAnyOrder' || " +
      'self.cliques.map(c, c.name) == oldSelf.cliques.map(c, c.name)',
    message: `${IMMUTABLE}: the order of cliques is the order they start in`,
    fieldPath: '.cliques',
  },
  listStays(
    'podCliqueScalingGroups',
    sameNames('self.podCliqueScalingGroups', 'oldSelf.podCliqueScalingGroups'),
    `${IMMUTABLE}: podCliqueScalingGroups cannot be added, removed or renamed`,
  ),
  stays('cliqueStartupType'),
  listStays('resourceClaimTemplates'),
  listStays('resourceSharing'),
  constraintStays,
]

/** `sharing`: where a list of shared claims is, `self.resourceSharing` or `g.resourceSharing`. CEL reserves `namespace`. */
const ownNamespace = (sharing: string): string =>
  `!has(${sharing}) || ${sharing}.all(s, !has(s.__namespace__) || s.__namespace__ == '' || !self.resourceClaimTemplates.exists(t, t.name == s.name))`

const OWN_NAMESPACE = 'namespace must be empty for a template of the set'
const NO_TEMPLATES = '!has(self.resourceClaimTemplates) || '

const claimsAgree: readonly Rule[] = [
  {
    rule: `${NO_TEMPLATES}${ownNamespace('self.resourceSharing')}`,
    message: OWN_NAMESPACE,
    fieldPath: '.resourceSharing',
  },
  {
    rule: `${NO_TEMPLATES}!has(self.podCliqueScalingGroups) || self.podCliqueScalingGroups.all(g, ${ownNamespace('g.resourceSharing')})`,
    message: OWN_NAMESPACE,
    fieldPath: '.podCliqueScalingGroups',
  },
  {
    rule: `${NO_TEMPLATES}self.cliques.all(c, ${ownNamespace('c.resourceSharing')})`,
    message: OWN_NAMESPACE,
    fieldPath: '.cliques',
  },
  {
    rule: '!has(self.resourceSharing) || self.resourceSharing.all(s, !has(s.filter) || !has(s.filter.childCliqueNames) || s.filter.childCliqueNames.all(n, self.cliques.exists(c, c.name == n)))',
    message: 'childCliqueNames must name cliques of the set',
    fieldPath: '.resourceSharing',
  },
  {
    rule: '!has(self.resourceSharing) || self.resourceSharing.all(s, !has(s.filter) || !has(s.filter.childScalingGroupNames) || s.filter.childScalingGroupNames.all(n, has(self.podCliqueScalingGroups) && self.podCliqueScalingGroups.exists(g, g.name == n)))',
    message: 'childScalingGroupNames must name podCliqueScalingGroups of the set',
    fieldPath: '.resourceSharing',
  },
]

const claimTemplate: ObjectSchema = object(
  'ResourceClaimTemplateConfig',
  'A resource claim template that belongs to the set.',
  {
    name: templateName('Unique in the set.'),
    templateSpec: object(
      null,
      'A resource.k8s.io/v1 ResourceClaimTemplateSpec.',
      {
        spec: object(
          null,
          'The claim.',
          {
            devices: object(
              null,
              'The devices asked for.',
              {
                requests: listOf('The requests; at least one.', opaque('One request.'), { minItems: 1, maxItems: 32 }),
              },
              { required: ['requests'], isOpen: true },
            ),
          },
          { required: ['devices'], isOpen: true },
        ),
      },
      { required: ['spec'], isOpen: true },
    ),
  },
  { required: ['name', 'templateSpec'] },
)

const template: ObjectSchema = object(
  'PodCliqueSetTemplate',
  'One replica of the system.',
  {
    cliques: listOf('The cliques; at least one.', clique, { keys: ['name'], minItems: 1, maxItems: CLIQUES_MAX }),
    cliqueStartupType: text('In which order cliques start.', {
      oneOf: STARTUP_TYPES,
      default: 'CliqueStartupTypeAnyOrder',
    }),
    priorityClassName: text(
      'The priority class of the gangs and of their pods; it goes before one that a clique names.',
      { maxLength: 253 },
    ),
    headlessServiceConfig: object(
      'HeadlessServiceConfig',
      'The Service that gives pods their DNS names.',
      { publishNotReadyAddresses: flag('Pods are found before they are Ready.') },
      { required: ['publishNotReadyAddresses'], default: { publishNotReadyAddresses: true } },
    ),
    topologyConstraint: topologyConstraint('Where the pods of one replica may lie.'),
    terminationDelay: text('How long a gang may be below its minimum before it is made anew: 90s, 4h.', {
      default: '4h',
      maxLength: 64,
      pattern: '^\\+?(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$',
      rules: [{ rule: "self.matches('[1-9]')", message: 'terminationDelay must be greater than 0' }],
    }),
    resourceClaimTemplates: listOf('Templates that resourceSharing refers to.', claimTemplate, {
      keys: ['name'],
      maxItems: 32,
    }),
    resourceSharing: setSharing,
    podCliqueScalingGroups: listOf('Cliques that are scaled together.', scalingGroup, {
      keys: ['name'],
      maxItems: SCALING_GROUPS_MAX,
    }),
  },
  {
    required: ['cliques'],
    rules: [...namesAgree, ...startOrder, ...membership, ...oneTopology, ...claimsAgree, ...fixedShape],
  },
)

const spec: ObjectSchema = object(
  'PodCliqueSetSpec',
  'What is wanted.',
  {
    replicas: int32('How many copies of the whole system.', { minimum: 0, default: 0 }),
    updateStrategy: object(
      'UpdateStrategy',
      'How pods are replaced when the template changes.',
      {
        type: text('RollingRecreate replaces them in turn; OnDelete waits until somebody deletes them.', {
          oneOf: ['RollingRecreate', 'OnDelete'],
          default: 'RollingRecreate',
        }),
      },
      { default: { type: 'RollingRecreate' } },
    ),
    template,
  },
  { required: ['template'] },
)

const progress: ObjectSchema = object('SetUpdateProgress', 'The update that runs, or the last one.', {
  ...updateTimes,
  updatedPodCliquesCount: count('PodCliques that are up to date.'),
  totalPodCliquesCount: count('PodCliques in all.'),
  updatedPodCliqueScalingGroupsCount: count('Scaling groups that are up to date.'),
  totalPodCliqueScalingGroupsCount: count('Scaling groups in all.'),
  currentlyUpdating: listOf(
    'Replicas of the set that are being updated.',
    object(
      'ReplicaUpdate',
      'One replica.',
      { replicaIndex: count('Its index.'), ...updateTimes },
      {
        required: ['replicaIndex'],
      },
    ),
    { keys: ['replicaIndex'] },
  ),
})

const status: ObjectSchema = object('PodCliqueSetStatus', 'What is.', {
  observedGeneration,
  conditions,
  lastErrors,
  replicas: count('Copies asked for.'),
  updatedReplicas: int32('Copies that are available and up to date.', { default: 0 }),
  availableReplicas: count('Copies in which every clique and group has its minimum ready.'),
  hpaPodSelector: text('Selects the pods of the set, for autoscalers.'),
  podGangStatuses: listOf(
    'The gangs of the set.',
    object(
      'SetPodGangStatus',
      'One gang.',
      { name: text('Its name.'), phase: text('Its phase.'), conditions },
      {
        required: ['name'],
      },
    ),
    { keys: ['name'] },
  ),
  currentGenerationHash: text('Names the template that pods are brought to.'),
  updateProgress: progress,
})

const rules: readonly Rule[] = [
  {
    rule: "oldSelf.hasValue() || !self.metadata.name.contains('.')",
    message: "the set's name must not contain a dot: it is part of the hostnames of pods",
    optionalOldSelf: true,
  },
  {
    rule: 'self.spec.template.cliques.all(c, size(self.metadata.name) + size(c.name) <= 45)',
    message: "the set's name and a clique's name must have at most 45 characters together",
  },
  {
    rule:
      '!has(self.spec.template.podCliqueScalingGroups) || self.spec.template.podCliqueScalingGroups.all(g, ' +
      'g.cliqueNames.all(n, size(self.metadata.name) + size(g.name) + size(n) <= 45))',
    message: 'the names of the set, a scaling group and a member clique must have at most 45 characters together',
  },
]

const column = (name: string, path: string, doc: string): Column => ({ name, type: 'integer', path, doc })

const columns: readonly Column[] = [
  column('Replicas', '.spec.replicas', 'Copies asked for'),
  column('Available', '.status.availableReplicas', 'Copies that are available'),
  column('Updated', '.status.updatedReplicas', 'Copies that are up to date'),
  column('PCLQs-Updated', '.status.updateProgress.updatedPodCliquesCount', 'PodCliques that are up to date'),
  column('PCLQs-Total', '.status.updateProgress.totalPodCliquesCount', 'PodCliques in all'),
  column('PCSGs-Updated', '.status.updateProgress.updatedPodCliqueScalingGroupsCount', 'Scaling groups up to date'),
  column('PCSGs-Total', '.status.updateProgress.totalPodCliqueScalingGroupsCount', 'Scaling groups in all'),
  { name: 'Age', type: 'date', path: '.metadata.creationTimestamp', doc: 'Age' },
]

export const podCliqueSet: KindDefinition = {
  group: 'grove.io',
  version: 'v1alpha1',
  kind: 'PodCliqueSet',
  plural: 'podcliquesets',
  shortNames: ['pcs'],
  isNamespaced: true,
  doc: 'An inference system: cliques of pods that are placed together, and how many copies of it.',
  spec,
  status,
  rules,
  columns,
  scale: { replicas: '.spec.replicas', status: '.status.replicas', selector: '.status.hpaPodSelector' },
}

export const podGangSet: KindDefinition = {
  ...podCliqueSet,
  kind: 'PodGangSet',
  plural: 'podgangsets',
  shortNames: ['pgs'],
  doc: 'The older name of PodCliqueSet, with the same fields. A PodCliqueSet of the same name is made from it.',
}
