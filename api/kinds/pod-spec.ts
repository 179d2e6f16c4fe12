import {
  flag,
  int32,
  int64,
  listOf,
  mapOf,
  type ListSchema,
  numberOrText,
  type ObjectSchema,
  object,
  opaque,
  quantity,
  type Schema,
  text,
  textMap,
} from '../schema.ts'

/**
 * A pod's spec inside a CRD: the common fields are checked, the others are kept as they are. It follows the core API,
 * where list-map keys decide how appliers merge and that no name occurs twice.
 */

const named = (doc: string): Schema => text(doc, { minLength: 1, maxLength: 253 })

const source = (doc: string, fields: ObjectSchema['fields'], required: readonly string[]): ObjectSchema =>
  object(
    null,
    doc,
    { ...fields, optional: flag('Absence of the object or key is no error.') },
    { required, isOpen: true },
  )

/** What every Kubernetes takes (no path that leads up, too); newer ones take more, which a set has never been let have. */
const ENV_NAME = '^([-_a-zA-Z]|\\.[-_a-zA-Z0-9])[-._a-zA-Z0-9]*$'

const envVar: ObjectSchema = object(
  null,
  'One environment variable.',
  {
    name: text('Name of the variable.', { minLength: 1, maxLength: 253, pattern: ENV_NAME }),
    value: text('The value; `$(OTHER)` refers to a variable before it.'),
    valueFrom: object(
      null,
      'Where the value comes from, instead of `value`.',
      {
        fieldRef: object(
          null,
          'A field of the pod.',
          { fieldPath: text('The path of the field.') },
          {
            required: ['fieldPath'],
            isOpen: true,
          },
        ),
        secretKeyRef: source('A key of a Secret.', { name: text('The Secret.'), key: text('The key.') }, ['key']),
        configMapKeyRef: source('A key of a ConfigMap.', { name: text('The ConfigMap.'), key: text('The key.') }, [
          'key',
        ]),
      },
      { isOpen: true },
    ),
  },
  { required: ['name'], typed: 'EnvVar', isOpen: true },
)

/** Environment variables where a name may come twice, and the last one wins. */
export const envList = (doc: string): ListSchema => listOf(doc, envVar)

const envFrom: ListSchema = listOf(
  'Secrets and ConfigMaps whose keys become variables.',
  object(
    null,
    'One source of variables.',
    {
      prefix: text('Put before every key.'),
      secretRef: source('A Secret.', { name: text('The Secret.') }, []),
      configMapRef: source('A ConfigMap.', { name: text('The ConfigMap.') }, []),
    },
    { isOpen: true },
  ),
)

const port = (doc: string): Schema => int32(doc, { minimum: 1, maximum: 65_535 })

const ports: ListSchema = listOf(
  'Ports that the container listens on.',
  object(
    null,
    'One port.',
    {
      name: text('A name for it.', { maxLength: 15 }),
      containerPort: port('The port in the pod.'),
      hostPort: int32('The port on the node; the pod then fits only where it is free.', {
        minimum: 0,
        maximum: 65_535,
      }),
      hostIP: text('The address on the node that the host port is bound to.'),
      protocol: text('TCP, UDP or SCTP.', { default: 'TCP', oneOf: ['TCP', 'UDP', 'SCTP'] }),
    },
    { required: ['containerPort'], isOpen: true },
  ),
  { keys: ['containerPort', 'protocol'] },
)

const amounts = (doc: string): Schema => mapOf(doc, quantity('The amount.'), { typed: 'ResourceList' })

export const resourceNeeds: ObjectSchema = object(
  null,
  'What is asked for and what may be used at most.',
  {
    requests: amounts('What the scheduler sets aside; a limit without a request is also the request.'),
    limits: amounts('What may be used at most.'),
    claims: listOf(
      'Resource claims of the pod that the container uses.',
      object(
        null,
        'One claim.',
        { name: text('The claim.'), request: text('One request of it.') },
        { required: ['name'] },
      ),
      { keys: ['name'] },
    ),
  },
  { isOpen: true },
)

export const probe = (doc: string): ObjectSchema =>
  object(
    null,
    doc,
    {
      httpGet: object(
        null,
        'Ask over HTTP.',
        { port: numberOrText('Number or name of the port.'), path: text('The path.') },
        {
          required: ['port'],
          isOpen: true,
        },
      ),
      tcpSocket: object(
        null,
        'Open a connection.',
        { port: numberOrText('Number or name of the port.') },
        {
          required: ['port'],
          isOpen: true,
        },
      ),
      grpc: object(null, 'Ask over gRPC.', { port: int32('The port.') }, { required: ['port'], isOpen: true }),
      exec: object(null, 'Run a command.', { command: listOf('The command.', text('A word.')) }, { isOpen: true }),
      initialDelaySeconds: int32('Seconds before the first probe.'),
      periodSeconds: int32('Seconds between probes.'),
      timeoutSeconds: int32('Seconds until a probe has failed.'),
      failureThreshold: int32('Failures in a row that count.'),
      successThreshold: int32('Successes in a row that count.'),
    },
    { isOpen: true, typed: 'Probe' },
  )

