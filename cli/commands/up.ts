/** `espalier up`: the embedded cluster with operator, scheduler and a sample, drawn as it fills. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseDuration } from '../../api/duration.ts'
import { SCHEDULER_NAME } from '../../api/names.ts'
import { realClock, sleep } from '../../kube/clock.ts'
import { silentLog } from '../../kube/log.ts'
import { realRandom, seededRandom } from '../../kube/random.ts'
import { type Cluster, createCluster } from '../../sim/cluster.ts'
import { type DataFolder, DataFolderError, openDataFolder } from '../../sim/data-folder.ts'
import { gb200Nvl72 } from '../../sim/shapes.ts'
import { type Command, type Flags, type Io, messageOf, Refused, text, wholeNumber } from '../command.ts'
import { demoObjects, isPodReady, lookAt, type Picture, type Root, rootTrouble } from '../demo.ts'
import { type Manifest, readManifests } from '../input.ts'
import { type Metrics, processMetrics } from '../metrics.ts'
import { inPackage } from '../package.ts'
import { Progress } from '../progress.ts'
import { ResourceFinder } from '../resource-of.ts'
import { createOperator } from '../../operator/operator.ts'
import { createMissing, installCrds, type Running, startHalves } from '../serve.ts'
import { serveUpReports } from '../up-reports.ts'

/** How often the picture is looked at, in milliseconds: fast enough to see pods land, slow enough to cost nothing. */
const LOOK_EVERY_MS = 100

interface Demo {
  readonly cluster: Cluster
  readonly halves: Running
  readonly metrics: Metrics
  readonly roots: readonly Root[]
  readonly refused: readonly string[]
  close(): Promise<void>
}

const SAMPLE = inPackage('deploy/samples/dynamo-grove.yaml')

async function apply(cluster: Cluster, manifests: readonly Manifest[]): Promise<{ roots: Root[]; refused: string[] }> {
  const finder = new ResourceFinder(cluster.client)
  const roots: Root[] = []
  const refused: string[] = []
  for (const { object, at } of manifests) {
    const type = await finder.find(object.apiVersion, object.kind)
    const namespace = type?.namespaced === true ? (object.metadata.namespace ?? 'default') : ''
    const placed = { ...object, metadata: { ...object.metadata, ...(namespace !== '' && { namespace }) } }
    const complaints = await createMissing(cluster.client, [placed], () => type)
    refused.push(...complaints.map((complaint) => `${at}: ${complaint}`))
    if (type !== null && complaints.length === 0) roots.push({ type, namespace, name: object.metadata.name ?? '' })
  }
  return { roots, refused }
}

interface DemoOptions {
  readonly manifests: readonly Manifest[]
  readonly racks: number
  readonly seed: number
  readonly operator: boolean
  readonly scheduler: boolean
  /** Null: the cluster goes with the process. */
  readonly data: DataFolder | null
}

async function start({ manifests, racks, seed, operator, scheduler, data }: DemoOptions): Promise<Demo> {
  // A seed would draw the uids and names of the last run again.
  const random = data === null ? seededRandom(seed) : realRandom
  const nodes = gb200Nvl72({ racks, racksPerBlock: 2 })
  const cluster = createCluster({ clock: realClock, random, nodes, ...(data && { persistence: data }) })
  await cluster.start()
  const crds = await installCrds(cluster.client, realClock)
  const metrics = processMetrics()
  const halves = startHalves(
    { client: cluster.client, clock: realClock, random, log: silentLog, metrics },
    {
      operator: operator ? createOperator : null,
      scheduler,
      schedulerNames: [SCHEDULER_NAME],
      defaultPack: 'narrowest',
    },
  )
  await halves.ready
  const furniture = data?.stored ? [] : demoObjects().map((object) => ({ object, at: 'demo' }))
  const demo = await apply(cluster, furniture)
  const { roots, refused } = await apply(cluster, manifests)
  return {
    cluster,
    halves,
    metrics,
    roots,
    refused: [...crds, ...demo.refused, ...refused],
    async close() {
      await halves.stop()
      await cluster.stop()
    },
  }
}

