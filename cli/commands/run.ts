/** `espalier run`, `scheduler`, `operator`: both halves, or one, against a cluster. */
import { readFileSync } from 'node:fs'
import { describe } from '../../api/field-error.ts'
import { configOf, defaultsOf, flagsOver } from '../merged-flags.ts'
import { type OperatorFile, readOperatorFile } from '../operator-file.ts'
import { realClock } from '../../kube/clock.ts'
import { measuredTransport } from '../../kube/measured-transport.ts'
import { jsonLog } from '../../kube/log.ts'
import { realRandom } from '../../kube/random.ts'
import { SCHEDULER_NAME, SYSTEM_NAMESPACE } from '../../api/names.ts'
import { type Command, type Flag, type Flags, type Io, messageOf, Refused, text, texts } from '../command.ts'
import { parseListen } from '../../api/http/listen.ts'
import type { Metrics } from '../metrics.ts'
import { connect, CONNECTION_FLAGS } from '../connection.ts'
import { campaign, serveAlone, type Serving } from '../leadership.ts'
import { LEASE_FLAGS, leaseTiming } from '../lease-flags.ts'
import { reportsOf } from '../reports.ts'
import { limitYoungGeneration } from '../young-generation.ts'
import { type Halves, installCrds, type World } from '../serve.ts'

const CLUSTER_FLAGS: readonly Flag[] = [
  ...CONNECTION_FLAGS,
  { usage: '--log-level <level>', summary: 'debug, info, warn, error', default: 'info' },
  { usage: '--listen <address>', summary: 'health, reports and metrics over HTTP, host:port; none without it' },
  ...LEASE_FLAGS,
]
const NAMES: Flag = {
  usage: '--scheduler-name <name...>',
  summary: `names that Espalier serves: pods that ask for one are placed, pods of sets that ask for none get ${SCHEDULER_NAME} or the first (default: ${SCHEDULER_NAME})`,
}
const SCHEDULER_FLAGS: readonly Flag[] = [
  {
    usage: '--default-pack <policy>',
    summary: 'narrowest or none: what a gang without pack prefers',
    default: 'narrowest',
  },
]
const OPERATOR_FLAGS: readonly Flag[] = [
  { usage: '--config <file>', summary: 'OperatorConfiguration; a flag that is not at its default goes before it' },
  { usage: '--install-crds', summary: 'create the CRDs that are missing first' },
  { usage: '--disruption-budgets', summary: 'one PodDisruptionBudget a clique: evictions leave it its minimum' },
]

async function worldOf(
  flags: Flags,
  component: string,
): Promise<{ world: World; metrics: Metrics | null; close: () => Promise<void> }> {
  const isListening = text(flags, 'listen') !== null
  const metrics = isListening ? (await import('../metrics.ts')).processMetrics() : null // nobody can read them otherwise
  const { client, leaseClient, close } = await connect(flags, (transport) =>
    metrics === null ? transport : measuredTransport(transport, metrics.request),
  )
  const log = jsonLog(text(flags, 'logLevel') ?? 'info', component)
  const world = { client, leaseClient, clock: realClock, random: realRandom, log }
  return { world: metrics === null ? world : { ...world, metrics }, metrics, close }
}

const untilStopped = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

function wrongFlag(flags: Flags): string | null {
  const pack = text(flags, 'defaultPack') ?? 'narrowest'
  if (pack !== 'narrowest' && pack !== 'none') return `--default-pack: found "${pack}", want narrowest or none`
  const level = text(flags, 'logLevel') ?? 'info'
  if (!['debug', 'info', 'warn', 'error'].includes(level)) {
    return `--log-level: found "${level}", want debug, info, warn or error`
  }
  const timing = leaseTiming(flags)
  if (typeof timing === 'string') return timing
  const listen = text(flags, 'listen')
  if (listen !== null && parseListen(listen) === null) {
    return `--listen: found "${listen}", want host:port such as 127.0.0.1:8080`
  }
  return null
}

const NO_FILE: OperatorFile = { flags: {}, config: {}, unused: [] }

