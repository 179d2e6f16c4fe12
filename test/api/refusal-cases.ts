/** Objects, and what an API server says to them: the promises of the schemas, one a case. */

type Fields = Record<string, unknown>

export interface RefusalCase {
  readonly name: string
  readonly kind: string
  /** What is stored already: makes the case an update. */
  readonly before?: Fields
  readonly object: Fields
  /** Words of the refusal; null: it is taken. */
  readonly refused: string | null
}

const pod = (more: Fields = {}): Fields => ({ containers: [{ name: 'main', image: 'i' }], ...more })

const clique = (name: string, spec: Fields = {}, more: Fields = {}): Fields => ({
  name,
  spec: { roleName: name, replicas: 2, podSpec: pod(), ...spec },
  ...more,
})

const set = (template: Fields, name = 'a', spec: Fields = {}): Fields => ({
  apiVersion: 'grove.io/v1alpha1',
  kind: 'PodCliqueSet',
  metadata: { name, namespace: 'default' },
  spec: { replicas: 1, ...spec, template },
})

const pair: Fields = { cliques: [clique('a'), clique('b')] }
const group = (more: Fields = {}): Fields => ({ name: 'g', cliqueNames: ['a', 'b'], ...more })
const grouped = (more: Fields = {}, cliques: unknown = pair['cliques']): Fields =>
  set({ cliques, podCliqueScalingGroups: [group(more)] })
const explicit = (after: Record<string, string[]>): Fields =>
  set({
    cliqueStartupType: 'CliqueStartupTypeExplicit',
    cliques: ['a', 'b'].map((name) => clique(name, after[name] === undefined ? {} : { startsAfter: after[name] })),
  })
const packed = (constraint: Fields): Fields => set({ ...pair, topologyConstraint: constraint })

const taken = (name: string, object: Fields, before?: Fields): RefusalCase => ({
  name,
  kind: String(object['kind']),
  object,
  refused: null,
  ...(before === undefined ? {} : { before }),
})
const refused = (name: string, object: Fields, words: string, before?: Fields): RefusalCase => ({
  ...taken(name, object, before),
  refused: words,
})

const DEPRECATED = 'packDomain is deprecated and cannot be used on new workloads; use pack.required'
const IMMUTABLE = 'field is immutable'
const legacy = { topologyName: 't', packDomain: 'rack' }

