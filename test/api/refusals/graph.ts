import { type Fields, IMMUTABLE, type RefusalCase, refused, taken } from './writing.ts'

/** What is said to a DynamoGraphDeployment. */

const graph = (services: Fields, spec: Fields = {}): Fields => ({
  apiVersion: 'nvidia.com/v1alpha1',
  kind: 'DynamoGraphDeployment',
  metadata: { name: 'g', namespace: 'default' },
  spec: { services, ...spec },
})
const worker = (more: Fields = {}): Fields => ({ componentType: 'worker', replicas: 2, ...more })

const leveled: Fields = { topologyConstraint: { topologyProfile: 't', packDomain: 'zone' } }

export const graphs: readonly RefusalCase[] = [
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
  refused(
    'an order that leaves a service out',
    graph({ w: worker(), x: worker() }, { restart: { id: '1', strategy: { order: ['w'] } } }),
    'order must name all services',
    graph({ w: worker(), x: worker() }),
  ),
  refused(
    'a level of a service that had none',
    graph({ w: worker({ topologyConstraint: { packDomain: 'rack' } }) }, leveled),
    IMMUTABLE,
    graph({ w: worker() }, leveled),
  ),
  refused('a service more', graph({ w: worker(), x: worker() }), IMMUTABLE, graph({ w: worker() })),
  refused('another back-end', graph({ w: worker() }, { backendFramework: 'vllm' }), IMMUTABLE, graph({ w: worker() })),
  refused(
    'multinode where it was not',
    graph({ w: worker({ multinode: { nodeCount: 2 } }) }),
    IMMUTABLE,
    graph({ w: worker() }),
  ),
  refused(
    'another number of nodes',
    graph({ w: worker({ multinode: { nodeCount: 3 } }) }),
    'the nodes of a replica are the minimum of its gang',
    graph({ w: worker({ multinode: { nodeCount: 2 } }) }),
  ),
  refused(
    'a minAvailable of 2 where 1 was assumed',
    graph({ w: worker({ minAvailable: 2 }) }),
    IMMUTABLE,
    graph({ w: worker() }),
  ),
  taken('a minAvailable of 1 where it was assumed', graph({ w: worker({ minAvailable: 1 }) }), graph({ w: worker() })),
  taken('more workers', graph({ w: worker({ replicas: 4 }) }), graph({ w: worker() })),
  taken('what nobody acts on', graph({ w: worker({ autoscaling: { enabled: true }, checkpoint: {}, unheardOf: 1 }) })),
  refused('an amount that is none', graph({ w: worker({ resources: { limits: { gpu: 'one' } } }) }), 'gpu'),
]
