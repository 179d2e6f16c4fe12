/**
 * One simulated run: manifests in, placements out. The real operator and scheduler work on the embedded cluster in
 * virtual time until nothing is left to do; the same input gives the same output.
 */
import type { KubeObject, Node, Pod } from '../api/kinds/kubernetes.ts'
import type { PodGang } from '../api/generated/kinds.ts'
import { POD_CLIQUE, POD_GANG, SCHEDULER_NAME } from '../api/names.ts'
import { silentLog } from '../kube/log.ts'
import { seededRandom } from '../kube/random.ts'
import { reflector } from '../kube/reflector/reflector.ts'
import type { Delta } from '../kube/reflector/types.ts'
import { POD_GANGS, PODS } from '../kube/resources.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import { VIRTUAL_EPOCH_MS, VirtualClock } from '../sim/clock.ts'
import { type Cluster, createCluster } from '../sim/cluster.ts'
import type { Manifest } from './input.ts'
import { createOperator } from '../operator/operator.ts'
import { installCrds, startHalves } from './serve.ts'
import { refusedInput } from './simulation-refused.ts'
import { type Ignored, loadManifests, newestTimeMs } from './simulation-input.ts'

export interface SimulationOptions {
  readonly seed: number
  /** Virtual milliseconds after which a run that keeps changing is given up. */
  readonly maxVirtualMs: number
  readonly schedulerNames: readonly string[]
  readonly defaultPack: 'narrowest' | 'none'
  /** Told when the run was given up before it came to rest. */
  readonly onTrouble?: (message: string) => void
  /** Given the scheduler once all is at rest, before it stops. */
  readonly onSettled?: (scheduler: Scheduler) => void
}

export const SIMULATION_DEFAULTS: SimulationOptions = {
  seed: 1,
  maxVirtualMs: 24 * 3_600_000,
  schedulerNames: [SCHEDULER_NAME],
  defaultPack: 'narrowest',
}

export interface PodLine {
  readonly namespace: string
  readonly name: string
  readonly podGang: string | null
  readonly podGroup: string | null
  readonly node: string | null
  readonly phase: string
  readonly reason: string | null
  readonly message: string | null
}

export interface GangLine {
  readonly namespace: string
  readonly name: string
  readonly phase: string
  readonly placementScore: number | null
  readonly reason: string | null
  readonly message: string | null
  readonly evicted: readonly string[]
}

/** What `espalier simulate -o json` prints; a stable interface. Pods and gangs stand in order of namespace and name. */
export interface SimulationResult {
  readonly pods: readonly PodLine[]
  readonly gangs: readonly GangLine[]
  readonly ignored: readonly Ignored[]
  /** Virtual milliseconds until nothing could change a placement any more. */
  readonly settledAfterMs: number
  /** Verdicts that the scheduler came to: gangs and surplus pods seated or refused. */
  readonly decisions: number
  /** Pods of no gang that were evicted. */
  readonly evicted: readonly string[]
}

interface Evicted {
  readonly namespace: string
  readonly pod: string
  readonly gang: string | null
}

const byteOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byKey = (a: { namespace: string; name: string }, b: { namespace: string; name: string }): number =>
  byteOrder(a.namespace, b.namespace) || byteOrder(a.name, b.name)

const gangOf = (pod: Pod): string | null => pod.metadata.labels?.[POD_GANG] ?? null

/** A pod that a scheduler took down says so in its condition before it goes. */
function wasEvicted(delta: Delta<Pod>): boolean {
  if (delta.kind !== 'deleted' || delta.object.spec.nodeName === undefined) return false
  return (
    delta.object.status?.conditions?.some(({ type, status }) => type === 'DisruptionTarget' && status === 'True') ===
    true
  )
}

function containerTrouble({ status }: Pod): { reason: string; message: string | null } | null {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const waiting = all.find(({ state }) => state?.waiting?.reason !== undefined)?.state?.waiting
  return waiting?.reason === undefined ? null : { reason: waiting.reason, message: waiting.message ?? null }
}

type PodReport = ReturnType<Scheduler['report']>['pods'][number]
type Named = { readonly namespace: string; readonly name: string }

const keyOf = ({ namespace, name }: Named): string => `${namespace}/${name}`
const byPlace = <T extends Named>(lines: readonly T[]): ReadonlyMap<string, T> =>
  new Map(lines.map((line) => [keyOf(line), line]))

/** Pending pods carry the scheduler's reason; bound ones that do not run carry the kubelet's. */
function podLine(pod: Pod, line: PodReport | undefined, names: readonly string[]): PodLine {
  const { namespace = '', name } = pod.metadata
  const phase = pod.status?.phase ?? 'Pending'
  const node = pod.spec.nodeName ?? null
  const schedulerName = pod.spec.schedulerName ?? 'default-scheduler'
  const foreign = names.includes(schedulerName)
    ? null
    : { reason: 'OtherScheduler', message: `the pod asks for scheduler ${schedulerName}, which is not simulated` }
  const failed =
    pod.status?.reason === undefined ? null : { reason: pod.status.reason, message: pod.status.message ?? null }
  const fromNode = phase === 'Running' || phase === 'Succeeded' ? null : (failed ?? containerTrouble(pod))
  const why = node === null ? (line ?? foreign) : fromNode
  return {
    namespace,
    name,
    podGang: gangOf(pod),
    podGroup: pod.metadata.labels?.[POD_CLIQUE] ?? null,
    node,
    phase,
    reason: why?.reason ?? null,
    message: why?.message ?? null,
  }
}

