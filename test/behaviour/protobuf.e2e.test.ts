import { expect, test } from 'vitest'
import type { KubeObject, NewObject } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import type { KubeClient, WatchEvent } from '../../kube/client.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import type { Message } from '../../kube/protobuf/projection.ts'
import { CONFIG_MAPS, NODES, PODS, type ResourceType } from '../../kube/resources.ts'
import { NODE_FIELDS } from '../../scheduler/state/node-fields.ts'
import { projectNode } from '../../scheduler/state/node-facts.ts'
import { projectPod } from '../../scheduler/state/pod-facts.ts'
import { POD_FIELDS } from '../../scheduler/state/pod-fields.ts'
import { describeBoth } from './servers.ts'

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'

/** Every field that the scheduler reads, each with something in it. */
const richPod = (namespace: string, owner: string): NewObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'rich',
    namespace,
    labels: { app: 'engine', empty: '', 'grove.io/podgang': 'g', 'grove.io/podclique': 'c' },
    annotations: { 'gpu-fraction': '0.5', other: 'x'.repeat(1_000) },
    ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner, controller: true }],
  },
  spec: {
    schedulerName: 'nobody',
    automountServiceAccountToken: false,
    hostNetwork: true,
    nodeSelector: { zone: 'a' },
    overhead: undefined,
    schedulingGates: [{ name: 'a.example/gate' }],
    tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 0 }],
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'zone',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { a: 'b' } },
      },
    ],
    affinity: {
      nodeAffinity: {
        [REQUIRED]: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'gpu', operator: 'In', values: ['h100', 'gb200'] }] },
            { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] },
          ],
        },
      },
      podAntiAffinity: {
        [REQUIRED]: [
          { topologyKey: 'zone', labelSelector: { matchLabels: { a: 'b' } }, namespaceSelector: {}, namespaces: ['x'] },
        ],
      },
    },
    initContainers: [{ name: 'side', image: 'a:1', restartPolicy: 'Always', resources: { requests: { cpu: '50m' } } }],
    containers: [
      {
        name: 'main',
        image: 'a:1',
        ports: [{ containerPort: 8080, hostPort: 8080 }],
        resources: { requests: { cpu: '1500m', memory: '1.5Gi' }, limits: { memory: '2Gi', 'nvidia.com/gpu': '4' } },
      },
    ],
    volumes: [
      { name: 'a', emptyDir: {} },
      { name: 'b', persistentVolumeClaim: { claimName: 'x' } },
    ],
  },
})

const node = (name: string): NewObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'topology.kubernetes.io/zone': 'a' } },
  spec: { unschedulable: true, taints: [{ key: 'a', effect: 'NoSchedule' }] },
  status: { allocatable: { cpu: '64', 'nvidia.com/gpu': '8' }, capacity: { cpu: '64', 'nvidia.com/gpu': '8' } },
})

/** The object of that uid as a watch brings it. */
async function watched(client: KubeClient, type: ResourceType, uid: string, projection: Message): Promise<KubeObject> {
  const aborter = new AbortController()
  const options = { resourceVersion: '', timeoutSeconds: 60, sendInitialEvents: true, projection }
  const events = valueOrThrow(await client.watch(type, options, aborter.signal)) as AsyncIterable<WatchEvent>
  for await (const event of events) {
    if (event.type !== 'ERROR' && event.object.metadata.uid === uid) {
      aborter.abort()
      return event.object
    }
  }
  throw new Error(`the watch ended without ${uid}`)
}

describeBoth('protobuf', (server) => {
  test('a pod is the same to the scheduler, whether it comes as protobuf or as JSON', async () => {
    const client = kubeClient(server().transport)
    const namespace = await server().namespace()
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: 'owner' } }
    const { uid } = valueOrThrow(await client.create<KubeObject>(CONFIG_MAPS, owner)).metadata
    const made = valueOrThrow(await client.create(PODS, richPod(namespace, uid)))
    const { name } = made.metadata
    const read = valueOrThrow(await client.get(PODS, { namespace, name }))
    const seen = await watched(client, PODS, made.metadata.uid, POD_FIELDS)
    expect(projectPod(seen)).toEqual(projectPod(read))
    expect(projectPod(seen).facts.demand.key).toBe(projectPod(read).facts.demand.key)
  })

  test('a node is the same, too', async () => {
    const client = kubeClient(server().transport)
    const made = valueOrThrow(await client.create(NODES, node(`protobuf-${server().name}`)))
    const { name, uid } = made.metadata
    const read = valueOrThrow(await client.get(NODES, { namespace: '', name }))
    expect(projectNode(await watched(client, NODES, uid, NODE_FIELDS))).toEqual(projectNode(read))
    valueOrThrow(await client.delete(NODES, { namespace: '', name }))
  })

  test('a real server sends pods in protobuf form, and refuses in it', async () => {
    const accept = 'application/vnd.kubernetes.protobuf,application/json'
    const stream = await server().transport.stream({
      method: 'GET',
      path: '/api/v1/pods?watch=true&timeoutSeconds=1',
      headers: { accept },
      deadlineMs: 30_000,
    })
    const isReal = server().name === 'real'
    expect(stream.headers['content-type']?.startsWith('application/vnd.kubernetes.protobuf')).toBe(isReal)
    const client = kubeClient(server().transport)
    const options = { resourceVersion: 'none', timeoutSeconds: 1, projection: POD_FIELDS }
    const refused = await client.watch(PODS, options, new AbortController().signal)
    expect(refused).toMatchObject({ kind: 'failure', status: 500 })
    expect(refused.kind === 'failure' && refused.message).toContain('none')
  })
})
