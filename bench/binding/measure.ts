import { strict as assert } from 'node:assert'
import type { PodGang } from '../../api/generated/kinds.ts'
import type { KubeObject, NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE } from '../../api/names.ts'
import { POD_GANGS, PODS, type ResourceType } from '../../kube/resources.ts'
import { createAll, inParallel, take } from '../load.ts'
import type { Plane } from './plane.ts'
import { record } from './recorder.ts'
import { since, sum, writesOf } from './requests.ts'
import { cpuMsOf, startScheduler } from '../../test/controlplane/scheduler-process.ts'
import {
  ESPALIER,
  KUBE_SCHEDULER,
  NODE_GPUS,
  type Party,
  podsOf,
  RACK,
  type Shape,
  type Work,
  workOf,
} from './shapes.ts'

/** What a scheduler made of one work that was there when it started. */
export interface Bound {
  readonly count: number
  /** From its first binding to its last. */
  readonly ms: number
  /** From the start of its process to its first binding. */
  readonly firstMs: number
  /** Processor time a pod, of the scheduler and of the API server; 0 where it cannot be read. */
  readonly cpuMsPerPod: number
  readonly serverCpuMsPerPod: number
  /** As `cpuMsPerPod`, from the first binding on: without start and first list. */
  readonly bindingCpuMsPerPod: number
  /** API writes up to the last gang's `PlacementComplete`, by resource; empty for a peer. */
  readonly writes: Readonly<Record<string, number>>
}

const POD_GROUPS: ResourceType = {
  group: 'scheduling.k8s.io',
  version: 'v1beta1',
  plural: 'podgroups',
  kind: 'PodGroup',
  namespaced: true,
}
/** Nothing was bound for so long: it is over, or stuck. */
const IDLE_MS = 60_000
const LOOK_MS = 250
/** kube-scheduler goes over its queue for each PodGroup at its start: 250 of 8 pods took 5 s before the first, 500 over 20. */
const PEER_FIRST_MS = 240_000

async function arrive({ client }: Plane, type: ResourceType, { gangs, pods }: Work): Promise<void> {
  await createAll(client, type, gangs)
  await createAll(client, PODS, pods)
}

/** Between first and last, one pod less than there are was bound; of one pod or none there is no rate, and it is 0. */
export const perSecond = ({ count, ms }: Pick<Bound, 'count' | 'ms'>): number =>
  count < 2 ? 0 : ((count - 1) / ms) * 1_000

/** `isClearing`: somebody else needs the room afterwards. */
export async function bindWithEspalier(plane: Plane, shape: Shape, isClearing: boolean): Promise<Bound> {
  const work = workOf(shape, ESPALIER, 'e')
  await arrive(plane, POD_GANGS, work)
  const recorder = await record(plane.config, plane.client, ESPALIER.namespace)
  const before = await writesOf(plane)
  const serverMs = serverCpuMs(plane)
  const startMs = performance.now()
  const scheduler = startScheduler(plane.kubeconfig, ['--no-leader-elect'])
  try {
    assert.ok(await recorder.until(1, IDLE_MS), `nothing was bound:\n${scheduler.said().slice(-2_000)}`)
    const startCpuMs = scheduler.cpuMs()
    const isDone = await recorder.until(work.pods.length, IDLE_MS)
    const cpuMs = scheduler.cpuMs()
    const serverUsedMs = serverCpuMs(plane) - serverMs
    assert.ok(isDone, `${recorder.count} of ${work.pods.length} pods bound:\n${scheduler.said().slice(-2_000)}`)
    await untilComplete(plane, work.gangs)
    const writes = since(before, await writesOf(plane))
    await assertPlaced(plane, shape, ESPALIER)
    return {
      count: recorder.count,
      ms: recorder.lastMs - recorder.firstMs,
      firstMs: recorder.firstMs - startMs,
      cpuMsPerPod: cpuMs / recorder.count,
      bindingCpuMsPerPod: (cpuMs - startCpuMs) / recorder.count,
      serverCpuMsPerPod: serverUsedMs / recorder.count,
      writes,
    }
  } finally {
    await scheduler.stop()
    await recorder.stop()
    if (isClearing) await clear(plane, POD_GANGS, work)
  }
}