/** What `--config` names; null after saying what is wrong with it. */
function operatorFile(flags: Flags, io: Io): OperatorFile | null {
  const path = text(flags, 'config')
  if (path === null) return NO_FILE
  const result = readOperatorFile(readText(path))
  if (result.kind === 'read') return result.file
  for (const error of result.errors) io.err(describe(path, error))
  return null
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Refused(`--config ${path}: ${messageOf(error)}`, 2)
  }
}

/** By name; what is switched off with `--no-` is on. */
const DEFAULTS: Flags = defaultsOf(CLUSTER_FLAGS)

async function runHalves(given: Flags, io: Io, which: { operator: boolean; scheduler: boolean }): Promise<number> {
  const file = operatorFile(given, io)
  if (file === null) return 2
  const flags = flagsOver(given, file.flags, DEFAULTS)
  const wrong = wrongFlag(flags)
  if (wrong !== null) {
    io.err(wrong)
    return 2
  }
  limitYoungGeneration()
  const { world, metrics, close } = await worldOf(
    flags,
    which.operator && which.scheduler ? 'espalier' : which.operator ? 'operator' : 'scheduler',
  )
  if (file.unused.length > 0) world.log.info('keys of the configuration file without effect', { keys: file.unused })
  const refused = flags['installCrds'] === true ? await installCrds(world.client, world.clock) : []
  for (const sentence of refused) io.err(sentence)
  const names = texts(flags, 'schedulerName')
  const halves: Halves = {
    operator: which.operator ? (await import('../../operator/operator.ts')).createOperator : null,
    scheduler: which.scheduler,
    schedulerNames: names.length > 0 ? names : [SCHEDULER_NAME],
    defaultPack: text(flags, 'defaultPack') === 'none' ? 'none' : 'narrowest',
    config: configOf(file, given, flags),
  }
  const timing = leaseTiming(flags)
  const namespace = text(flags, 'leaseNamespace') ?? SYSTEM_NAMESPACE
  const serving =
    flags['leaderElect'] === false || typeof timing === 'string'
      ? serveAlone(world, halves)
      : campaign(world, halves, { namespace, timing })
  try {
    const closeReports = await serveReports(serving, metrics, text(flags, 'listen'))
    await untilStopped(io.stop)
    await closeReports()
  } finally {
    await serving.stop() // gives its Lease back, also where the reports' address was taken
    await close()
  }
  return 0
}

/** The report service over what runs here; ready while standing by, too, so that a second replica counts as up. */
async function serveReports(
  serving: Serving,
  metrics: Metrics | null,
  listen: string | null,
): Promise<() => Promise<void>> {
  const address = listen === null ? null : parseListen(listen)
  if (address === null || metrics === null) return () => Promise.resolve()
  const { reportServer } = await import('../../api/http/server.ts') // costs a start that serves no reports 0.1 s
  const server = reportServer(reportsOf(() => serving.running(), metrics))
  await server.listen(address).catch((error: unknown) => {
    throw new Refused(`--listen ${listen}: ${messageOf(error)}: choose another address`, 1)
  })
  return () => server.close()
}

export const run: Command = {
  name: 'run',
  summary: 'Run operator and scheduler against a cluster',
  flags: [...CLUSTER_FLAGS, NAMES, ...SCHEDULER_FLAGS, ...OPERATOR_FLAGS],
  examples: 'Example:\n  espalier run --kubeconfig .espalier/kubeconfig --install-crds',
  run: (_args, flags, io) => runHalves(flags, io, { operator: true, scheduler: true }),
}

export const scheduler: Command = {
  name: 'scheduler',
  summary: 'Run the scheduler alone: places PodGangs, whoever made them',
  flags: [...CLUSTER_FLAGS, NAMES, ...SCHEDULER_FLAGS],
  run: (_args, flags, io) => runHalves(flags, io, { operator: false, scheduler: true }),
}

export const operator: Command = {
  name: 'operator',
  summary: 'Run the operator alone: makes PodGangs and pods, whoever places them',
  flags: [...CLUSTER_FLAGS, NAMES, ...OPERATOR_FLAGS],
  run: (_args, flags, io) => runHalves(flags, io, { operator: true, scheduler: false }),
}
