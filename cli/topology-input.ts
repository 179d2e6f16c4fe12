/** Topologies, nodes and pods, from files and from a cluster: what `topology check` and `topology show` look at. */
import { readFileSync } from 'node:fs'
import { describe } from '../api/field-error.ts'
import type { ClusterTopologyBinding } from '../api/generated/kinds.ts'
import type { ConfigMap, KubeObject, NewObject, Node, Pod } from '../api/kinds/kubernetes.ts'
import { SYSTEM_NAMESPACE, TOPOLOGY_CONFIG_KEY, TOPOLOGY_CONFIG_MAP } from '../api/names.ts'
import type { Answer, KubeClient, ListPage } from '../kube/client.ts'
import { CONFIG_MAPS, NODES, PODS, type ResourceType, TOPOLOGY_BINDINGS } from '../kube/resources.ts'
import { messageOf, Refused } from './command.ts'
import { filesOf, type Manifest, parseManifests } from './input.ts'
import { completedNode } from './simulation-input.ts'
import { topologyText } from './topology-text.ts'
import { parseTopologyFile } from '../api/kinds/topology-file.ts'

/** One file in the form of `topology.yaml`. */
export interface TopologySourceText {
  /** The file, for messages. */
  readonly source: string
  readonly text: string
  /** What is wrong with it, each with line and column. */
  readonly errors: readonly string[]
}

export interface TopologyInput {
  readonly files: readonly TopologySourceText[]
  readonly bindings: readonly ClusterTopologyBinding[]
  readonly nodes: readonly Node[]
  readonly pods: readonly Pod[]
  /** What is wrong with manifests, as file:line:column; they cannot be used then. */
  readonly unreadable: readonly string[]
}

const NOTHING: TopologyInput = { files: [], bindings: [], nodes: [], pods: [], unreadable: [] }

const joined = (a: TopologyInput, b: TopologyInput): TopologyInput => ({
  files: [...a.files, ...b.files],
  bindings: [...a.bindings, ...b.bindings],
  nodes: [...a.nodes, ...b.nodes],
  pods: [...a.pods, ...b.pods],
  unreadable: [...a.unreadable, ...b.unreadable],
})

/** Files, folders, or - for standard input, as `simulate` reads them; a file may be `topology.yaml` itself. */
export function inputFromFiles(paths: readonly string[]): TopologyInput {
  return paths.flatMap(filesIn).map(inputFromFile).reduce(joined, NOTHING)
}

function filesIn(path: string): string[] {
  try {
    return filesOf(path)
  } catch (error) {
    throw new Refused(`${path}:1:1: ${messageOf(error)}`, 2)
  }
}

function inputFromFile(file: string): TopologyInput {
  const name = file === '-' ? 'stdin' : file
  let content: string
  try {
    content = readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new Refused(`${name}:1:1: ${messageOf(error)}`, 2)
  }
  return inputFromText(name, content)
}

/** `name` is only for messages. */
export function inputFromText(name: string, content: string): TopologyInput {
  const found = topologyText(content)
  if (found !== null && 'want' in found) {
    return { ...NOTHING, files: [{ source: name, text: '', errors: [describe(name, found)] }] }
  }
  const files = found === null ? [] : [sourceText(name, found.text, found.inFile)]
  if (found?.text === content) return { ...NOTHING, files }
  const input = parseManifests(name, content)
  if (input.kind === 'unreadable') return { ...NOTHING, unreadable: input.errors }
  return joined({ ...NOTHING, files }, inputFromManifests(input.manifests, files.length === 0))
}

type Place = { readonly line: number; readonly column: number }

function sourceText(source: string, text: string, inFile: (at: Place) => Place): TopologySourceText {
  const { errors } = parseTopologyFile(text)
  return {
    source,
    text,
    errors: errors.map((error) => describe(source, { ...error, at: error.at && inFile(error.at) })),
  }
}

/** `isWanted`: the ConfigMap was not found as a document of its own, so it may stand in a list. */
function inputFromManifests(manifests: readonly Manifest[], isWanted: boolean): TopologyInput {
  const of = <T>(kind: string): T[] =>
    manifests.filter(({ object }) => object.kind === kind).map(({ object }) => withIdentity(object) as T)
  const map = manifests.find(
    ({ object }) => object.kind === 'ConfigMap' && object.metadata.name === TOPOLOGY_CONFIG_MAP,
  )
  const text = (map?.object as { data?: Record<string, string> } | undefined)?.data?.[TOPOLOGY_CONFIG_KEY]
  const source = map === undefined ? '' : `${map.at}: ${TOPOLOGY_CONFIG_KEY}`
  return {
    files: isWanted && typeof text === 'string' ? [sourceText(source, text, (at) => at)] : [],
    bindings: of<ClusterTopologyBinding>('ClusterTopologyBinding'),
    nodes: of<NewObject>('Node').map((node) => completedNode(node) as unknown as Node),
    pods: of<Pod>('Pod'),
    unreadable: [],
  }
}

/** Names are identity enough here; a server would have given each its uid. */
function withIdentity(object: NewObject): NewObject {
  const { namespace = '', name = '', uid } = object.metadata
  return { ...object, metadata: { ...object.metadata, name, uid: uid ?? `${namespace}/${name}` } }
}

/** What stands in a cluster now. Throws what the server refused, as a sentence. */
export async function inputFromCluster(client: KubeClient): Promise<TopologyInput> {
  const [nodes, pods, bindings, map] = await Promise.all([
    listAll<Node>(client, NODES),
    listAll<Pod>(client, PODS),
    listAll<ClusterTopologyBinding>(client, TOPOLOGY_BINDINGS),
    client.get<ConfigMap>(CONFIG_MAPS, { namespace: SYSTEM_NAMESPACE, name: TOPOLOGY_CONFIG_MAP }),
  ])
  if (map.kind === 'failure' && map.status !== 404) throw refusedBy('the topology ConfigMap', map.message)
  const text = map.kind === 'ok' ? (map.value.data?.[TOPOLOGY_CONFIG_KEY] ?? null) : null
  const source = `${SYSTEM_NAMESPACE}/${TOPOLOGY_CONFIG_MAP} ${TOPOLOGY_CONFIG_KEY}`
  const files = text === null ? [] : [sourceText(source, text, (at) => at)]
  return { files, bindings, nodes, pods, unreadable: [] }
}

/** Objects a page: a list of 100,000 pods is read in pieces. */
const PAGE = 5_000

/** A kind whose CRD is not in the cluster has no objects. */
async function listAll<T extends KubeObject>(client: KubeClient, type: ResourceType): Promise<readonly T[]> {
  const items: T[] = []
  for (let next: string | null = ''; next !== null; ) {
    const answer: Answer<ListPage<T>> = await client.list<T>(type, {
      limit: PAGE,
      ...(next === '' ? {} : { continue: next }),
    })
    if (answer.kind === 'failure' && answer.status === 404) return []
    if (answer.kind === 'failure') throw refusedBy(type.plural, answer.message)
    items.push(...answer.value.items)
    next = answer.value.continue === '' ? null : answer.value.continue
  }
  return items
}

const refusedBy = (what: string, why: string): Refused => new Refused(`cannot read ${what} of the cluster: ${why}`, 1)
