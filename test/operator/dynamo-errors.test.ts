import { describe, expect, test } from 'vitest'
import type { DynamoGraphDeployment, DynamoService } from '../../api/generated/kinds.ts'
import { asStored, desiredOf, errorsOf } from './dynamo-graphs.ts'

const IMAGE = { extraPodSpec: { mainContainer: { image: 'IMAGE' } } }
const worker = (rest: DynamoService = {}): DynamoService => ({
  componentType: 'worker',
  extraPodSpec: { mainContainer: { image: 'IMAGE', command: ['python3', '-m', 'dynamo.vllm'] } },
  ...rest,
})

function graph(
  services: Record<string, DynamoService>,
  spec: Partial<DynamoGraphDeployment['spec']> = {},
  annotations: Record<string, string> = {},
): DynamoGraphDeployment {
  return asStored({
    apiVersion: 'nvidia.com/v1alpha1',
    kind: 'DynamoGraphDeployment',
    metadata: { name: 'g', annotations } as DynamoGraphDeployment['metadata'],
    spec: { services, ...spec },
  })
}

const elastic = worker({
  multinode: { nodeCount: 2 },
  resources: { limits: { gpu: '1' } },
  extraPodSpec: { mainContainer: { image: 'I', command: ['python3', '-m', 'dynamo.vllm', '--enable-elastic-ep'] } },
})
const script = worker({
  multinode: { nodeCount: 2 },
  extraPodSpec: { mainContainer: { image: 'I', command: ['./start.sh'] } },
})

const refused: readonly (readonly [string, DynamoGraphDeployment, string])[] = [
  ['no services', graph({}), 'spec.services'],
  [
    'a name with a dot',
    { ...graph({ w: worker() }), metadata: { ...graph({}).metadata, name: 'g.h' } },
    'metadata.name',
  ],
  ['two names that differ in case only', graph({ Worker: worker(), worker: worker() }), 'spec.services.worker'],
  [
    'a service that meets the leader of another',
    graph({ x: worker({ multinode: {} }), 'x-ldr': worker() }),
    'spec.services.x-ldr',
  ],
  ['a name with an underscore', graph({ a_b: worker() }), 'spec.services.a_b'],
  [
    'a name that leaves no room for pods',
    graph({ ['w'.repeat(40)]: worker({ multinode: {} }) }),
    `spec.services.${'w'.repeat(40)}`,
  ],
  [
    'a command of another engine',
    graph({ w: worker() }, { backendFramework: 'sglang' }),
    'spec.services.w.extraPodSpec.mainContainer.command',
  ],
  [
    'an engine over nodes that nothing starts',
    graph({ w: script }, { backendFramework: 'sglang' }),
    'spec.services.w.extraPodSpec.mainContainer.command',
  ],
  ['nodeCount 1', graph({ w: worker({ multinode: { nodeCount: 1 } }) }), 'spec.services.w.multinode.nodeCount'],
  [
    'a minimum above the replicas',
    graph({ w: worker({ minAvailable: 3, replicas: 2 }) }),
    'spec.services.w.minAvailable',
  ],
  [
    'a level below no level',
    graph({ w: worker({ topologyConstraint: { packDomain: 'rack' } }) }),
    'spec.services.w.topologyConstraint.packDomain',
  ],
  [
    'a claim to make without size',
    graph(
      { w: worker() },
      { pvcs: [{ name: 'x', create: true, storageClass: 's', volumeAccessMode: 'ReadWriteOnce' }] },
    ),
    'spec.pvcs.0.size',
  ],
  ['a claim that is not there', graph({ w: worker() }, { pvcs: [{ name: 'absent' }] }), 'spec.pvcs.0.name'],
  [
    'a mount without a path',
    graph({ w: worker({ volumeMounts: [{ name: 'x' }] }) }),
    'spec.services.w.volumeMounts.0.mountPoint',
  ],
  [
    'a cache for an engine that has no known place',
    graph({ w: worker({ ...IMAGE, volumeMounts: [{ name: 'x', useAsCompilationCache: true }] }) }),
    'spec.services.w.volumeMounts.0.mountPoint',
  ],
  [
    'a size of no shared memory',
    graph({ w: worker({ sharedMemory: { disabled: true, size: '1Gi' } }) }),
    'spec.services.w.sharedMemory.size',
  ],
  [
    'an unknown update strategy',
    graph({ w: worker() }, {}, { 'nvidia.com/grove-update-strategy': 'Foo' }),
    'metadata.annotations.nvidia.com/grove-update-strategy',
  ],
  [
    'an unknown executor',
    graph({ w: worker() }, {}, { 'nvidia.com/vllm-distributed-executor-backend': 'foo' }),
    'metadata.annotations.nvidia.com/vllm-distributed-executor-backend',
  ],
  [
    'another pathway',
    graph({ w: worker() }, {}, { 'nvidia.com/enable-grove': 'False' }),
    'metadata.annotations.nvidia.com/enable-grove',
  ],
  [
    'an amount that is none',
    graph({ w: worker({ resources: { limits: { gpu: 'two' } } }) }),
    'spec.services.w.resources.limits.gpu',
  ],
  ['no image', graph({ w: { componentType: 'worker' } }), 'spec.services.w.extraPodSpec.mainContainer.image'],
  [
    'an endpoint picker',
    graph({ w: worker(), epp: { componentType: 'epp', ...IMAGE } }),
    'spec.services.epp.componentType',
  ],
  [
    'GPU memory service',
    graph({ w: worker({ gpuMemoryService: { enabled: true } }) }),
    'spec.services.w.gpuMemoryService',
  ],
  ['fail-over', graph({ w: worker({ failover: { enabled: true } }) }), 'spec.services.w.failover'],
  ['checkpoints', graph({ w: worker({ checkpoint: { enabled: true } }) }), 'spec.services.w.checkpoint'],
  ['component groups', graph({ w: worker() }, { experimental: { componentGroups: [{}] } }), 'spec.experimental'],
  ['elastic expert parallelism', graph({ w: elastic }), 'spec.services.w.extraPodSpec.mainContainer.args'],
  [
    'a side car that takes the name main',
    graph({ w: worker({ extraPodSpec: { mainContainer: { image: 'I' }, containers: [{ name: 'main' }] } }) }),
    'spec.services.w.extraPodSpec.containers.0.name',
  ],
]

