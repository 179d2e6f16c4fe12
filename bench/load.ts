/** Objects of a benchmark, and the ways to put them on a server. */
import { strict as assert } from 'node:assert'
import type { KubeObject, NewObject } from '../api/kinds/kubernetes.ts'
import type { Answer, KubeClient } from '../kube/client.ts'
import type { ResourceType } from '../kube/resources.ts'
import { gb200Nvl72 } from '../sim/shapes.ts'

/** Requests under way at once, from one client. */
const WIDTH = 64

/** The value, or an error that fails the benchmark. */
export function take<T>(answer: Answer<T>): T {
  if (answer.kind === 'failure') throw new Error(`${answer.status} ${answer.reason}: ${answer.message}`)
  return answer.value
}

/** Runs `work` for 0..count-1, so many at once. */
export async function inParallel(count: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: WIDTH }, lane))
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}

/** Creates them all and says their uids, in the order of `objects`. */
export async function createAll(
  client: KubeClient,
  type: ResourceType,
  objects: readonly NewObject[],
): Promise<string[]> {
  const uids: string[] = Array.from({ length: objects.length }, () => '')
  await inParallel(objects.length, async (i) => {
    uids[i] = take(await client.create<KubeObject>(type, objects[i]!)).metadata.uid
  })
  return uids
}

/** The server holds exactly these objects, each once. */
export async function assertHolds(client: KubeClient, type: ResourceType, uids: readonly string[]): Promise<void> {
  const listed = take(await client.list<KubeObject>(type)).items.map(({ metadata }) => metadata.uid)
  assert.equal(listed.length, uids.length)
  assert.equal(new Set(listed).size, uids.length)
  assert.deepEqual(listed.sort(), [...uids].sort())
}

/** GB200 trays, as far as a server takes them at creation. */
export function plainNodes(count: number): NewObject[] {
  return gb200Nvl72({ racks: Math.ceil(count / 18), racksPerBlock: 8 })
    .slice(0, count)
    .map(({ metadata: { name, labels = {} }, ...node }) => ({ ...node, metadata: { name, labels } }))
}

const resources = {
  limits: { cpu: '4', memory: '32Gi', 'nvidia.com/gpu': '1' },
  requests: { cpu: '4', memory: '32Gi', 'nvidia.com/gpu': '1' },
}

const GANG_SIZE = 8

const podMetadata = (i: number): NewObject['metadata'] => ({
  name: `worker-${String(i).padStart(5, '0')}`,
  namespace: 'default',
  labels: {
    app: 'inference',
    'grove.io/podgang': `gang-${Math.floor(i / GANG_SIZE)}`,
    'grove.io/podclique': `gang-${Math.floor(i / GANG_SIZE)}-decode`,
    'grove.io/podclique-pod-index': String(i % GANG_SIZE),
  },
})

/** Pods of one container, as small as pods of a gang are. */
export const plainPods = (count: number): NewObject[] =>
  Array.from({ length: count }, (_, i) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: podMetadata(i),
    spec: {
      schedulerName: 'espalier',
      containers: [{ name: 'worker', image: 'registry.example/inference/worker:1.4.2', resources }],
    },
  }))

/** The gangs of so many plain or large pods. */
export const plainGangs = (pods: number): NewObject[] =>
  many(Math.ceil(pods / GANG_SIZE), (g) => {
    const own = many(Math.min(GANG_SIZE, pods - g * GANG_SIZE), (i) => podMetadata(g * GANG_SIZE + i))
    const podReferences = own.map(({ name, namespace }) => ({ namespace, name }))
    return {
      apiVersion: 'scheduler.grove.io/v1alpha1',
      kind: 'PodGang',
      metadata: { name: `gang-${g}`, namespace: 'default' },
      spec: { podgroups: [{ name: `gang-${g}-decode`, minReplicas: own.length, podReferences }] },
    }
  })

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const text = (length: number, i: number): string => `${i}-${'lorem-ipsum-'.repeat(length / 12 + 1)}`.slice(0, length)

/** Nodes as GPU clusters have them: many labels of feature discovery, many images. About 18 kB with managedFields. */
export function largeNodes(count: number): NewObject[] {
  const features = many(60, (i) => [`feature.node.kubernetes.io/cpu-cpuid.FEATURE${i}`, 'true'] as const)
  const annotations = many(12, (i) => [`node.example/annotation-${i}`, text(120, i)] as const)
  return plainNodes(count).map((node, n) => ({
    ...node,
    metadata: {
      ...node.metadata,
      labels: { ...node.metadata.labels, ...Object.fromEntries(features) },
      annotations: Object.fromEntries(annotations),
    },
    status: {
      ...(node['status'] as object),
      images: many(35, (i) => ({
        names: [`registry.example/team-${i}/image@sha256:${text(64, n)}`, `registry.example/team-${i}/image:v1.${i}`],
        sizeBytes: 1_000_000 + i,
      })),
    },
  }))
}

/** Pods with the environment, mounts and volumes of a real deployment, bound to nodes. About 10 kB with managedFields. */
export function largePods(count: number, nodes: readonly string[]): NewObject[] {
  return plainPods(count).map((pod, i) => ({
    ...pod,
    metadata: { ...pod.metadata, annotations: Object.fromEntries(many(8, (a) => [`example/note-${a}`, text(80, a)])) },
    spec: {
      schedulerName: 'espalier',
      nodeName: nodes[i % nodes.length],
      containers: [
        {
          name: 'worker',
          image: 'registry.example/inference/worker:1.4.2',
          args: many(20, (a) => `--option-${a}=${text(24, i)}`),
          env: many(26, (e) => ({ name: `SETTING_${e}`, value: text(28, e) })),
          volumeMounts: many(6, (v) => ({ name: `volume-${v}`, mountPath: `/mnt/volume-${v}` })),
          resources,
        },
      ],
      volumes: many(6, (v) => ({ name: `volume-${v}`, configMap: { name: `settings-${v}` } })),
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
    },
  }))
}

/** What a kubelet says of a pod that runs. */
export const RUNNING: object = {
  status: {
    phase: 'Running',
    podIP: '10.0.0.1',
    conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    })),
  },
}

/** What the scheduler says of a gang whose pods all run. */
export const WHOLE: object = {
  status: {
    phase: 'Running',
    placementScore: 1,
    conditions: [
      ['PlacementComplete', 'True', 'MinimumBound', 'the minimum of every group was bound'],
      ['Scheduled', 'True', 'MinimumBound', 'the minimum of every group is bound'],
      ['Ready', 'True', 'MinimumReady', 'the minimum of every group is ready'],
      ['Unhealthy', 'False', 'MinimumBound', 'no group is below its minimum since it was placed'],
    ].map(([type, status, reason, message]) => ({
      type,
      status,
      reason,
      message,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    })),
  },
}

/** Median length of an object's JSON text as the server sends it. */
export async function sizeOf(client: KubeClient, type: ResourceType): Promise<number> {
  const { items } = take(await client.list(type, { limit: 201 }))
  const sizes = items.map((item) => JSON.stringify(item).length).sort((a, b) => a - b)
  return sizes[sizes.length >> 1] ?? 0
}