const containerFields: ObjectSchema['fields'] = {
  name: text('Unique in the pod.', { minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' }),
  image: text('The image.'),
  command: listOf("Replaces the image's entry point.", text('A word.')),
  args: listOf("Replaces the image's arguments.", text('A word.')),
  workingDir: text('Where the command starts.'),
  env: listOf('Environment variables; no name twice.', envVar, { keys: ['name'] }),
  envFrom,
  ports,
  resources: resourceNeeds,
  volumeMounts: listOf(
    'Volumes of the pod, and where they appear.',
    object(
      null,
      'One mount.',
      { name: text('The volume.'), mountPath: text('Where it appears.'), readOnly: flag('Nothing can be written.') },
      { required: ['mountPath', 'name'], isOpen: true },
    ),
    { keys: ['mountPath'] },
  ),
  restartPolicy: text('`Always` on an init container makes it a sidecar.'),
  livenessProbe: probe('Restarts the container when it fails.'),
  readinessProbe: probe('The pod is Ready while it succeeds.'),
  startupProbe: probe('Holds the other probes back until it succeeded once.'),
  securityContext: opaque('Security options of the container.'),
}

const container: ObjectSchema = object(null, 'One container.', containerFields, {
  required: ['name', 'image'],
  isOpen: true,
})

/** A container that is laid over another one: nothing in it is required. */
export const containerPatch = (doc: string): ObjectSchema =>
  object(null, doc, containerFields, { isOpen: true, typed: 'Partial<Container>' })

const toleration: ObjectSchema = object(
  null,
  'One toleration.',
  {
    key: text('The key of the taint; empty with Exists tolerates all.'),
    operator: text('Equal (the default) or Exists.'),
    value: text('The value of the taint, with Equal.'),
    effect: text('The effect of the taint; empty is every effect.'),
    tolerationSeconds: int64('Seconds that a NoExecute taint is borne.'),
  },
  { isOpen: true },
)

const restartPolicy = (more: { readonly default?: string }): Schema =>
  text('Always, OnFailure or Never.', { oneOf: ['Always', 'OnFailure', 'Never'], ...more })
const graceSeconds = (more: { readonly default?: number }): Schema =>
  int64('Seconds between the request to stop and the end.', { minimum: 0, ...more })

const workloadFields: ObjectSchema['fields'] = {
  containers: listOf('The containers; at least one.', container, { keys: ['name'], minItems: 1 }),
  initContainers: listOf('Run in order before the containers.', container, { keys: ['name'] }),
  volumes: listOf(
    'Volumes that containers mount.',
    object(
      null,
      'One volume and its source.',
      { name: named('Unique in the pod.') },
      { required: ['name'], isOpen: true },
    ),
    { keys: ['name'] },
  ),
  restartPolicy: restartPolicy({}),
  terminationGracePeriodSeconds: graceSeconds({}),
  serviceAccountName: text('The identity of the pod.'),
  automountServiceAccountToken: flag('The token of that identity is mounted.'),
  imagePullSecrets: listOf(
    'Secrets for pulling images.',
    object(null, 'One secret.', { name: text('The Secret.', { default: '' }) }, { isOpen: true }),
    { keys: ['name'] },
  ),
  hostNetwork: flag("Uses the node's network."),
  hostname: text('Name of the pod in its subdomain.', { maxLength: 63 }),
  subdomain: text('The headless Service that gives it a DNS name.', { maxLength: 63 }),
  securityContext: opaque('Security options of the pod.'),
}

const placementFields: ObjectSchema['fields'] = {
  nodeName: text('The node; set by whoever binds the pod.', { maxLength: 253 }),
  schedulerName: text('Who binds the pod.', { maxLength: 253 }),
  schedulingGates: listOf(
    'While there is one, nobody binds the pod.',
    object(null, 'One gate.', { name: text('Its name.') }, { required: ['name'] }),
    { keys: ['name'] },
  ),
  nodeSelector: textMap('Labels that the node must have.'),
  affinity: opaque('Rules on nodes and on other pods.', { typed: 'Affinity' }),
  tolerations: listOf('Taints that the pod bears.', toleration),
  topologySpreadConstraints: listOf("Kubernetes' own spread.", opaque('One constraint.')),
  priorityClassName: text('The priority class.', { maxLength: 253 }),
  priority: int32('The number that admission writes.'),
  preemptionPolicy: text('PreemptLowerPriority or Never.'),
  overhead: amounts('Added to the requests for the runtime class.'),
  resources: resourceNeeds,
  resourceClaims: listOf('Resource claims of the pod.', opaque('One claim.'), {}),
  runtimeClassName: text('The runtime class.'),
}

const openPodSpec = (doc: string, fields: ObjectSchema['fields'], required: readonly string[]): ObjectSchema =>
  object(null, doc, fields, { isOpen: true, required })

/** What a new pod gets where its template does not say; the core API has the same defaults. */
const lifeFields: ObjectSchema['fields'] = {
  restartPolicy: restartPolicy({ default: 'Always' }),
  terminationGracePeriodSeconds: graceSeconds({ default: 30 }),
}

export const podSpec = (doc: string): ObjectSchema => ({
  ...openPodSpec(doc, { ...workloadFields, ...placementFields, ...lifeFields }, ['containers']),
  typed: 'PodSpec',
})

/** A pod spec that is laid over another: containers are not required. `extra` are fields of the caller. */
export const podSpecPatch = (
  name: string,
  doc: string,
  extra: ObjectSchema['fields'],
  typed: string,
): ObjectSchema => ({
  ...openPodSpec(doc, { ...extra, ...workloadFields, ...placementFields }, []),
  name,
  typed,
})
