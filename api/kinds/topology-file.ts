import { isLabelKey, isLabelValue } from '../label.ts'
import type { FieldError } from '../field-error.ts'
import { GPU_CLIQUE_LABEL } from '../names.ts'
import { type Entry, YamlReading } from '../yaml-reading.ts'

/** The file that an administrator writes: `topology.yaml`, checked, with the line and column of all that is wrong. */

export interface FileLevel {
  readonly name: string
  /** The node label whose value is the domain. */
  readonly key: string
  /** `parent`: a domain is the path of labels down to here. `cluster`: one value is one domain everywhere. */
  readonly within: 'parent' | 'cluster'
  /** Bandwidth inside a domain, for drawing and for people. */
  readonly gigabytesPerSecond?: number
}

export interface FileTopology {
  readonly name: string
  /** Broad to narrow; at least one. */
  readonly levels: readonly FileLevel[]
  /** Globs over node names (`*` any run, `?` one character), and by level the value that wins over the label. */
  readonly nodes: readonly { readonly pattern: string; readonly values: Readonly<Record<string, string>> }[]
}

export interface TopologyFile {
  /** What could be read; complete where `errors` is empty. */
  readonly topologies: readonly FileTopology[]
  readonly errors: readonly FieldError[]
}

/** Keys whose value is one domain wherever it occurs, unless the file says otherwise. */
export const CLUSTER_WIDE_KEYS: ReadonlySet<string> = new Set([
  GPU_CLIQUE_LABEL,
  'accelerator.topograph.run/domain',
  'accelerator.topograph.run/sub-domain',
  'network.topology.nvidia.com/accelerator',
])

const TOPOLOGIES_MAX = 64
const LEVELS_MAX = 16
const PATTERNS_MAX = 10_000

const TOPOLOGY_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/
const LEVEL_NAME = /^[a-z][a-z0-9-]{0,62}$/
const PATTERN = /^[a-z0-9.*?-]{1,253}$/

const WANT_TOPOLOGY_NAME = 'a name of lower-case letters, digits, dashes and dots'
const WANT_LEVEL_NAME = 'a name of lower-case letters, digits and dashes that starts with a letter'

/** The text of an entry that must be there and look like this; null after an error. */
function textOf(reading: YamlReading, entry: Entry, test: (text: string) => boolean, want: string): string | null {
  const text = reading.text(entry)
  if (text !== null && test(text)) return text
  reading.fail(entry, want)
  return null
}

/** Reports each name that stands a second time. */
function noDoubles(reading: YamlReading, entries: readonly (readonly [string | null, Entry])[], what: string): void {
  const seen = new Set<string>()
  for (const [name, entry] of entries) {
    if (name === null) continue
    if (seen.has(name)) reading.fail(entry, `a ${what} that is used once`)
    seen.add(name)
  }
}

function readWithin(reading: YamlReading, entry: Entry | undefined, key: string): FileLevel['within'] {
  const assumed = CLUSTER_WIDE_KEYS.has(key) ? 'cluster' : 'parent'
  if (entry === undefined) return assumed
  const text = reading.text(entry)
  if (text === 'parent' || text === 'cluster') return text
  reading.fail(entry, '"parent" or "cluster"')
  return assumed
}

const LEVEL_FIELDS = { required: ['name', 'key'], optional: ['within', 'gigabytesPerSecond'] }

interface ReadLevel {
  readonly level: FileLevel | null
  readonly name: readonly [string | null, Entry]
  readonly key: readonly [string | null, Entry]
}

