import { SCHEDULER_NAME } from '../../api/names.ts'
import { type Command, type Io, text, texts, wholeNumber } from '../command.ts'
import { readManifests } from '../input.ts'
import { table } from '../progress.ts'
import { type SimulationResult, simulateManifests } from '../simulation.ts'

function printTable(result: SimulationResult, io: Io): void {
  const gangs = result.gangs.map(({ namespace, name, phase, placementScore, message }) => [
    namespace,
    name,
    phase,
    placementScore === null ? '-' : String(placementScore),
    message ?? '',
  ])
  const pods = result.pods.map(({ namespace, name, podGang, node, phase, message }) => [
    namespace,
    name,
    podGang ?? '-',
    node ?? '-',
    phase,
    message ?? '',
  ])
  if (gangs.length > 0) {
    for (const line of table([['NAMESPACE', 'PODGANG', 'PHASE', 'SCORE', 'MESSAGE'], ...gangs])) io.out(line)
    io.out('')
  }
  if (pods.length === 0) io.out('no pods')
  else for (const line of table([['NAMESPACE', 'POD', 'PODGANG', 'NODE', 'PHASE', 'MESSAGE'], ...pods])) io.out(line)
  io.out(`\nsettled after ${result.settledAfterMs} ms of cluster time; ${result.decisions} decisions`)
  for (const pod of result.evicted) io.out(`evicted: ${pod}`)
  for (const { at, kind, name, message } of result.ignored) io.err(`${at}: ignored ${kind} ${name}: ${message}`)
}

export const simulate: Command = {
  name: 'simulate',
  summary: 'Say where everything in these manifests would go, without a cluster',
  arguments: ['[file...]'],
  flags: [
    { usage: '-f, --filename <file...>', summary: 'manifests: files, folders, or - for standard input' },
    { usage: '-o, --output <format>', summary: 'table or json', default: 'table' },
    { usage: '--scheduler-name <name...>', summary: `schedulerName of the pods to place (default: ${SCHEDULER_NAME})` },
    {
      usage: '--default-pack <policy>',
      summary: 'narrowest or none: what a gang without pack prefers',
      default: 'narrowest',
    },
    { usage: '--seed <number>', summary: 'of the simulated delays and names', default: '1' },
  ],
  examples: `Reads nodes, bound and pending pods, PodGangs, PodCliqueSets, Dynamo graphs, the topology ConfigMap, priority
classes and budgets. Exit 0 whatever is pending; 2 when the input cannot be read.

Example:
  espalier simulate -f cluster.yaml -f my-set.yaml -o json`,
  async run(args, flags, io) {
    const files = [...texts(flags, 'filename'), ...args]
    const output = text(flags, 'output')
    const pack = text(flags, 'defaultPack')
    const seed = wholeNumber(io, flags, 'seed', 0, 2 ** 32 - 1)
    if (output !== 'json' && output !== 'table') io.err(`--output: found "${output}", want table or json`)
    if (pack !== 'narrowest' && pack !== 'none') io.err(`--default-pack: found "${pack}", want narrowest or none`)
    if (files.length === 0) io.err('no input: espalier simulate -f FILE')
    if (seed === null || files.length === 0 || (output !== 'json' && output !== 'table')) return 2
    if (pack !== 'narrowest' && pack !== 'none') return 2
    const input = readManifests(files)
    if (input.kind === 'unreadable') {
      for (const error of input.errors) io.err(error)
      return 2
    }
    const names = texts(flags, 'schedulerName')
    const schedulerNames = names.length > 0 ? names : [SCHEDULER_NAME]
    const result = await simulateManifests(input.manifests, {
      seed,
      schedulerNames,
      defaultPack: pack,
      onTrouble: (message) => io.err(message),
    })
    if (output === 'json') io.out(JSON.stringify(result, null, 2))
    else printTable(result, io)
    return 0
  },
}
