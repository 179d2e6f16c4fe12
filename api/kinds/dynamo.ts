import {
  flag,
  int32,
  type KindDefinition,
  listOf,
  mapOf,
  number,
  type ObjectSchema,
  object,
  opaque,
  quantity,
  text,
  textMap,
  type Schema,
} from '../schema.ts'
import { containerPatch, envList, podSpecPatch, probe } from './pod-spec.ts'
import { conditions, count, observedGeneration } from './status-parts.ts'
import { constraintStays } from './topology-constraint.ts'

/**
 * DynamoGraphDeployment as users write it since 0.5. Lenient on purpose: fields that are deprecated or not acted on
 * are accepted and kept.
 */

const amounts = (doc: string): ObjectSchema =>
  object(
    'DynamoAmounts',
    doc,
    {
      cpu: quantity('Processors.'),
      memory: quantity('Memory.'),
      gpu: quantity('GPUs, of `gpuType`.'),
      gpuType: text('Name of the resource that a GPU is; absent: nvidia.com/gpu.'),
      custom: mapOf('Further resources by name.', quantity('The amount.'), { maxProperties: 64 }),
    },
    { isOpen: true },
  )

const resources: ObjectSchema = object('DynamoResources', 'What the main container needs.', {
  requests: amounts('What the scheduler sets aside.'),
  limits: amounts('What may be used at most.'),
  claims: listOf('Resource claims of the pod.', opaque('One claim.')),
})

const volumeMount: ObjectSchema = object(
  'DynamoVolumeMount',
  'A claim of the graph, mounted in the main container.',
  {
    name: text('Name of the PersistentVolumeClaim.', { minLength: 1, maxLength: 253 }),
    mountPoint: text('Where it appears.', { maxLength: 4096 }),
    useAsCompilationCache: flag("It holds the back-end's compilation cache; mountPoint may then be left out."),
  },
  {
    required: ['name'],
    rules: [
      {
        rule: "(has(self.mountPoint) && self.mountPoint != '') || (has(self.useAsCompilationCache) && self.useAsCompilationCache)",
        message: 'mountPoint is required unless useAsCompilationCache is true',
        fieldPath: '.mountPoint',
      },
    ],
  },
)

const sharedMemory: ObjectSchema = object(
  'DynamoSharedMemory',
  'The volume at /dev/shm; absent: 8Gi.',
  { disabled: flag('There is none.'), size: quantity('Its size.') },
  {
    rules: [
      {
        rule: '!(has(self.disabled) && self.disabled && has(self.size))',
        message: 'size must not be set when sharedMemory is disabled',
        fieldPath: '.size',
      },
    ],
  },
)

const ingress: ObjectSchema = object(
  'DynamoIngress',
  'How the frontend is reached from outside.',
  { enabled: flag('There is an Ingress.'), host: text('Its host name.', { maxLength: 253 }) },
  {
    isOpen: true,
    rules: [
      {
        rule: "!(has(self.enabled) && self.enabled) || (has(self.host) && self.host != '')",
        message: 'host is required when ingress is enabled',
        fieldPath: '.host',
      },
    ],
  },
)

