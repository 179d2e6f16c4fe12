/** Objects as clusters with Grove's operator hold them: between them every field that its definitions list is filled. */
import type { NewObject } from '../../api/kinds/kubernetes.ts'

const AT = '2026-08-19T10:00:00Z'
const LATER = '2026-08-19T10:05:00Z'

const condition = (type: string): object => ({
  type,
  status: 'True',
  lastTransitionTime: AT,
  reason: 'Seen',
  message: 'as it was written',
  observedGeneration: 1,
})
const lastErrors = [{ code: 'ERR_SYNC', description: 'pods "a" is forbidden', observedAt: AT }]
const base = (type: string): object => ({ observedGeneration: 1, lastErrors, conditions: [condition(type)] })
const updateTimes = { updateStartedAt: AT, updateEndedAt: LATER }

/** A pod template with something of each corner that users fill. */
const podSpec = {
  schedulerName: 'kai-scheduler',
  priorityClassName: 'inference',
  serviceAccountName: 'engine',
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  hostIPC: true,
  shareProcessNamespace: true,
  runtimeClassName: 'nvidia',
  imagePullSecrets: [{ name: 'registry' }],
  securityContext: { runAsUser: 1000, fsGroup: 1000, seccompProfile: { type: 'RuntimeDefault' } },
  nodeSelector: { 'nvidia.com/gpu.present': 'true' },
  tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule', tolerationSeconds: 30 }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['arm64'] }] }],
      },
    },
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 10,
          podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'a' } } },
        },
      ],
    },
  },
  dnsConfig: { options: [{ name: 'ndots', value: '2' }] },
  hostAliases: [{ ip: '10.1.2.3', hostnames: ['store'] }],
  resourceClaims: [{ name: 'imex', resourceClaimTemplateName: 'channel' }],
  volumes: [
    { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '64Gi' } },
    { name: 'models', persistentVolumeClaim: { claimName: 'models', readOnly: true } },
    { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3600 } }] } },
    { name: 'configuration', configMap: { name: 'engine', items: [{ key: 'a', path: 'b' }], defaultMode: 420 } },
  ],
  initContainers: [{ name: 'fetch', image: 'fetch', restartPolicy: 'Always', command: ['fetch', '--all'] }],
  containers: [
    {
      name: 'main',
      image: 'engine:1',
      imagePullPolicy: 'IfNotPresent',
      command: ['python3'],
      args: ['-m', 'engine', '--rank=$(RANK)'],
      workingDir: '/work',
      env: [
        { name: 'RANK', valueFrom: { fieldRef: { fieldPath: "metadata.labels['grove.io/podclique-pod-index']" } } },
        { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'hf', key: 'token', optional: true } } },
      ],
      envFrom: [{ secretRef: { name: 'hf' }, prefix: 'HF_' }],
      ports: [{ name: 'http', containerPort: 8000, protocol: 'TCP' }],
      resources: {
        requests: { cpu: '10', 'nvidia.com/gpu': '4' },
        limits: { 'nvidia.com/gpu': '4' },
        claims: [{ name: 'imex' }],
      },
      volumeMounts: [
        { name: 'shm', mountPath: '/dev/shm' },
        { name: 'models', mountPath: '/models', readOnly: true, subPath: 'q' },
      ],
      readinessProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 10, failureThreshold: 60 },
      livenessProbe: { exec: { command: ['true'] }, initialDelaySeconds: 60 },
      startupProbe: { tcpSocket: { port: 8000 }, timeoutSeconds: 5 },
      lifecycle: { preStop: { exec: { command: ['sleep', '5'] } } },
      securityContext: { privileged: false, capabilities: { add: ['IPC_LOCK'] } },
      terminationMessagePolicy: 'FallbackToLogsOnError',
      stdin: true,
      tty: true,
    },
  ],
}

const metrics = [
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
]
const scaling = { minReplicas: 2, maxReplicas: 6, metrics }
const constraint = { topologyName: 'cluster', pack: { required: 'rack', preferred: 'host' } }
const sharing = { name: 'gpus', namespace: '', scope: 'AllReplicas' }

const clique = (name: string, more: object, spec: object): object => ({
  name,
  labels: { role: name },
  annotations: { 'grove.io/mnnvl-group': 'g' },
  ...more,
  spec: { roleName: name, podSpec, replicas: 2, minAvailable: 2, ...spec },
})

const set = {
  replicas: 2,
  updateStrategy: { type: 'OnDelete' },
  template: {
    cliqueStartupType: 'CliqueStartupTypeExplicit',
    priorityClassName: 'inference',
    headlessServiceConfig: { publishNotReadyAddresses: false },
    terminationDelay: '1h30m',
    topologyConstraint: constraint,
    resourceClaimTemplates: [
      {
        name: 'gpus',
        templateSpec: {
          spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.nvidia.com' } }] } },
        },
      },
    ],
    resourceSharing: [{ ...sharing, filter: { childCliqueNames: ['frontend'], childScalingGroupNames: ['prefill'] } }],
    cliques: [
      clique('frontend', {}, { autoScalingConfig: scaling }),
      clique('leader', { topologyConstraint: constraint }, { startsAfter: ['frontend'] }),
      clique('worker', { resourceSharing: [{ ...sharing, scope: 'PerReplica' }] }, { startsAfter: ['leader'] }),
    ],
    podCliqueScalingGroups: [
      {
        name: 'prefill',
        cliqueNames: ['leader', 'worker'],
        annotations: { 'grove.io/mnnvl-group': 'g' },
        replicas: 2,
        minAvailable: 1,
        scaleConfig: scaling,
        topologyConstraint: constraint,
        resourceSharing: [{ ...sharing, filter: { childCliqueNames: ['worker'] } }],
      },
    ],
  },
}

