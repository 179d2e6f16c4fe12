/** The topology file inside a manifest, and where in the manifest its lines stand. */
import { type Document, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, Scalar, type YAMLMap } from 'yaml'
import type { FieldError } from '../api/field-error.ts'
import { TOPOLOGY_CONFIG_KEY, TOPOLOGY_CONFIG_MAP } from '../api/names.ts'

type Position = NonNullable<FieldError['at']>

export interface TopologyText {
  readonly text: string
  /** From a position in `text` to one in the file. */
  readonly inFile: (at: Position) => Position
}

type Parsed = Document.Parsed

/** What stands in a document for itself, or in a list and the lists inside it. */
interface Listed {
  readonly node: YAMLMap
  /** Its own, or what a typed list (ConfigMapList) says for all that it holds. */
  readonly kind: unknown
}

function listedIn(node: unknown, kindOfList: string | undefined): Listed[] {
  if (!isMap(node)) return []
  const kind = node.get('kind') ?? kindOfList
  const items = node.get('items', true)
  if (typeof kind !== 'string' || !kind.endsWith('List') || !isSeq(items)) return [{ node, kind }]
  const kindOfItems = kind.slice(0, -'List'.length) || undefined
  return items.items.flatMap((item) => listedIn(item, kindOfItems))
}

/** A ConfigMap that is or may be the topology's: by its name, by its key, or because there is nothing else. */
function configMapIn(listed: readonly Listed[]): YAMLMap | undefined {
  const maps = listed.filter(({ kind }) => kind === 'ConfigMap').map(({ node }) => node)
  return (
    maps.find((map) => map.getIn(['metadata', 'name']) === TOPOLOGY_CONFIG_MAP) ??
    maps.find((map) => map.getIn(['data', TOPOLOGY_CONFIG_KEY]) !== undefined) ??
    (listed.length === 1 ? maps[0] : undefined)
  )
}

const indentOf = (line: string): number => line.length - line.trimStart().length
const isFilled = (line: string): boolean => line.trim() !== ''

/** Lines of a block stand one below the other under its `|`, all indented alike; of other scalars only the begin is known. */
function placed(content: string, node: Scalar, text: string, begin: Position): TopologyText {
  if (node.type !== Scalar.BLOCK_LITERAL) return { text, inFile: () => begin }
  const below = content.split('\n').slice(begin.line)
  const indent = indentOf(below.find(isFilled) ?? '') - indentOf(text.split('\n').find(isFilled) ?? '')
  return { text, inFile: ({ line, column }) => ({ line: begin.line + line, column: column + indent }) }
}

/** Told without parsing: a dump of a large cluster is parsed once, not twice. */
const isOnlyManifests = (content: string): boolean =>
  /(^|[{,\s])"?kind"?\s*:/.test(content) && !/ConfigMap|topologies|topology\.yaml/.test(content)

/**
 * The topology file in a text: the text itself unless manifests stand there; then what a ConfigMap has under the key
 * `topology.yaml`, or what is wrong with that. Null: manifests, and no topology file among them.
 */
export function topologyText(content: string): TopologyText | FieldError | null {
  if (isOnlyManifests(content)) return null
  const lines = new LineCounter()
  const parsed = parseAllDocuments(content, { lineCounter: lines, prettyErrors: false })
  const documents = Array.isArray(parsed) ? (parsed as Parsed[]) : []
  const listed = documents.flatMap(({ contents }) => listedIn(contents, undefined))
  if (listed.every(({ kind }) => kind === undefined)) return { text: content, inFile: (at) => at }
  const found = configMapIn(listed)
  if (found === undefined) return null
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const node = found.getIn(['data', TOPOLOGY_CONFIG_KEY], true)
  if (!isScalar(node) || typeof node.value !== 'string') {
    const at = position(found.range?.[0] ?? 0)
    return { path: ['data', TOPOLOGY_CONFIG_KEY], found: undefined, want: 'the topology file as a text', at }
  }
  return placed(content, node, node.value, position(node.range?.[0] ?? 0))
}