function readLevel(reading: YamlReading, entry: Entry): ReadLevel | null {
  const fields = reading.object(entry, LEVEL_FIELDS)
  const nameEntry = fields?.get('name')
  const keyEntry = fields?.get('key')
  const speed = fields?.get('gigabytesPerSecond')
  const name = nameEntry && textOf(reading, nameEntry, (text) => LEVEL_NAME.test(text), WANT_LEVEL_NAME)
  const key = keyEntry && textOf(reading, keyEntry, isLabelKey, 'the key of a node label')
  const within = readWithin(reading, fields?.get('within'), key ?? '')
  const gigabytesPerSecond = speed && reading.number(speed)
  if (speed !== undefined && !(typeof gigabytesPerSecond === 'number' && gigabytesPerSecond > 0)) {
    reading.fail(speed, 'a number of gigabytes per second above 0')
  }
  if (nameEntry === undefined || keyEntry === undefined) return null
  const isRead = typeof name === 'string' && typeof key === 'string'
  const level = isRead ? { name, key, within, ...(gigabytesPerSecond ? { gigabytesPerSecond } : {}) } : null
  return { level, name: [name ?? null, nameEntry], key: [key ?? null, keyEntry] }
}

function readLevels(reading: YamlReading, entry: Entry): { levels: FileLevel[]; names: Set<string> } {
  const entries = reading.list(entry, LEVELS_MAX) ?? []
  if (entries.length === 0 && reading.isList(entry)) reading.fail(entry, 'at least one level')
  const read = entries.map((one) => readLevel(reading, one)).filter((one) => one !== null)
  noDoubles(
    reading,
    read.map((one) => one.name),
    'name',
  )
  noDoubles(
    reading,
    read.map((one) => one.key),
    'label key',
  )
  const names = read.map(({ name }) => name[0]).filter((name) => name !== null)
  return { levels: read.map(({ level }) => level).filter((level) => level !== null), names: new Set(names) }
}

function readPattern(
  reading: YamlReading,
  pattern: string,
  entry: Entry,
  names: ReadonlySet<string>,
): FileTopology['nodes'][number] {
  if (!PATTERN.test(pattern)) {
    reading.failAtKey(entry, 'a pattern over node names: lower-case letters, digits, dashes, dots, * and ?')
  }
  const values: Record<string, string> = {}
  for (const [level, value] of reading.entries(entry, LEVELS_MAX) ?? []) {
    if (!names.has(level)) {
      reading.failAtKey(value, names.size === 0 ? 'a level of this topology' : `a level: ${[...names].join(', ')}`)
    }
    const text = textOf(reading, value, (one) => one !== '' && isLabelValue(one), 'a label value of 1 to 63 characters')
    if (text !== null) values[level] = text
  }
  return { pattern, values }
}

const TOPOLOGY_FIELDS = { required: ['name', 'levels'], optional: ['nodes'] }

function readTopology(reading: YamlReading, entry: Entry): { topology: FileTopology | null; name: Entry | null } {
  const fields = reading.object(entry, TOPOLOGY_FIELDS)
  const nameEntry = fields?.get('name')
  const levelsEntry = fields?.get('levels')
  const nodesEntry = fields?.get('nodes')
  const name = nameEntry && textOf(reading, nameEntry, (text) => TOPOLOGY_NAME.test(text), WANT_TOPOLOGY_NAME)
  const { levels, names } = levelsEntry ? readLevels(reading, levelsEntry) : { levels: [], names: new Set<string>() }
  const patterns = nodesEntry === undefined ? [] : (reading.entries(nodesEntry, PATTERNS_MAX) ?? [])
  const nodes = patterns.map(([pattern, values]) => readPattern(reading, pattern, values, names))
  return { topology: name ? { name, levels, nodes } : null, name: nameEntry ?? null }
}

/** Reads the text of the file. It never throws; what is wrong is told with line and column, all of it at once. */
export function parseTopologyFile(text: string): TopologyFile {
  const reading = new YamlReading(text)
  const root = reading.root()
  const list = root && reading.object(root, { required: ['topologies'], optional: [] })?.get('topologies')
  const entries = list ? (reading.list(list, TOPOLOGIES_MAX) ?? []) : []
  const read = entries.map((entry) => readTopology(reading, entry))
  noDoubles(
    reading,
    read.flatMap(({ topology, name }) => (name === null ? [] : [[topology?.name ?? null, name] as const])),
    'name',
  )
  const topologies = read.map(({ topology }) => topology).filter((topology) => topology !== null)
  return { topologies, errors: reading.errors }
}
