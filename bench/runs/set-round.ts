/** One PodCliqueSet scaled up in steps until it is whole: operator and scheduler together, end to end. */
import type { NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE, POD_GANG } from '../../api/names.ts'
import { CONFIG_MAPS, POD_CLIQUE_SETS, POD_CLIQUES, POD_GANGS, PODS, type ResourceType } from '../../kube/resources.ts'
import { since, sum, writesOf } from '../binding/requests.ts'
import { inParallel, take } from '../load.ts'
import type { Gang, Place } from '../peers/adapter.ts'
import { podGang } from '../peers/pod-gang.ts'
import { nodesOf, type Scenario, type SetWork } from '../scenario/scenario.ts'
import { judge } from './checker.ts'
import { costOf, startEspalier } from './processes.ts'
import { record, type Recorder } from './recorder.ts'
import { curveOf, type Figures, type Outcome, rounded, spreadOf } from './result.ts'
import { deletePods, listNodes, type TestServer } from './server.ts'
import { topologyObject } from './work.ts'

export interface SetRound {
  readonly server: TestServer
  readonly scenario: Scenario
  readonly set: SetWork
  readonly place: Place
  readonly checkout: string | null
  readonly signal: AbortSignal
  readonly tell: (line: string) => void
}

const NAME = 'fill'
const IDLE_MS = 60_000

export async function runSetRound(given: SetRound): Promise<Outcome> {
  const { server, place, checkout } = given
  await declareTopology(given)
  take(await server.client.create(POD_CLIQUE_SETS, setObject(given)))
  const recorder = await record(server, place.namespace)
  const before = await countsOf(server)
  const startMs = performance.now()
  const espalier = startEspalier(server.kubeconfig, checkout, 'run')
  try {
    const stepTimes = await climb(given, recorder)
    const counts = await countsOf(server)
    const cost = costOf(espalier.pid)
    const bound = recorder.bound.size
    const of = given.set.replicas * given.set.pods
    if (stepTimes === null)
      return {
        kind: 'unbound',
        bound,
        of,
        seconds: rounded((performance.now() - startMs) / 1_000),
        words: espalier.said(),
      }
    const judged = await judgedBy(given)
    if (judged.faults.length > 0) return { kind: 'wrong', faults: judged.faults }
    return {
      kind: 'measured',
      figures: figuresOf({ given, recorder, startMs, stepTimes, before, counts, cost, judged }),
    }
  } finally {
    await espalier.stop()
    await recorder.stop()
    if (!(given.signal.aborted && server.isOurs)) await purge(given)
  }
}

interface Counts {
  readonly apiServerCpuMs: number | null
  readonly etcdCpuMs: number | null
  readonly apiServerMegabytes: number | null
  readonly writes: ReadonlyMap<string, number> | null
}

async function countsOf(server: TestServer): Promise<Counts> {
  const { apiServer, etcd } = server.pids()
  const api = costOf(apiServer)
  return {
    apiServerCpuMs: api?.cpuMs ?? null,
    etcdCpuMs: costOf(etcd)?.cpuMs ?? null,
    apiServerMegabytes: api?.residentMegabytes ?? null,
    writes: server.countsRequests ? await writesOf(server) : null,
  }
}

/** Milliseconds of each step, from the change of the replicas to the last binding; null: pods stayed unbound. */
async function climb(
  { server, set, place, scenario, signal, tell }: SetRound,
  recorder: Recorder,
): Promise<number[] | null> {
  const untilMs = performance.now() + scenario.limitSeconds * 1_000
  const times: number[] = []
  for (let step = 1; step <= set.steps; step++) {
    const replicas = Math.round((set.replicas * step) / set.steps)
    const fromMs = performance.now()
    take(
      await server.client.mergePatch(
        POD_CLIQUE_SETS,
        { namespace: place.namespace, name: NAME },
        { spec: { replicas } },
      ),
    )
    const expected = replicas * set.pods
    const shown = (count: number): void => tell(`  ${count} of ${expected} pods bound, ${replicas} copies`)
    if (!(await recorder.until(expected, { idleMs: IDLE_MS, untilMs, signal, tell: shown }))) return null
    times.push(performance.now() - fromMs)
  }
  return times
}

/** The set names levels, and this is what makes them known. */
async function declareTopology({ server: { client }, scenario }: SetRound): Promise<void> {
  const levels = scenario.cluster.levels.map(({ name }) => name)
  const made = await client.create(CONFIG_MAPS, topologyObject(levels))
  if (made.kind === 'failure' && made.reason !== 'AlreadyExists') take(made)
}

