/** Manifests from files: YAML or JSON, many documents, `kind: List`; every complaint has file, line and column. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Document, isMap, isNode, isSeq, LineCounter, parseAllDocuments, type YAMLError } from 'yaml'
import type { NewObject } from '../api/kinds/kubernetes.ts'
import { anchorWanted, looseAliases } from '../api/yaml-aliases.ts'

/** Of aliases without an anchor so many are told of a document. */
const LOOSE_TOLD = 20

export interface Manifest {
  readonly object: NewObject
  /** `file:line:column` of where it begins, for messages. */
  readonly at: string
}

export type Input = Readonly<
  { kind: 'read'; manifests: readonly Manifest[] } | { kind: 'unreadable'; errors: string[] }
>

interface Place {
  readonly file: string
  readonly lines: LineCounter
}

const position = ({ file, lines }: Place, offset: number): string => {
  const { line, col } = lines.linePos(offset)
  return `${file}:${line}:${col}`
}

const syntaxError = (place: Place, error: YAMLError): string =>
  `${position(place, error.pos[0])}: ${error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? error.code}`

/** What an object needs before any server can be asked about it. */
function shapeError(value: unknown): string | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return `found ${JSON.stringify(value)}, want an object with apiVersion, kind and metadata`
  }
  const { apiVersion, kind, metadata } = value as Partial<NewObject>
  if (typeof apiVersion !== 'string')
    return `apiVersion: found ${JSON.stringify(apiVersion)}, want a string such as "v1"`
  if (typeof kind !== 'string') return `kind: found ${JSON.stringify(kind)}, want a string such as "Pod"`
  if (metadata !== undefined && (typeof metadata !== 'object' || metadata === null)) {
    return `metadata: found ${JSON.stringify(metadata)}, want an object`
  }
  for (const field of ['name', 'namespace', 'generateName'] as const) {
    const found: unknown = metadata?.[field] ?? undefined
    if (found !== undefined && typeof found !== 'string') {
      return `metadata.${field}: found ${JSON.stringify(found)}, want a string: put it in quotes`
    }
  }
  return null
}

interface Found {
  readonly value: unknown
  /** Its node in the document; null where it came through an alias. */
  readonly node: unknown
  /** Where in a list it stands: `items[0]`; empty outside of lists. */
  readonly path: string
}

/** A typed list says once, for all, what its items are: PodList. */
function typedItem(item: unknown, listKind: string, apiVersion: unknown): unknown {
  if (listKind === 'List' || item === null || typeof item !== 'object' || Array.isArray(item)) return item
  return { apiVersion, kind: listKind.slice(0, -'List'.length), ...item }
}

/** What stands in a list, and in lists inside it; anything else stands for itself. */
function objectsIn(found: Found): Found[] {
  const { apiVersion, kind, items } = (found.value ?? {}) as { apiVersion?: unknown; kind?: unknown; items?: unknown }
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [found]
  const nodes = isMap(found.node) ? found.node.get('items', true) : null
  return items.flatMap((item, i) =>
    objectsIn({
      value: typedItem(item, kind, apiVersion),
      node: isSeq(nodes) ? nodes.items[i] : null,
      path: `${found.path}${found.path === '' ? '' : '.'}items[${i}]`,
    }),
  )
}

const within = (path: string, wrong: string): string =>
  path === '' ? wrong : `${path}${wrong.startsWith('found') ? ': ' : '.'}${wrong}`
const beginOf = (node: unknown): number | null => (isNode(node) ? (node.range?.[0] ?? null) : null)

function manifestsOf(place: Place, document: Document.Parsed, errors: string[]): Manifest[] {
  if (document.errors.length > 0) {
    errors.push(...document.errors.map((error) => syntaxError(place, error)))
    return []
  }
  const loose = looseAliases(document)
  if (loose.length > 0) {
    for (const alias of loose.slice(0, LOOSE_TOLD))
      errors.push(`${position(place, alias.offset)}: found *${alias.name}, want ${anchorWanted(alias)}`)
    return []
  }
  const value = valueOf(place, document, errors)
  if (value === null) return []
  const begin = beginOf(document.contents) ?? document.range[0]
  return objectsIn({ value, node: document.contents, path: '' }).flatMap(({ value: object, node, path }) => {
    const at = position(place, beginOf(node) ?? begin)
    const wrong = shapeError(object)
    if (wrong !== null) errors.push(`${at}: ${within(path, wrong)}`)
    return wrong === null ? [{ object: named(object as NewObject), at }] : []
  })
}

/** Null for an empty document. Aliases that would grow without bound are an error of the document. */
function valueOf(place: Place, document: Document.Parsed, errors: string[]): unknown {
  try {
    return document.contents === null ? null : document.toJS({ maxAliasCount: 1_000 })
  } catch (error) {
    errors.push(`${position(place, document.range[0])}: ${error instanceof Error ? error.message : String(error)}`)
    return null
  }
}

const named = (object: NewObject): NewObject => ({ ...object, metadata: object.metadata ?? {} })

/** Reads the documents of one text. `file` is only for messages. */
export function parseManifests(file: string, text: string): Input {
  const lines = new LineCounter()
  const errors: string[] = []
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false })
  if (!Array.isArray(documents)) return { kind: 'read', manifests: [] }
  const manifests = documents.flatMap((document) => manifestsOf({ file, lines }, document, errors))
  return errors.length > 0 ? { kind: 'unreadable', errors } : { kind: 'read', manifests }
}

/** A folder stands for the manifests in it, by name. */
export function filesOf(path: string): string[] {
  if (path === '-' || !statSync(path).isDirectory()) return [path]
  const names = readdirSync(path).filter((name) => /\.(ya?ml|json)$/.test(name))
  return names.sort((a, b) => (a < b ? -1 : 1)).map((name) => join(path, name))
}

function readOne(file: string): Input {
  try {
    return parseManifests(file === '-' ? 'stdin' : file, readFileSync(file === '-' ? 0 : file, 'utf8'))
  } catch (error) {
    return { kind: 'unreadable', errors: [`${file}:1:1: ${error instanceof Error ? error.message : String(error)}`] }
  }
}

/** Reads all files, in order; one that cannot be read makes the whole input unreadable, with everything wrong listed. */
export function readManifests(paths: readonly string[]): Input {
  const inputs = paths.flatMap((path): Input[] => {
    try {
      return filesOf(path).map(readOne)
    } catch (error) {
      return [
        { kind: 'unreadable', errors: [`${path}:1:1: ${error instanceof Error ? error.message : String(error)}`] },
      ]
    }
  })
  const errors = inputs.flatMap((input) => (input.kind === 'unreadable' ? input.errors : []))
  if (errors.length > 0) return { kind: 'unreadable', errors }
  return { kind: 'read', manifests: inputs.flatMap((input) => (input.kind === 'read' ? input.manifests : [])) }
}
