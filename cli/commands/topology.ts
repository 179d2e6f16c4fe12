/** `espalier topology check` and `show`: what is wrong with a topology, and what it looks like. */
import { printable } from '../../api/printable.ts'
import {
  type CompiledTopology,
  drawTopology,
  EXPORT_FORMATS,
  exportTopology,
  topologyModel,
} from '../../topology/index.ts'
import { type Command, type Flags, type Io, text, texts } from '../command.ts'
import { connect, CONNECTION_FLAGS } from '../connection.ts'
import { inputFromCluster, inputFromFiles, type TopologyInput } from '../topology-input.ts'
import { type TopologyView, topologyView } from '../topology-view.ts'

/** Files first; a cluster gives what they do not: nodes with their pods, and declarations. */
async function inputOf(args: readonly string[], flags: Flags, isClusterAsked: boolean): Promise<TopologyInput> {
  const paths = [...texts(flags, 'filename'), ...args]
  const files = inputFromFiles(paths)
  if (!isClusterAsked || files.unreadable.length > 0) return files
  const { client, close } = await connect(flags)
  const cluster = await inputFromCluster(client).finally(() => void close())
  const isDeclared = files.files.length + files.bindings.length > 0
  const declared = isDeclared ? files : cluster
  const { nodes, pods } = files.nodes.length > 0 ? files : cluster
  return { files: declared.files, bindings: declared.bindings, nodes, pods, unreadable: [] }
}

const isClusterNamed = (flags: Flags): boolean => text(flags, 'kubeconfig') !== null || text(flags, 'context') !== null

/** An exit code where the input cannot be used, after saying why; null where it can. */
function faultOf({ files, unreadable }: TopologyInput, io: Io): number | null {
  for (const error of unreadable) io.err(error)
  if (unreadable.length > 0) return 2
  for (const error of files.flatMap((file) => file.errors)) io.err(error)
  if (files.some(({ errors }) => errors.length > 0)) return 1
  if (files.length < 2) return null
  io.err(`one topology file at a time: found ${files.map(({ source }) => source).join(', ')}`)
  return 2
}

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

function levelsText({ name, levels }: CompiledTopology): string {
  const texts = levels.map((level) => `${level.name} (${level.key}, within ${level.within})`)
  return printable(`${name || '(from labels)'}: ${texts.join(' > ')}`)
}

function check(input: TopologyInput, io: Io): number {
  const fault = faultOf(input, io)
  if (fault !== null) return fault
  const { topologies, findings, setAside } = topologyView(input)
  const isOfNodes = input.nodes.length > 0
  for (const topology of topologies) io.out(levelsText(topology))
  for (const line of setAside) io.err(printable(line))
  // Without nodes every level is without one; that says nothing.
  const told = isOfNodes ? findings : []
  for (const { severity, topology, sentence } of told) {
    const line = printable(`${severity}: ${topology || '(from labels)'}: ${sentence}`)
    if (severity === 'error') io.err(line)
    else io.out(line)
  }
  const errors = told.filter(({ severity }) => severity === 'error').length + setAside.length
  const of = isOfNodes ? ` over ${counted(input.nodes.length, 'node', 'nodes')}` : ''
  const verdict = errors === 0 ? 'no errors' : counted(errors, 'error', 'errors')
  const source = input.files.length > 0 ? `${input.files.map((file) => file.source).join(', ')}: ` : ''
  io.out(`${source}${counted(topologies.length, 'topology', 'topologies')}${of}, ${verdict}`)
  return errors === 0 ? 0 : 1
}