const creation: RefusalCase[] = [
  taken('a plain set', set(pair)),
  taken('replicas 0 in a template, which means 1', set({ cliques: [clique('a', { replicas: 0, minAvailable: 1 })] })),
  refused('no cliques', set({ cliques: [] }), 'spec.template.cliques'),
  refused(
    'a clique without a name',
    set({ cliques: [{ spec: clique('a')['spec'] }] }),
    'spec.template.cliques[0].name',
  ),
  refused('a clique name with capitals', set({ cliques: [clique('A')] }), 'spec.template.cliques[0].name'),
  refused(
    'two cliques of one name',
    set({ cliques: [clique('a'), clique('a', { roleName: 'x' })] }),
    'Duplicate value',
  ),
  refused(
    'two cliques of one role',
    set({ cliques: [clique('a'), clique('b', { roleName: 'a' })] }),
    'roleName must be unique',
  ),
  refused('a negative number of replicas', set(pair, 'a', { replicas: -1 }), 'spec.replicas'),
  refused(
    'an unknown update strategy',
    set(pair, 'a', { updateStrategy: { type: 'Now' } }),
    'spec.updateStrategy.type',
  ),
  refused('minAvailable 0', set({ cliques: [clique('a', { minAvailable: 0 })] }), 'minAvailable'),
  refused(
    'minAvailable above replicas',
    set({ cliques: [clique('a', { minAvailable: 3 })] }),
    'minAvailable must not be greater than replicas',
  ),
  refused(
    'a pod without containers',
    set({ cliques: [clique('a', { podSpec: pod({ containers: [] }) })] }),
    'podSpec.containers',
  ),
  refused(
    'a container without an image',
    set({ cliques: [clique('a', { podSpec: { containers: [{ name: 'm' }] } })] }),
    'containers[0].image',
  ),
  refused(
    'a variable that stands twice',
    set({
      cliques: [
        clique('a', { podSpec: { containers: [{ name: 'm', image: 'i', env: [{ name: 'X' }, { name: 'X' }] }] } }),
      ],
    }),
    'Duplicate value',
  ),
  refused(
    'nodeName in a pod',
    set({ cliques: [clique('a', { podSpec: pod({ nodeName: 'n' }) })] }),
    'nodeName must not be set',
  ),
  refused(
    'topologySpreadConstraints in a pod',
    set({ cliques: [clique('a', { podSpec: pod({ topologySpreadConstraints: [{}] }) })] }),
    'topologySpreadConstraints must not be set',
  ),
  taken(
    'schedulers that agree',
    set({ cliques: [clique('a', { podSpec: pod({ schedulerName: 'x' }) }), clique('b')] }),
  ),
  refused(
    'schedulers that differ',
    set({
      cliques: [
        clique('a', { podSpec: pod({ schedulerName: 'x' }) }),
        clique('b', { podSpec: pod({ schedulerName: 'y' }) }),
      ],
    }),
    'all cliques must use the same schedulerName',
  ),
  taken('names of 45 characters together', set({ cliques: [clique('c'.repeat(15))] }, 's'.repeat(30))),
  refused(
    'names of 46 characters together',
    set({ cliques: [clique('c'.repeat(16))] }, 's'.repeat(30)),
    'at most 45 characters',
  ),
  refused(
    'a set, group and member of 46 characters together',
    set(
      {
        cliques: [clique('c'.repeat(10))],
        podCliqueScalingGroups: [{ name: 'g'.repeat(10), cliqueNames: ['c'.repeat(10)] }],
      },
      's'.repeat(26),
    ),
    'at most 45 characters',
  ),
  refused(
    'a terminationDelay of 0',
    set({ ...pair, terminationDelay: '0h' }),
    'terminationDelay must be greater than 0',
  ),
  refused('a terminationDelay below 0', set({ ...pair, terminationDelay: '-1h' }), 'terminationDelay'),
  taken('a terminationDelay of parts', set({ ...pair, terminationDelay: '1h30m' })),
  refused('an unknown start-up type', set({ ...pair, cliqueStartupType: 'Any' }), 'cliqueStartupType'),
  refused(
    'a claim template without a request',
    set({ ...pair, resourceClaimTemplates: [{ name: 'x', templateSpec: { spec: { devices: { requests: [] } } } }] }),
    'resourceClaimTemplates[0].templateSpec.spec.devices.requests',
  ),
  taken(
    'shared claims',
    set({
      ...pair,
      resourceClaimTemplates: [{ name: 'x', templateSpec: { spec: { devices: { requests: [{ name: 'gpu' }] } } } }],
      resourceSharing: [{ name: 'x', scope: 'PerReplica', filter: { childCliqueNames: ['a'] } }],
    }),
  ),
  refused(
    'a filter of shared claims that names nothing',
    set({ ...pair, resourceSharing: [{ name: 'x', scope: 'PerReplica', filter: {} }] }),
    'filter must name something',
  ),
]

const scaled = (config: Fields): Fields =>
  set({ cliques: [clique('a', { minAvailable: 2, autoScalingConfig: config })] })