function setObject({ set: { pods, gpu, required }, place }: SetRound): NewObject {
  const amounts = { cpu: '1', memory: '8Gi', ...(gpu === 0 ? {} : { [GPU_RESOURCE]: String(gpu) }) }
  const container = {
    name: 'worker',
    image: 'registry.example/inference/worker:1.4.2',
    resources: { requests: amounts, limits: amounts },
  }
  const podSpec = { schedulerName: place.schedulerName, terminationGracePeriodSeconds: 0, containers: [container] }
  return {
    apiVersion: 'grove.io/v1alpha1',
    kind: 'PodCliqueSet',
    metadata: { name: NAME, namespace: place.namespace },
    spec: {
      replicas: 1,
      template: {
        ...(required === null ? {} : { topologyConstraint: { pack: { required } } }),
        cliques: [{ name: 'worker', spec: { roleName: 'worker', replicas: pods, podSpec } }],
      },
    },
  }
}

const podsThere = async ({ server, place }: SetRound): Promise<readonly Pod[]> =>
  take(await server.client.list<Pod>(PODS, { namespace: place.namespace })).items

/** Gangs are what the pods' labels say; how many and how large they must be is the scenario's to say. */
async function judgedBy(given: SetRound): Promise<ReturnType<typeof judge>> {
  const { server, set, place } = given
  const pods = await podsThere(given)
  const byGang = Map.groupBy(pods, ({ metadata }) => metadata.labels?.[POD_GANG] ?? '')
  const gangs = [...byGang].map(([name, own]): Gang => {
    const names = own.map(({ metadata }) => metadata.name)
    const group = { name: 'worker', pods: names, gpu: set.gpu, cpu: 1, memoryGi: 8, required: null }
    return { name, kind: NAME, groups: [group], required: set.required, preferred: null, isSingle: false, fits: true }
  })
  const judged = judge({
    nodes: await listNodes(server),
    pods,
    namespace: place.namespace,
    gangs,
    words: podGang.words,
  })
  const sizes = gangs
    .filter(({ groups }) => groups[0]?.pods.length !== set.pods)
    .map(({ name }) => `${name} has not ${set.pods} pods`)
  const count = gangs.length === set.replicas ? [] : [`${gangs.length} gangs, want ${set.replicas}`]
  return { ...judged, faults: [...judged.faults, ...count, ...sizes.slice(0, 3)] }
}

interface Measured {
  readonly given: SetRound
  readonly recorder: Recorder
  readonly startMs: number
  readonly stepTimes: readonly number[]
  readonly before: Counts
  readonly counts: Counts
  readonly cost: ReturnType<typeof costOf>
  readonly judged: ReturnType<typeof judge>
}

function figuresOf({ given, recorder, startMs, stepTimes, before, counts, cost, judged }: Measured): Figures {
  const times = [...recorder.bound.values()]
  const [firstMs, lastMs] = [times[0] ?? 0, times.at(-1) ?? 0]
  const writes = before.writes === null || counts.writes === null ? null : since(before.writes, counts.writes)
  const used = (of: 'apiServerCpuMs' | 'etcdCpuMs'): number | null =>
    counts[of] === null ? null : counts[of] - (before[of] ?? 0)
  return {
    pods: times.length,
    nodes: nodesOf(given.scenario.cluster),
    ms: rounded(lastMs - firstMs),
    podsPerSecond: rounded(((times.length - 1) / Math.max(1, lastMs - firstMs)) * 1_000),
    firstMs: rounded(firstMs - startMs),
    gangMs: spreadOf(stepTimes),
    schedulerCpuMs: cost?.cpuMs ?? null,
    apiServerCpuMs: used('apiServerCpuMs'),
    etcdCpuMs: used('etcdCpuMs'),
    schedulerMegabytes: cost?.residentMegabytes ?? null,
    apiServerMegabytes: counts.apiServerMegabytes,
    writes,
    writesPerPod: writes === null ? null : rounded((sum(writes) - given.set.steps) / times.length, 2),
    domainsPerGang: judged.domainsPerGang,
    domainCounts: judged.domainCounts,
    brokenPreferences: judged.brokenPreferences,
    partialGangs: judged.partialGangs,
    brokenUntold: judged.brokenUntold,
    curve: curveOf(times, startMs),
    trace: null,
  }
}

/** No controller collects what the set owns here, and nobody is left to take finalizers off. */
async function purge(given: SetRound): Promise<void> {
  const { server, place } = given
  for (const type of [POD_CLIQUE_SETS, POD_CLIQUES, POD_GANGS]) await purgeAll(given, type)
  await deletePods(
    server,
    place.namespace,
    (await podsThere(given)).map(({ metadata }) => metadata.name),
  )
}

async function purgeAll({ server: { client }, place: { namespace } }: SetRound, type: ResourceType): Promise<void> {
  const { items } = take(await client.list(type, { namespace }))
  await inParallel(items.length, async (i) => {
    const { name, finalizers } = items[i]!.metadata
    if (finalizers !== undefined) await client.mergePatch(type, { namespace, name }, { metadata: { finalizers: null } })
    await client.delete(type, { namespace, name })
  })
}