/** Written beside the work, never into ~/.kube/config. */
function writeKubeconfig(io: Io, content: string): string {
  const folder = join(io.cwd, '.espalier')
  const file = join(folder, 'kubeconfig')
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, content, { mode: 0o600 })
  } catch (error) {
    throw new Refused(`${file} cannot be written (${messageOf(error)}): start in a folder that you may write to`, 1)
  }
  return file
}

const PORT_FORWARD = 'kubectl port-forward svc/dynamo-grove-frontend 8000:8000   # then: curl localhost:8000/v1/models'

function sayHowToUse(io: Io, kubeconfig: string, flags: Flags): void {
  const half = (name: string): string[] =>
    flags[name] === false ? [`espalier ${name} --kubeconfig ${kubeconfig}   # the half that does not run here`] : []
  const isPublished = typeof flags['sample'] !== 'string' && flags['sample'] !== false
  io.out(`\nkubeconfig: ${kubeconfig}\ntry:`)
  for (const line of [
    `export KUBECONFIG=${kubeconfig}`,
    'kubectl get pods -o wide',
    'kubectl get podgangs,podcliques,podcliquesets',
    ...(flags['scheduler'] === false
      ? []
      : ['espalier explain PODGANG   # why it is where it is, or why it has no place']),
    isPublished ? PORT_FORWARD : 'kubectl get events --watch',
    ...half('operator'),
    ...half('scheduler'),
  ]) {
    io.out(`  ${line}`)
  }
}

async function listen(cluster: Cluster, port: number): Promise<Awaited<ReturnType<Cluster['listen']>>> {
  try {
    return await cluster.listen(port)
  } catch (error) {
    throw new Refused(
      `port ${port} cannot be used (${messageOf(error)}): choose another --port, or 0 for a free one`,
      1,
    )
  }
}

/** What is not as it should be in the end, as sentences; empty when everything is Ready. */
async function troubles({ cluster, roots, halves }: Demo, { pods }: Picture): Promise<string[]> {
  const ofRoots = await Promise.all(roots.map((root) => rootTrouble(cluster.client, root)))
  const report = halves.scheduler?.report()
  const ofPods = pods
    .filter((pod) => !isPodReady(pod))
    .map(({ metadata: { namespace, name }, status }) => {
      const line = report?.pods.find((each) => each.namespace === namespace && each.name === name)
      const waiting = status?.containerStatuses?.find((container) => container.state?.waiting)?.state?.waiting
      return `pod ${namespace}/${name}: ${line?.message ?? waiting?.message ?? waiting?.reason ?? status?.phase ?? 'Pending'}`
    })
  return [...ofRoots.filter((trouble) => trouble !== null), ...ofPods]
}

/** Looks until told to stop, or in `--once` until everything is Ready or the time is up. Null: stopped by the user. */
async function watchUntilDone(demo: Demo, io: Io, once: { deadlineMs: number } | null): Promise<string[] | null> {
  const progress = new Progress(io)
  const startedMs = realClock.monotonicMs()
  while (!io.stop.aborted) {
    const picture = await lookAt(demo.cluster.client)
    const elapsedMs = realClock.monotonicMs() - startedMs
    progress.show(picture, elapsedMs)
    if (once !== null) {
      const open = await troubles(demo, picture)
      if ((open.length === 0 && picture.pods.length > 0) || elapsedMs > once.deadlineMs) {
        progress.list(picture)
        return open
      }
    }
    await sleep(realClock, LOOK_EVERY_MS, 'background', io.stop)
  }
  return null
}

async function serve(demo: Demo, io: Io, flags: Flags, options: ServeOptions): Promise<number> {
  const { port, once } = options
  const server = await listen(demo.cluster, port)
  try {
    const kubeconfig = writeKubeconfig(io, demo.cluster.kubeconfig(server.url))
    const reports = await serveUpReports(io, demo.halves, demo.metrics, options.reportPort)
    try {
      return await watch(demo, io, flags, kubeconfig, once)
    } finally {
      await reports?.close()
    }
  } finally {
    await server.close()
  }
}