const scaling: RefusalCase[] = [
  taken('an autoscaled clique', scaled({ maxReplicas: 4 })),
  refused('an autoscaler without maxReplicas', scaled({ minReplicas: 2 }), 'maxReplicas'),
  refused(
    'minReplicas below minAvailable',
    scaled({ minReplicas: 1, maxReplicas: 4 }),
    'minReplicas must not be less than minAvailable',
  ),
  refused(
    'maxReplicas below minReplicas',
    scaled({ minReplicas: 5, maxReplicas: 4 }),
    'maxReplicas must not be less than minReplicas',
  ),
  refused(
    'maxReplicas below replicas',
    scaled({ minReplicas: 1, maxReplicas: 1 }),
    'maxReplicas must not be less than replicas',
  ),
  taken('a scaling group', grouped()),
  refused('a group without members', grouped({ cliqueNames: [] }), 'cliqueNames'),
  refused(
    'a group of unknown members',
    grouped({ cliqueNames: ['a', 'x'] }),
    'cliqueNames must name cliques of the set',
  ),
  refused('a group that names a member twice', grouped({ cliqueNames: ['a', 'a'] }), 'Duplicate value'),
  refused(
    'a clique in two groups',
    set({ ...pair, podCliqueScalingGroups: [group(), { name: 'h', cliqueNames: ['b'] }] }),
    'a clique may be in at most one podCliqueScalingGroup',
  ),
  refused(
    'a member with an autoscaler of its own',
    grouped({}, [clique('a', { autoScalingConfig: { maxReplicas: 3 } }), clique('b')]),
    'autoScalingConfig must not be set on a clique of a podCliqueScalingGroup',
  ),
  refused('no copies of a group', grouped({ replicas: 0 }), 'podCliqueScalingGroups[0].replicas'),
  refused(
    'more copies needed than there are',
    grouped({ replicas: 1, minAvailable: 2 }),
    'minAvailable must not be greater than replicas',
  ),
  refused(
    'a scaleConfig below minAvailable',
    grouped({ replicas: 2, minAvailable: 2, scaleConfig: { minReplicas: 1, maxReplicas: 3 } }),
    'scaleConfig.minReplicas',
  ),
  refused(
    'a scaleConfig that ends below replicas',
    grouped({ replicas: 3, scaleConfig: { minReplicas: 1, maxReplicas: 2 } }),
    'scaleConfig.maxReplicas',
  ),
  refused(
    'a scaleConfig that ends below its start',
    grouped({ scaleConfig: { minReplicas: 3, maxReplicas: 2 } }),
    'scaleConfig.maxReplicas must not be less than minReplicas',
  ),
  taken('a start order', explicit({ b: ['a'] })),
  refused('starting after oneself', explicit({ a: ['a'] }), 'startsAfter must not name the clique itself'),
  refused('starting after nobody known', explicit({ b: ['x'] }), 'startsAfter must name cliques of the set'),
  refused('starting twice after the same', explicit({ b: ['a', 'a'] }), 'Duplicate value'),
  taken('a senseless startsAfter in any order', set({ cliques: [clique('a', { startsAfter: ['a', 'x'] })] })),
]

const topology: RefusalCase[] = [
  taken('a required level', packed({ pack: { required: 'rack' } })),
  taken('only a spread', packed({ spread: { domain: 'rack' } })),
  refused(
    'a constraint that says nothing',
    packed({}),
    'topologyConstraint must specify pack or deprecated packDomain',
  ),
  refused('a pack that says nothing', packed({ pack: {} }), 'pack must specify at least one of required or preferred'),
  refused('a level with capitals', packed({ pack: { required: 'Rack' } }), 'pack.required'),
  refused('packDomain on a new set', packed(legacy), DEPRECATED),
  refused(
    'packDomain on a new clique',
    set({ cliques: [clique('a', {}, { topologyConstraint: legacy })] }),
    DEPRECATED,
  ),
  refused('packDomain on a new group', grouped({ topologyConstraint: legacy }), DEPRECATED),
  refused(
    'both spellings of a required level',
    packed({ ...legacy, pack: { required: 'rack' } }),
    'must not set both pack.required and deprecated packDomain',
    packed({ ...legacy, pack: { required: 'rack' } }),
  ),
  refused('a spread over nothing', packed({ spread: { maxSkew: 1 } }), 'spread.domain'),
  refused('a skew of 0', packed({ spread: { domain: 'rack', maxSkew: 0 } }), 'spread.maxSkew'),
  refused(
    'minDomains of a soft spread',
    packed({ spread: { domain: 'rack', minDomains: 2, whenUnsatisfiable: 'ScheduleAnyway' } }),
    'minDomains needs whenUnsatisfiable DoNotSchedule',
  ),
  taken(
    'one topology, named once',
    set({
      cliques: [
        clique('a', {}, { topologyConstraint: { topologyName: 't', pack: { required: 'rack' } } }),
        clique('b', {}, { topologyConstraint: { pack: { required: 'rack' } } }),
      ],
    }),
  ),
  refused(
    'two topologies in the cliques',
    set({
      cliques: ['a', 'b'].map((name) =>
        clique(name, {}, { topologyConstraint: { topologyName: name, pack: { required: 'rack' } } }),
      ),
    }),
    'all topologyConstraints of a set must use the same topologyName',
  ),
  refused(
    'a group with another topology than its set',
    set({
      ...pair,
      topologyConstraint: { topologyName: 't', pack: { required: 'zone' } },
      podCliqueScalingGroups: [group({ topologyConstraint: { topologyName: 'u', pack: { required: 'rack' } } })],
    }),
    'all topologyConstraints of a set must use the same topologyName',
  ),
  refused(
    'a clique with another topology than its group',
    set({
      cliques: [
        clique('a', {}, { topologyConstraint: { topologyName: 't', pack: { required: 'rack' } } }),
        clique('b'),
      ],
      podCliqueScalingGroups: [group({ topologyConstraint: { topologyName: 'u', pack: { required: 'rack' } } })],
    }),
    'all topologyConstraints of a set must use the same topologyName',
  ),
]