/** A deprecated field that clusters still hold: kept, though nobody may write it anew. */
const deprecated = { topologyName: 'cluster', packDomain: 'rack' }
const older = {
  replicas: 1,
  template: {
    topologyConstraint: deprecated,
    cliques: [clique('worker', { topologyConstraint: deprecated }, {})],
    podCliqueScalingGroups: [{ name: 'decode', cliqueNames: ['worker'], topologyConstraint: deprecated }],
  },
}

const counts = {
  updatedPodCliquesCount: 1,
  totalPodCliquesCount: 3,
  updatedPodCliqueScalingGroupsCount: 1,
  totalPodCliqueScalingGroupsCount: 2,
}

const setStatus = {
  ...base('TopologyLevelsUnavailable'),
  replicas: 2,
  updatedReplicas: 1,
  availableReplicas: 1,
  hpaPodSelector: 'app.kubernetes.io/part-of=served',
  podGangStatuses: [{ name: 'served-0', phase: 'Running' }],
  currentGenerationHash: '8f6',
  updateProgress: { ...updateTimes, ...counts, currentlyUpdating: [{ replicaIndex: 0, ...updateTimes }] },
}

const cliqueStatus = {
  ...base('PodCliqueScheduled'),
  replicas: 2,
  readyReplicas: 2,
  updatedReplicas: 1,
  scheduleGatedReplicas: 1,
  scheduledReplicas: 2,
  hpaPodSelector: 'grove.io/podclique=served-0-frontend',
  currentPodCliqueSetGenerationHash: '8f6',
  currentPodTemplateHash: '7c4',
  updateProgress: {
    ...updateTimes,
    podCliqueSetGenerationHash: '8f6',
    podTemplateHash: '7c4',
    readyPodsSelectedToUpdate: { current: 'served-0-frontend-x', completed: ['served-0-frontend-y'] },
  },
}

const groupStatus = {
  ...base('MinAvailableBreached'),
  replicas: 2,
  scheduledReplicas: 2,
  availableReplicas: 1,
  updatedReplicas: 1,
  selector: 'grove.io/podcliquescalinggroup=served-0-prefill',
  currentPodCliqueSetGenerationHash: '8f6',
  updateProgress: {
    ...updateTimes,
    podCliqueSetGenerationHash: '8f6',
    updatedPodCliquesCount: 1,
    totalPodCliquesCount: 4,
    readyReplicaIndicesSelectedToUpdate: { current: 1, completed: [0] },
  },
}

const packed = { packConstraint: { required: 'fabric.topograph.run/tier-1', preferred: 'kubernetes.io/hostname' } }

interface Kept {
  readonly object: NewObject & { readonly spec: object }
  readonly status: object
}

const grove = (kind: string, name: string, spec: object, apiVersion = 'grove.io/v1alpha1'): Kept['object'] => ({
  apiVersion,
  kind,
  metadata: {
    name,
    labels: { 'app.kubernetes.io/part-of': 'served' },
    finalizers: [`grove.io/${kind.toLowerCase()}.grove.io`],
  },
  spec,
})

export const GROVE_OBJECTS: readonly Kept[] = [
  { object: grove('PodCliqueSet', 'served', set), status: setStatus },
  { object: grove('PodCliqueSet', 'older', older), status: setStatus },
  {
    object: grove('PodClique', 'served-0-frontend', {
      roleName: 'frontend',
      podSpec,
      replicas: 2,
      minAvailable: 2,
      startsAfter: ['served-0-leader'],
      autoScalingConfig: scaling,
    }),
    status: cliqueStatus,
  },
  {
    object: grove('PodCliqueScalingGroup', 'served-0-prefill', {
      replicas: 2,
      minAvailable: 1,
      cliqueNames: ['leader', 'worker'],
    }),
    status: groupStatus,
  },
  {
    object: grove('ClusterTopologyBinding', 'cluster', {
      levels: [
        { domain: 'rack', key: 'fabric.topograph.run/tier-1' },
        { domain: 'host', key: 'kubernetes.io/hostname' },
      ],
      schedulerTopologyBindings: [{ schedulerName: 'kai-scheduler', topologyReference: 'cluster' }],
    }),
    status: {
      observedGeneration: 1,
      conditions: [condition('InSync')],
      schedulerTopologyStatuses: [
        {
          schedulerName: 'kai-scheduler',
          topologyReference: 'cluster',
          inSync: true,
          schedulerBackendTopologyObservedGeneration: 1,
          message: 'fine',
        },
      ],
    },
  },
  {
    object: grove(
      'PodGang',
      'served-0',
      {
        podgroups: [
          {
            name: 'served-0-frontend',
            podReferences: [{ namespace: 'default', name: 'served-0-frontend-x' }],
            minReplicas: 2,
            topologyConstraint: packed,
          },
        ],
        topologyConstraint: packed,
        topologyConstraintGroupConfigs: [
          { name: 'served-0-prefill-0', podGroupNames: ['served-0-frontend'], topologyConstraint: packed },
        ],
        priorityClassName: 'inference',
        reuseReservationRef: { namespace: 'default', name: 'served-0' },
      },
      'scheduler.grove.io/v1alpha1',
    ),
    status: { phase: 'Running', conditions: [condition('Initialized')], placementScore: 0.75 },
  },
]