const levelName = (doc: string): Schema =>
  text(doc, { minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' })

const podFields: ObjectSchema['fields'] = {
  resources,
  envs: envList('Environment of the main container; wins over that of the graph by name.'),
  envFromSecret: text('A Secret whose keys become variables of the main container.', { maxLength: 253 }),
  volumeMounts: listOf('Claims of the graph that are mounted.', volumeMount, { maxItems: 100 }),
  sharedMemory,
  livenessProbe: probe("Replaces the type's own."),
  readinessProbe: probe("Replaces the type's own."),
  extraPodMetadata: object('DynamoPodMetadata', 'Labels and annotations of the pods; wins over every other place.', {
    labels: textMap('Labels.'),
    annotations: textMap('Annotations.'),
  }),
  extraPodSpec: podSpecPatch(
    'DynamoPodSpec',
    'Laid over the pod that the type makes.',
    { mainContainer: containerPatch('Laid over the main container; its image is what runs.') },
    'Partial<PodSpec> & { mainContainer?: Partial<Container> }',
  ),
  annotations: textMap('Put on the clique and its pods.'),
  labels: textMap('Put on the clique and its pods.'),
  frontendSidecar: opaque('A frontend container beside the main one: image, args, envFromSecret, envs.'),
}

const ignored = (doc: string): Schema => opaque(`${doc} Accepted and kept; not acted on.`)

const serviceFields: ObjectSchema['fields'] = {
  componentType: text('What it is: frontend, worker, prefill, decode, planner, epp; anything else has no defaults.', {
    maxLength: 63,
  }),
  subComponentType: text('What kind of worker: prefill or decode.', { maxLength: 63 }),
  serviceName: text('Kept, and not read.'),
  replicas: int32('Pods, or with multinode groups of pods; absent: 1.', { minimum: 0 }),
  minAvailable: int32('How many are placed together or not at all; absent: 1.', { minimum: 1 }),
  multinode: object(
    'DynamoMultinode',
    'One replica is a leader and workers on several nodes.',
    { nodeCount: int32('Nodes a replica.', { minimum: 2, default: 2 }) },
    {},
  ),
  ...podFields,
  dynamoNamespace: text('Deprecated: accepted and not read.'),
  globalDynamoNamespace: flag('Uses the namespace `dynamo` of the runtime.'),
  autoscaling: ignored('Deprecated.'),
  scalingAdapter: object('DynamoScalingAdapter', 'Somebody else owns `replicas`.', {
    enabled: flag('It does.'),
  }),
  ingress,
  modelRef: object(
    'DynamoModelRef',
    'The model that is served.',
    { name: text('Its name.', { minLength: 1 }), revision: text('Its revision.') },
    { required: ['name'] },
  ),
  eppConfig: ignored('Configuration of an endpoint picker.'),
  topologyConstraint: object(
    'DynamoServiceTopology',
    'Where the pods of one replica may lie.',
    { packDomain: levelName('All in one domain of this level.') },
    { required: ['packDomain'], rules: [{ rule: 'self == oldSelf', message: 'field is immutable' }] },
  ),
  checkpoint: ignored('Checkpoints.'),
  gpuMemoryService: ignored('GPU memory service.'),
  failover: ignored('Fail-over.'),
  runtimeVersionOverride: text('Version of the runtime, where the image does not tell: 1.2.0.'),
}

const minAvailableOf = (value: string): string => `(has(${value}.minAvailable) ? ${value}.minAvailable : 1)`

const isMultinode = (value: string): string => `has(${value}.multinode)`

const service: ObjectSchema = object('DynamoService', 'One component of the graph.', serviceFields, {
  isOpen: true,
  rules: [
    {
      rule: '!has(self.minAvailable) || (has(self.replicas) && self.replicas == 0) || self.minAvailable <= (has(self.replicas) ? self.replicas : 1)',
      message: 'minAvailable must not be greater than replicas',
      fieldPath: '.minAvailable',
    },
    {
      rule: `${isMultinode('self')} == ${isMultinode('oldSelf')}`,
      message: 'field is immutable: a service cannot become multinode or cease to be',
      fieldPath: '.multinode',
    },
    {
      rule: `!${isMultinode('self')} || !${isMultinode('oldSelf')} || self.multinode.nodeCount == oldSelf.multinode.nodeCount`,
      message: 'field is immutable: the nodes of a replica are the minimum of its gang',
      fieldPath: '.multinode',
    },
    {
      rule: `${minAvailableOf('self')} == ${minAvailableOf('oldSelf')}`,
      message: 'field is immutable',
      fieldPath: '.minAvailable',
    },
    constraintStays,
  ],
})

const pvc: ObjectSchema = object(
  'DynamoPvc',
  'A PersistentVolumeClaim that services mount.',
  {
    create: flag('It is made; otherwise it must exist.'),
    name: text('Its name.', { minLength: 1, maxLength: 253 }),
    storageClass: text('Its storage class.', { maxLength: 253 }),
    size: quantity('Its size.'),
    volumeAccessMode: text('ReadWriteOnce, ReadWriteMany.', { maxLength: 63 }),
  },
  {
    required: ['name'],
    rules: [
      {
        rule: '!(has(self.create) && self.create) || (has(self.size) && has(self.storageClass) && has(self.volumeAccessMode))',
        message: 'create: true needs size, storageClass and volumeAccessMode',
      },
    ],
  },
)

const restart: ObjectSchema = object(
  'DynamoRestart',
  'A new id restarts the services.',
  {
    id: text('Any text that was not here before.', { minLength: 1, maxLength: 253 }),
    strategy: object(
      'DynamoRestartStrategy',
      'In which order.',
      {
        type: text('One service after the other, or all at once.', {
          oneOf: ['Sequential', 'Parallel'],
          default: 'Sequential',
        }),
        order: listOf('All services, in the order to restart them.', text('A service.', { maxLength: 63 }), {
          maxItems: 25,
        }),
      },
      {
        rules: [
          {
            rule: "!has(self.order) || self.order.size() == 0 || !has(self.type) || self.type != 'Parallel'",
            message: 'order must not be set with Parallel',
            fieldPath: '.order',
          },
          {
            rule: '!has(self.order) || self.order.all(a, self.order.exists_one(b, a == b))',
            message: 'order must not name a service twice',
            fieldPath: '.order',
          },
        ],
      },
    ),
  },
  { required: ['id'] },
)

const spec: ObjectSchema = object(
  'DynamoGraphDeploymentSpec',
  'What is wanted.',
  {
    services: mapOf('The services by name; names differ in more than case.', service, {
      minProperties: 1,
      maxProperties: 25,
      rules: [
        {
          rule: 'self.all(a, self.exists_one(b, a.lowerAscii() == b.lowerAscii()))',
          message: 'names of services must differ in more than upper and lower case',
        },
        {
          rule: "self.all(a, a.matches('^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$'))",
          message: 'names of services must be letters, digits and dashes, with a letter or digit at both ends',
        },
        {
          rule: 'self.size() == oldSelf.size() && self.all(a, a in oldSelf)',
          message: 'field is immutable: services cannot be added, removed or renamed',
        },
      ],
    }),
    backendFramework: text('What runs the model, where the command does not tell.', {
      oneOf: ['sglang', 'vllm', 'trtllm'],
    }),
    envs: envList('Environment of the main container of every service.'),
    pvcs: listOf('Claims that services mount.', pvc, { maxItems: 100 }),
    annotations: textMap('Put on the set and on all pods.'),
    labels: textMap('Put on the set and on all pods.'),
    priorityClassName: text('The priority class of the gangs.', { maxLength: 253 }),
    topologyConstraint: object('DynamoTopology', 'Where the pods of the graph may lie.', {
      topologyProfile: text('The topology whose levels are named.', { maxLength: 253 }),
      packDomain: levelName('All in one domain of this level.'),
    }),
    restart,
    experimental: ignored('Previews.'),
    providerOverride: ignored('Overrides of the set.'),
  },
  {
    required: ['services'],
    rules: [
      {
        rule: 'has(self.backendFramework) == has(oldSelf.backendFramework) && (!has(self.backendFramework) || self.backendFramework == oldSelf.backendFramework)',
        message: 'field is immutable',
        fieldPath: '.backendFramework',
      },
      {
        rule: 'has(self.topologyConstraint) == has(oldSelf.topologyConstraint) && (!has(self.topologyConstraint) || self.topologyConstraint == oldSelf.topologyConstraint)',
        message: 'field is immutable',
        fieldPath: '.topologyConstraint',
      },
      {
        rule: 'has(self.topologyConstraint) || self.services.map(n, self.services[n]).all(s, !has(s.topologyConstraint))',
        message: "a service's topologyConstraint needs one on the graph",
        fieldPath: '.topologyConstraint',
      },
      {
        rule: '!has(self.restart) || !has(self.restart.strategy) || !has(self.restart.strategy.order) || self.restart.strategy.order.size() == 0 || self.services.all(n, n in self.restart.strategy.order) && self.restart.strategy.order.all(n, n in self.services)',
        message: 'order must name all services of the graph and no others',
        fieldPath: '.restart.strategy.order',
      },
    ],
  },
)

const serviceStatus: ObjectSchema = object('DynamoServiceStatus', 'One service.', {
  componentKind: text('PodClique or PodCliqueScalingGroup.'),
  componentName: text('The first of componentNames.'),
  componentNames: listOf('The objects that run it.', text('A name.')),
  replicas: count('Replicas that exist.'),
  updatedReplicas: count('Replicas that are up to date.'),
  readyReplicas: count('Ready pods of a PodClique.'),
  availableReplicas: count('Available copies of a PodCliqueScalingGroup.'),
  scheduledReplicas: count('Replicas that are placed.'),
  runtimeNamespace: text('The namespace of the runtime.'),
  gpusPerEngine: count('GPUs of one engine.'),
  gpusPerReplica: count('GPUs of one replica.'),
})

const status: ObjectSchema = object('DynamoGraphDeploymentStatus', 'What is.', {
  state: text('initializing, pending, successful or failed.', { default: 'initializing' }),
  observedGeneration,
  conditions,
  services: mapOf('The services by name.', serviceStatus),
  restart: object('DynamoRestartStatus', 'The newest restart.', {
    observedID: text('The id that was seen.'),
    phase: text('Pending, Restarting, Completed, Failed or Superseded.'),
    inProgress: listOf('Services that are restarting.', text('A service.')),
  }),
  rollingUpdate: opaque('Kept for readers of other pathways.'),
  checkpoints: opaque('Kept for readers of that feature.'),
  placement: object('DynamoPlacementStatus', 'How well the pods are placed.', {
    score: number('0 to 1.', { minimum: 0, maximum: 1 }),
    state: text('Reported, Partial, Unsupported or Unknown.'),
  }),
})

export const dynamoGraphDeployment: KindDefinition = {
  group: 'nvidia.com',
  version: 'v1alpha1',
  kind: 'DynamoGraphDeployment',
  plural: 'dynamographdeployments',
  shortNames: ['dgd'],
  isNamespaced: true,
  doc: 'An inference graph: its services, from which a PodCliqueSet is made.',
  spec,
  status,
  rules: [
    {
      rule: 'oldSelf.hasValue() || !has(self.spec.restart)',
      message: 'restart must not be set when the graph is created',
      fieldPath: '.spec.restart',
      optionalOldSelf: true,
    },
  ],
  columns: [
    { name: 'Ready', type: 'string', path: ".status.conditions[?(@.type=='Ready')].status", doc: 'All services run' },
    { name: 'Backend', type: 'string', path: '.spec.backendFramework', doc: 'What runs the model' },
    { name: 'Age', type: 'date', path: '.metadata.creationTimestamp', doc: 'Age' },
  ],
  scale: null,
}