const update = (name: string, now: Fields, before: Fields): RefusalCase => refused(name, now, IMMUTABLE, before)
const one = (spec: Fields, more: Fields = {}): Fields => set({ cliques: [clique('a', spec, more)] })

const updates: RefusalCase[] = [
  taken(
    'more replicas, another image, another delay',
    set({ cliques: [clique('a', { replicas: 5 })], terminationDelay: '1h' }),
    one({}),
  ),
  update('a clique more', set(pair), one({})),
  update('a clique less', one({}), set(pair)),
  update('a renamed clique', set({ cliques: [clique('x', { roleName: 'a' })] }), one({})),
  taken('another order of cliques that start in any order', set({ cliques: [clique('b'), clique('a')] }), set(pair)),
  update(
    'another order of cliques that start in order',
    set({ cliqueStartupType: 'CliqueStartupTypeInOrder', cliques: [clique('b'), clique('a')] }),
    set({ cliqueStartupType: 'CliqueStartupTypeInOrder', ...pair }),
  ),
  update('another role', one({ roleName: 'x' }), one({})),
  update('another minAvailable', one({ minAvailable: 1 }), one({ minAvailable: 2 })),
  update('a minAvailable where none was', one({ minAvailable: 1 }), one({})),
  update('another start order', explicit({ a: ['b'] }), explicit({ b: ['a'] })),
  update('another scheduler', one({ podSpec: pod({ schedulerName: 'x' }) }), one({})),
  update('another start-up type', set({ ...pair, cliqueStartupType: 'CliqueStartupTypeInOrder' }), set(pair)),
  update('a scaling group more', grouped(), set(pair)),
  update('other members', grouped({ cliqueNames: ['a'] }), grouped()),
  update('another minAvailable of a group', grouped({ replicas: 2, minAvailable: 2 }), grouped({ replicas: 2 })),
  taken('more copies of a group', grouped({ replicas: 4 }), grouped()),
  update('a constraint more', packed({ pack: { required: 'rack' } }), set(pair)),
  update('another required level', packed({ pack: { required: 'rack' } }), packed({ pack: { required: 'zone' } })),
  update('another preferred level', packed({ pack: { preferred: 'rack' } }), packed({ pack: { preferred: 'host' } })),
  update('another spread', packed({ spread: { domain: 'rack' } }), packed({ spread: { domain: 'zone' } })),
  taken('packDomain that stood there before', packed(legacy), packed(legacy)),
  taken(
    'pack.required in place of the same packDomain',
    packed({ topologyName: 't', pack: { required: 'rack' } }),
    packed(legacy),
  ),
  update(
    'pack.required in place of another packDomain',
    packed({ topologyName: 't', pack: { required: 'zone' } }),
    packed(legacy),
  ),
  taken('a missing topologyName beside the same packDomain', packed(legacy), packed({ packDomain: 'rack' })),
  update('another topologyName', packed({ ...legacy, topologyName: 'u' }), packed(legacy)),
  refused(
    'packDomain in place of pack.required',
    packed({ packDomain: 'rack' }),
    DEPRECATED,
    packed({ pack: { required: 'rack' } }),
  ),
]

const binding = (levels: Fields[]): Fields => ({
  apiVersion: 'grove.io/v1alpha1',
  kind: 'ClusterTopologyBinding',
  metadata: { name: 't' },
  spec: { levels },
})

const bindings: RefusalCase[] = [
  taken(
    'a binding',
    binding([
      { domain: 'zone', key: 'topology.kubernetes.io/zone' },
      { domain: 'rack', key: 'rack' },
    ]),
  ),
  refused('a binding without levels', binding([]), 'spec.levels'),
  refused(
    'a domain twice',
    binding([
      { domain: 'a', key: 'x' },
      { domain: 'a', key: 'y' },
    ]),
    'domains must be unique',
  ),
  refused(
    'a key twice',
    binding([
      { domain: 'a', key: 'x' },
      { domain: 'b', key: 'x' },
    ]),
    'keys must be unique',
  ),
  refused('a key that is no label key', binding([{ domain: 'a', key: 'x/y/z' }]), 'spec.levels[0].key'),
]

const graph = (services: Fields, spec: Fields = {}): Fields => ({
  apiVersion: 'nvidia.com/v1alpha1',
  kind: 'DynamoGraphDeployment',
  metadata: { name: 'g', namespace: 'default' },
  spec: { services, ...spec },
})
const worker = (more: Fields = {}): Fields => ({ componentType: 'worker', replicas: 2, ...more })