/** The exit code. */
async function watch(
  demo: Demo,
  io: Io,
  flags: Flags,
  kubeconfig: string,
  once: ServeOptions['once'],
): Promise<number> {
  for (const sentence of demo.refused) io.err(sentence)
  if (once === null) sayHowToUse(io, kubeconfig, flags)
  const open = await watchUntilDone(demo, io, once)
  for (const sentence of open ?? []) io.err(sentence)
  if (once === null) return 0
  return open !== null && open.length === 0 && demo.refused.length === 0 ? 0 : 1
}

/** Null: none was asked for. Throws Refused; then nothing in the folder was changed. */
function openData(io: Io, folder: string | null): DataFolder | null {
  if (folder === null) return null
  try {
    const data = openDataFolder(resolve(io.cwd, folder), realClock)
    for (const notice of data.notices) io.err(notice)
    return data
  } catch (error) {
    throw refusedData(error, 2)
  }
}

/** What the folder refused, as a line for its user; anything else as it is. */
const refusedData = (error: unknown, code: 1 | 2): unknown =>
  error instanceof DataFolderError ? new Refused(`--data: ${error.message}`, code) : error

interface ServeOptions {
  readonly port: number
  readonly reportPort: number
  readonly once: { readonly deadlineMs: number } | null
}

export const up: Command = {
  name: 'up',
  summary: 'Start an embedded cluster (four GB200 NVL72 racks) with operator, scheduler and a sample',
  flags: [
    { usage: '--once', summary: 'end when everything is Ready; exit 1 if that does not happen' },
    { usage: '--sample <file>', summary: 'manifests to apply (default: deploy/samples/dynamo-grove.yaml)' },
    { usage: '--no-sample', summary: 'start empty' },
    { usage: '--no-operator', summary: 'leave that half out, to run `espalier operator` beside it' },
    { usage: '--no-scheduler', summary: 'leave that half out, to run `espalier scheduler` or another one beside it' },
    { usage: '--data <folder>', summary: 'keep the cluster there and go on with it at the next start' },
    { usage: '--port <number>', summary: 'port of the API server on 127.0.0.1; 0 takes a free one', default: '0' },
    {
      usage: '--report-port <number>',
      summary: 'port of the reports that `espalier explain` asks; 0: a free one',
      default: '0',
    },
    { usage: '--racks <number>', summary: 'how many racks of 18 nodes with 4 GPUs', default: '4' },
    { usage: '--seed <number>', summary: 'of the simulated delays and names', default: '1' },
    { usage: '--timeout <duration>', summary: 'with --once: how long to wait', default: '1m' },
  ],
  examples: 'Examples:\n  espalier up\n  espalier up --once --sample deploy/samples/spread-replicas.yaml',
  async run(_args, flags, io) {
    const port = wholeNumber(io, flags, 'port', 0, 65_535)
    const reportPort = wholeNumber(io, flags, 'reportPort', 0, 65_535)
    const racks = wholeNumber(io, flags, 'racks', 1, 500)
    const seed = wholeNumber(io, flags, 'seed', 0, 2 ** 32 - 1)
    const timeoutMs = parseDuration(text(flags, 'timeout') ?? '')
    if (timeoutMs === null) io.err(`--timeout: found "${text(flags, 'timeout')}", want a duration such as 90s or 2m`)
    if (port === null || reportPort === null || racks === null || seed === null || timeoutMs === null) return 2
    const sample = text(flags, 'sample')
    const input = flags['sample'] === false ? null : readManifests([sample ?? SAMPLE])
    if (input?.kind === 'unreadable') {
      for (const error of input.errors) io.err(error)
      return 2
    }
    const data = openData(io, text(flags, 'data'))
    // What was kept is as its user left it: only a sample that is named is applied to it.
    const manifests = data?.stored && sample === null ? [] : (input?.manifests ?? [])
    const [operator, scheduler] = [flags['operator'] !== false, flags['scheduler'] !== false]
    try {
      const demo = await start({ manifests, racks, seed, operator, scheduler, data })
      try {
        const once = flags['once'] === true ? { deadlineMs: timeoutMs } : null
        return await serve(demo, io, flags, { port, reportPort, once })
      } finally {
        await demo.close()
      }
    } catch (error) {
      throw refusedData(error, 1)
    } finally {
      data?.close()
    }
  },
}
