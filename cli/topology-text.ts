/** The topology file inside a manifest, and where in the manifest its lines stand. */
import { type Document, isMap, isScalar, LineCounter, parseAllDocuments, Scalar } from 'yaml'
import type { FieldError } from '../api/field-error.ts'
import { TOPOLOGY_CONFIG_KEY } from '../api/names.ts'

type Position = NonNullable<FieldError['at']>

export interface TopologyText {
  readonly text: string
  /** From a position in `text` to one in the file. */
  readonly inFile: (at: Position) => Position
}

const isConfigMap = (document: Document.Parsed): boolean =>
  isMap(document.contents) && (document.contents.get('kind') as unknown) === 'ConfigMap'

const indentOf = (line: string): number => line.length - line.trimStart().length
const isFilled = (line: string): boolean => line.trim() !== ''

/** Lines of a block stand one below the other under its `|`, all indented alike; of other scalars only the begin is known. */
function placed(content: string, node: Scalar, text: string, begin: Position): TopologyText {
  if (node.type !== Scalar.BLOCK_LITERAL) return { text, inFile: () => begin }
  const below = content.split('\n').slice(begin.line)
  const indent = indentOf(below.find(isFilled) ?? '') - indentOf(text.split('\n').find(isFilled) ?? '')
  return { text, inFile: ({ line, column }) => ({ line: begin.line + line, column: column + indent }) }
}

/** The file itself, unless it holds a ConfigMap: then the text under the key `topology.yaml`, or what is wrong with that. */
export function topologyText(content: string): TopologyText | FieldError {
  const lines = new LineCounter()
  const documents = parseAllDocuments(content, { lineCounter: lines, prettyErrors: false })
  const found = Array.isArray(documents) ? documents.find(isConfigMap) : undefined
  if (found === undefined) return { text: content, inFile: (at) => at }
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const node = found.getIn(['data', TOPOLOGY_CONFIG_KEY], true)
  if (!isScalar(node) || typeof node.value !== 'string') {
    const at = position(found.contents?.range[0] ?? 0)
    return { path: ['data', TOPOLOGY_CONFIG_KEY], found: undefined, want: 'the topology file as a text', at }
  }
  return placed(content, node, node.value, position(node.range?.[0] ?? 0))
}