const graphs: RefusalCase[] = [
  taken(
    'the fields of the published example',
    graph({
      Frontend: {
        dynamoNamespace: 'v',
        componentType: 'frontend',
        replicas: 1,
        extraPodSpec: { mainContainer: { image: 'i' } },
      },
      VllmDecodeWorker: worker({
        envFromSecret: 'hf-token-secret',
        resources: { limits: { gpu: '1' } },
        extraPodSpec: { mainContainer: { image: 'i', workingDir: '/w', command: ['python3'], args: ['-m'] } },
      }),
    }),
  ),
  refused('no services', graph({}), 'spec.services'),
  refused(
    'names that differ in case only',
    graph({ Worker: worker(), worker: worker() }),
    'must differ in more than upper and lower case',
  ),
  refused('a name with a space', graph({ 'a b': worker() }), 'letters, digits and dashes'),
  refused(
    '26 services',
    graph(Object.fromEntries(Array.from({ length: 26 }, (_, i) => [`s${i}`, worker()]))),
    'spec.services',
  ),
  refused('multinode on one node', graph({ w: worker({ multinode: { nodeCount: 1 } }) }), 'multinode.nodeCount'),
  refused(
    'minAvailable above replicas',
    graph({ w: worker({ minAvailable: 3 }) }),
    'minAvailable must not be greater than replicas',
  ),
  taken('minAvailable of none', graph({ w: worker({ replicas: 0, minAvailable: 3 }) })),
  refused(
    'a size of no shared memory',
    graph({ w: worker({ sharedMemory: { disabled: true, size: '1Gi' } }) }),
    'size must not be set',
  ),
  refused(
    'a claim to make without its size',
    graph({ w: worker() }, { pvcs: [{ name: 'x', create: true }] }),
    'create: true needs size',
  ),
  taken('a claim that exists', graph({ w: worker() }, { pvcs: [{ name: 'x' }] })),
  refused('a mount without a place', graph({ w: worker({ volumeMounts: [{ name: 'x' }] }) }), 'mountPoint is required'),
  taken(
    'a cache without a place',
    graph({ w: worker({ volumeMounts: [{ name: 'x', useAsCompilationCache: true }] }) }),
  ),
  refused('an ingress without a host', graph({ w: worker({ ingress: { enabled: true } }) }), 'host is required'),
  refused('an unknown back-end', graph({ w: worker() }, { backendFramework: 'x' }), 'backendFramework'),
  refused(
    'a restart of something new',
    graph({ w: worker() }, { restart: { id: '1' } }),
    'restart must not be set when the graph is created',
  ),
  taken('a restart', graph({ w: worker() }, { restart: { id: '1' } }), graph({ w: worker() })),
  refused(
    'an order of parallel restarts',
    graph({ w: worker() }, { restart: { id: '1', strategy: { type: 'Parallel', order: ['w'] } } }),
    'order must not be set with Parallel',
    graph({ w: worker() }),
  ),
  refused(
    'an order with a service twice',
    graph({ w: worker() }, { restart: { id: '1', strategy: { order: ['w', 'w'] } } }),
    'order must not name a service twice',
    graph({ w: worker() }),
  ),
  refused(
    'a level of a service alone',
    graph({ w: worker({ topologyConstraint: { packDomain: 'rack' } }) }),
    "a service's topologyConstraint needs one on the graph",
  ),
  refused('a service more', graph({ w: worker(), x: worker() }), IMMUTABLE, graph({ w: worker() })),
  refused('another back-end', graph({ w: worker() }, { backendFramework: 'vllm' }), IMMUTABLE, graph({ w: worker() })),
  refused(
    'multinode where it was not',
    graph({ w: worker({ multinode: { nodeCount: 2 } }) }),
    IMMUTABLE,
    graph({ w: worker() }),
  ),
  taken('more workers', graph({ w: worker({ replicas: 4 }) }), graph({ w: worker() })),
  taken('what nobody acts on', graph({ w: worker({ autoscaling: { enabled: true }, checkpoint: {}, unheardOf: 1 }) })),
  refused('an amount that is none', graph({ w: worker({ resources: { limits: { gpu: 'one' } } }) }), 'gpu'),
]

export const REFUSAL_CASES: readonly RefusalCase[] = [
  ...creation,
  ...scaling,
  ...topology,
  ...updates,
  ...bindings,
  ...graphs,
]