/**
 * The same work for kube-scheduler; what it has bound when nothing moved for a while, or `limitMs` are over, counts: it
 * may be nothing, and then the figures of one pod are those of all its work, and its times are 0.
 */
export async function bindWithKubeScheduler(plane: Plane, shape: Shape, limitMs: number): Promise<Bound> {
  const work = workOf(shape, KUBE_SCHEDULER, 'k')
  await arrive(plane, POD_GROUPS, work)
  const recorder = await record(plane.config, plane.client, KUBE_SCHEDULER.namespace)
  const serverMs = serverCpuMs(plane)
  const startMs = performance.now()
  await plane.control.begin('kube-scheduler')
  try {
    await recorder.until(1, PEER_FIRST_MS)
    const startCpuMs = cpuMsOf(plane.control.pids()['kube-scheduler'] ?? 0)
    await Promise.race([recorder.until(work.pods.length, IDLE_MS), new Promise((done) => setTimeout(done, limitMs))])
    const count = recorder.count
    const pods = Math.max(1, count)
    const cpuMs = cpuMsOf(plane.control.pids()['kube-scheduler'] ?? 0)
    return {
      count,
      ms: count === 0 ? 0 : recorder.lastMs - recorder.firstMs,
      firstMs: count === 0 ? 0 : recorder.firstMs - startMs,
      cpuMsPerPod: cpuMs / pods,
      bindingCpuMsPerPod: (cpuMs - startCpuMs) / pods,
      serverCpuMsPerPod: (serverCpuMs(plane) - serverMs) / pods,
      writes: {},
    }
  } finally {
    await plane.control.end('kube-scheduler')
    await recorder.stop()
  }
}

const serverCpuMs = ({ control }: Plane): number => cpuMsOf(control.pids()['kube-apiserver'] ?? 0)

export const isComplete = ({ status }: PodGang): boolean =>
  (status?.conditions ?? []).some(({ type, status: is }) => type === 'PlacementComplete' && is === 'True')

async function untilComplete({ client }: Plane, gangs: readonly NewObject[]): Promise<void> {
  if (gangs.length === 0) return
  for (;;) {
    const { items } = take(await client.list<PodGang & KubeObject>(POD_GANGS, { namespace: ESPALIER.namespace }))
    if (items.filter(isComplete).length === gangs.length) return
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** All bound, no node holds more GPUs than it has, every packed gang in one rack: read from the API alone. */
async function assertPlaced({ client }: Plane, shape: Shape, { namespace }: Party): Promise<void> {
  const pods = take(await client.list<Pod>(PODS, { namespace })).items
  assert.equal(pods.length, podsOf(shape))
  const onNode = new Map<string, number>()
  const racksOf = new Map<string, Set<string>>()
  for (const { metadata, spec } of pods) {
    const node = spec.nodeName ?? ''
    assert.notEqual(node, '', `${metadata.name} is not bound`)
    onNode.set(node, (onNode.get(node) ?? 0) + Number(spec.containers[0]?.resources?.requests?.[GPU_RESOURCE] ?? 0))
    const gang = metadata.labels?.['grove.io/podgang'] ?? metadata.name
    racksOf.set(gang, (racksOf.get(gang) ?? new Set()).add(metadata.annotations?.[rackAnnotation] ?? ''))
  }
  assert.ok(Math.max(...onNode.values()) <= NODE_GPUS, 'a node holds more GPUs than it has')
  if (shape.isPacked) for (const [gang, racks] of racksOf) assert.equal(racks.size, 1, `${gang} lies in ${[...racks]}`)
}

const rackAnnotation = `espalier.io/domain.${RACK}`

export async function clear({ client }: Plane, type: ResourceType, { gangs, pods }: Work): Promise<void> {
  const remove = async (of: ResourceType, { metadata: { namespace = '', name = '' } }: NewObject): Promise<void> => {
    await client.delete(of, { namespace, name }, { gracePeriodSeconds: 0 })
  }
  await inParallel(pods.length, (i) => remove(PODS, pods[i]!))
  await inParallel(gangs.length, (i) => remove(type, gangs[i]!))
}

export const totalWrites = ({ writes }: Bound): number => sum(writes)