async function listAll<T extends KubeObject>(cluster: Cluster, type: typeof PODS): Promise<readonly T[]> {
  const answer = await cluster.client.list<T>(type)
  if (answer.kind === 'failure')
    throw new Error(`cannot list ${type.plural} of the embedded cluster: ${answer.message}`)
  return answer.value.items
}

async function gangLines(cluster: Cluster, scheduler: Scheduler, evicted: readonly Evicted[]): Promise<GangLine[]> {
  const reports = byPlace(scheduler.report().gangs)
  const gangs = await listAll<PodGang>(cluster, POD_GANGS)
  return gangs
    .map(({ metadata: { namespace = '', name }, status }) => {
      const report = reports.get(keyOf({ namespace, name }))
      return {
        namespace,
        name,
        phase: status?.phase ?? report?.phase ?? 'Pending',
        placementScore: status?.placementScore ?? report?.placementScore ?? null,
        reason: report?.reason ?? null,
        message: report?.message ?? null,
        evicted: evicted.filter((each) => each.namespace === namespace && each.gang === name).map(({ pod }) => pod),
      }
    })
    .sort(byKey)
}

async function resultOf(
  cluster: Cluster,
  scheduler: Scheduler,
  evicted: readonly Evicted[],
  names: readonly string[],
): Promise<Omit<SimulationResult, 'ignored' | 'settledAfterMs'>> {
  const pods = await listAll<Pod>(cluster, PODS)
  const report = scheduler.report()
  const lines = byPlace(report.pods)
  const gangs = await gangLines(cluster, scheduler, evicted)
  const known = byPlace(gangs)
  return {
    pods: pods.map((pod) => podLine(pod, lines.get(keyOf({ namespace: '', ...pod.metadata })), names)).sort(byKey),
    gangs,
    decisions: report.decisions,
    evicted: evicted
      .filter(({ namespace, gang }) => gang === null || !known.has(keyOf({ namespace, name: gang })))
      .map(({ namespace, pod }) => keyOf({ namespace, name: pod })),
  }
}

/** Runs to rest. Throws only for a defect of ours; bad objects come back in `ignored`. */
export async function simulateManifests(
  manifests: readonly Manifest[],
  given: Partial<SimulationOptions> = {},
): Promise<SimulationResult> {
  const options = { ...SIMULATION_DEFAULTS, ...given }
  // Time goes on from where the input stands: what happened there lies in the past, and grace runs from then on.
  const clock = new VirtualClock(newestTimeMs(manifests, VIRTUAL_EPOCH_MS))
  const random = seededRandom(options.seed)
  // The input may be a part of a cluster: pods without what made them are there all the same.
  const cluster = createCluster({ clock, random, nodes: [] as Node[], unknownOwners: 'elsewhere' })
  const evicted: Evicted[] = []
  const pods = reflector<Pod>({
    client: cluster.client,
    type: PODS,
    clock,
    random,
    onDelta: (delta) => {
      const { namespace = '', name } = delta.object.metadata
      if (wasEvicted(delta)) evicted.push({ namespace, pod: name, gang: gangOf(delta.object) })
    },
  })
  await clock.during(cluster.start())
  await clock.during(installCrds(cluster.client, clock))
  const ignored = await clock.during(loadManifests(cluster, manifests))
  pods.start()
  const halves = startHalves(
    { client: cluster.client, clock, random, log: silentLog },
    {
      operator: createOperator,
      scheduler: true,
      schedulerNames: options.schedulerNames,
      defaultPack: options.defaultPack,
    },
  )
  const { isSettled, settledAfterMs } = await clock.runUntilSettled({ maxVirtualMs: options.maxVirtualMs })
  if (!isSettled)
    options.onTrouble?.(`not at rest after ${options.maxVirtualMs} ms of cluster time: this is how far it came`)
  if (halves.scheduler === null) throw new Error('the simulation runs a scheduler')
  options.onSettled?.(halves.scheduler)
  const result = await clock.during(resultOf(cluster, halves.scheduler, evicted, options.schedulerNames))
  const { topologyErrors } = halves.scheduler.report()
  const refused = await clock.during(refusedInput(cluster.client, manifests, topologyErrors))
  await clock.during(Promise.all([halves.stop(), pods.stop()]))
  await clock.during(cluster.stop())
  const { pods: lines, gangs, ...rest } = result
  return { pods: lines, gangs, ignored: [...ignored, ...refused], settledAfterMs, ...rest }
}