export const topologyCheck: Command = {
  name: 'topology check',
  summary: 'Parse and check a topology; every error with line and column, or with the nodes that show it',
  arguments: ['[file...]'],
  flags: [
    { usage: '-f, --filename <file...>', summary: 'topology.yaml, or manifests: its ConfigMap, bindings, nodes' },
    ...CONNECTION_FLAGS,
  ],
  examples: `Where nodes are known, from the files or from the cluster of --kubeconfig, their labels are checked too: values that
do not nest, nodes that lack a broader label, levels and patterns that no node has.

Exit 0 when it is right, 1 when it is not, 2 when a file cannot be read.

Example:
  espalier topology check -f topology.yaml --kubeconfig .espalier/kubeconfig`,
  async run(args, flags, io) {
    if (args.length === 0 && texts(flags, 'filename').length === 0 && !isClusterNamed(flags)) {
      io.err('which file? espalier topology check -f topology.yaml')
      return 2
    }
    return check(await inputOf(args, flags, isClusterNamed(flags)), io)
  },
}

const OUTPUTS = ['tree', ...EXPORT_FORMATS] as const
type Output = (typeof OUTPUTS)[number]
const isOutput = (text: string): text is Output => (OUTPUTS as readonly string[]).includes(text)

function show(view: TopologyView, flags: Flags, output: Output, io: Io): number {
  const asked = text(flags, 'topology')
  const chosen = view.topologies.filter(({ name }) => asked === null || name === asked)
  const names = view.topologies.map(({ name }) => name || '(from labels)').join(', ') || 'none'
  if (asked !== null && chosen.length === 0) {
    io.err(printable(`--topology: found "${asked}", want one of: ${names}`))
    return 1
  }
  if (output !== 'tree' && chosen.length > 1) {
    io.err(printable(`-o ${output} shows one topology; choose with --topology: ${names}`))
    return 2
  }
  const { nodeNames, gpusOf } = view
  const drawn = chosen.length === 0 ? [null] : chosen
  const texts = drawn.map((topology) => {
    if (output === 'tree') return drawTopology(topology, nodeNames, { gpusOf, isWhole: flags['whole'] === true })
    return exportTopology(topologyModel(topology, nodeNames), topology?.name ?? '', output, gpusOf)
  })
  io.out(texts.join('\n\n'))
  for (const line of view.setAside) io.err(printable(line))
  const errors = view.findings.filter(({ severity }) => severity === 'error').length
  if (errors > 0) io.err(`${counted(errors, 'label', 'labels')} that do not nest: espalier topology check says which`)
  return 0
}

export const topologyShow: Command = {
  name: 'topology show',
  summary: 'Draw the topologies of a cluster or of manifests, with GPUs and free GPUs per domain',
  arguments: ['[file...]'],
  flags: [
    { usage: '-f, --filename <file...>', summary: 'manifests as simulate reads them, or topology.yaml beside them' },
    ...CONNECTION_FLAGS,
    { usage: '--topology <name>', summary: 'only this one' },
    { usage: '-o, --output <format>', summary: 'tree, json, dot or gexf', default: 'tree' },
    { usage: '--whole', summary: 'draw each domain, however many; else those that are alike share a line' },
  ],
  examples: `Free is what the scheduler counts as free. With -f and a cluster, what the files do not hold comes from the cluster:
a new topology.yaml is shown over its nodes. json is the form that graphology imports; dot is for Graphviz, gexf for Gephi.

Exit 0 when it was drawn, 1 when the topology is wrong or the cluster cannot be read, 2 for input that cannot be read.

Examples:
  espalier topology show --kubeconfig .espalier/kubeconfig
  espalier topology show -f cluster.yaml -o dot | dot -Tsvg > topology.svg`,
  async run(args, flags, io) {
    const output = text(flags, 'output') ?? 'tree'
    if (!isOutput(output)) {
      io.err(`--output: found "${output}", want ${OUTPUTS.join(', ')}`)
      return 2
    }
    const hasFiles = args.length > 0 || texts(flags, 'filename').length > 0
    const input = await inputOf(args, flags, !hasFiles || isClusterNamed(flags))
    return faultOf(input, io) ?? show(topologyView(input), flags, output, io)
  },
}