describe('a graph is refused, and the field named, for', () => {
  for (const [what, written, path] of refused) test(what, () => expect(errorsOf(written)).toContain(path))
})

test('a minimum may stand above a service that is scaled to none', () => {
  const desired = desiredOf(graph({ w: worker({ minAvailable: 3, replicas: 0 }) }))
  expect(desired.set.spec.template.cliques[0]?.spec).toMatchObject({ replicas: 3, minAvailable: 3 })
  expect(desired.children[0]?.replicas).toBe(0)
})

test('deprecated fields do nothing and refuse nothing', () => {
  const plain = desiredOf(graph({ w: worker() }))
  const old = desiredOf(graph({ w: worker({ dynamoNamespace: 'x', autoscaling: { enabled: true } }) }))
  expect({ ...old, deprecated: [] }).toEqual({ ...plain, deprecated: [] })
})

test('what is not acted on beside the pods is named', () => {
  const { ignored } = desiredOf(
    graph(
      {
        F: { componentType: 'frontend', ...IMAGE, ingress: { enabled: true, host: 'h' } },
        w: worker({ scalingAdapter: { enabled: true } }),
      },
      { restart: { id: '1' } },
    ),
  )
  expect(ignored.map(({ path }) => path.join('.'))).toEqual([
    'spec.restart',
    'spec.services.F.ingress',
    'spec.services.w.scalingAdapter',
  ])
})

test("a user's command is not followed by default arguments", () => {
  const F = {
    componentType: 'frontend',
    extraPodSpec: { mainContainer: { image: 'I', command: ['python3', '-m', 'mine'] } },
  }
  const [main] = desiredOf(graph({ F })).set.spec.template.cliques[0]?.spec.podSpec.containers ?? []
  expect(main?.args).toBeUndefined()
})
