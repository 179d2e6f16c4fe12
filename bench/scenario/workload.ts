import type { Entry } from '../../api/yaml-reading.ts'
import { LOAD_FILES } from '../serving/files.ts'
import { TRACE_FILES } from '../traces/files.ts'
import { Fields } from './fields.ts'
import {
  type Arrival,
  type ClusterShape,
  type GangWork,
  type GroupWork,
  type Level,
  LEVELS,
  type ServingWork,
  type SetWork,
  type TraceWork,
  type Workload,
} from './scenario.ts'

const GANGS_MAX = 100_000
const PODS_MAX = 100_000

const isLevelOf = ({ levels }: ClusterShape, level: Level): boolean =>
  level === 'host' || levels.some(({ name }) => name === level)

/** A level that this cluster has; null where none is stated. */
function levelOf(fields: Fields, name: string, cluster: ClusterShape): Level | null {
  const level = fields.oneOf(name, LEVELS, null)
  if (level === null || isLevelOf(cluster, level)) return level
  const has = [...cluster.levels.map((each) => each.name), 'host'].join(', ')
  fields.reading.fail(fields.at(name) ?? fields.entry, `a level of this cluster: ${has}`)
  return null
}

const NAME = /^[a-z0-9][a-z0-9-]{0,30}$/
const WANT_NAME = 'a name of at most 31 lower-case letters, digits and dashes'

function readGroup(fields: Fields, cluster: ClusterShape): GroupWork {
  return {
    name: fields.text('name', NAME, WANT_NAME, 'a'),
    pods: fields.number('pods', [1, 10_000], 1),
    gpu: fields.number('gpu', [0, 64], 0),
    cpu: fields.number('cpu', [0, 1_024], 1, 'any'),
    memoryGi: fields.number('memoryGi', [0, 65_536], 1, 'any'),
    required: levelOf(fields, 'required', cluster),
  }
}

function readGang(parent: Fields, entry: Entry, cluster: ClusterShape): GangWork {
  const optional = ['required', 'preferred', 'single', 'fits']
  const fields = new Fields(parent.reading, entry, ['name', 'count', 'groups'], optional)
  const groups = fields.list('groups', 1_000, (group) =>
    readGroup(new Fields(parent.reading, group, ['pods'], ['name', 'gpu', 'cpu', 'memoryGi', 'required']), cluster),
  )
  const isSingle = fields.flag('single', false)
  if (isSingle && (groups.length !== 1 || groups[0]?.pods !== 1))
    parent.reading.fail(fields.at('groups') ?? entry, 'one group of one pod: these are pods of no gang')
  if (new Set(groups.map(({ name }) => name)).size < groups.length)
    parent.reading.fail(fields.at('groups') ?? entry, 'a name of its own for each group')
  return {
    name: fields.text('name', NAME, WANT_NAME, 'g'),
    count: fields.number('count', [1, GANGS_MAX], 1),
    groups,
    required: levelOf(fields, 'required', cluster),
    preferred: levelOf(fields, 'preferred', cluster),
    isSingle,
    fits: fields.flag('fits', true),
  }
}

function readArrival(fields: Fields): Arrival {
  const entry = fields.at('arrival')
  const text = entry === null ? 'before' : fields.reading.text(entry)
  if (text === 'before' || text === 'live' || text === 'one-by-one') return { kind: text }
  if (entry !== null && text !== null)
    fields.reading.fail(entry, 'before, live, one-by-one, or {waves: N, replacedPercent: P}')
  const waves = fields.object('arrival', ['waves', 'replacedPercent'], [])
  const count = waves?.number('waves', [1, 1_000], 1) ?? 1
  return { kind: 'waves', waves: count, replacedPercent: waves?.number('replacedPercent', [1, 100], 10) ?? 10 }
}

function readTrace(fields: Fields): TraceWork {
  return {
    file: fields.oneOf('file', TRACE_FILES, TRACE_FILES[0]),
    topology: fields.oneOf('topology', ['cluster', 'lingjun'] as const, 'cluster' as const),
    gpusPerPod: fields.number('gpusPerPod', [1, 64], 8),
    packs: fields.oneOf('packs', ['required', 'preferred'] as const, 'required' as const),
    days: fields.number('days', [0.1, 365], 30, 'any'),
    load: fields.number('load', [0.01, 10], 0.9, 'any'),
  }
}

function readSet(fields: Fields, cluster: ClusterShape): SetWork {
  return {
    replicas: fields.number('replicas', [1, 10_000], 1),
    steps: fields.number('steps', [1, 100], 1),
    pods: fields.number('pods', [1, 1_000], 1),
    gpu: fields.number('gpu', [0, 64], 1),
    required: levelOf(fields, 'required', cluster),
  }
}

function readServing(fields: Fields): ServingWork {
  return {
    file: fields.oneOf('file', LOAD_FILES, LOAD_FILES[0]),
    hours: fields.number('hours', [1, 336], 24),
    packs: fields.oneOf('packs', ['required', 'preferred'] as const, 'required' as const),
    load: fields.number('load', [0.01, 10], 0.9, 'any'),
  }
}

/** Exactly one of gangs, trace, serving and set. */
export function readWorkload(parent: Fields, cluster: ClusterShape): Workload {
  const fields = parent.object('workload', [], ['arrival', 'gangs', 'trace', 'serving', 'set'])
  const none: Workload = { kind: 'gangs', arrival: { kind: 'before' }, gangs: [] }
  if (fields === null) return none
  const kinds = (['gangs', 'trace', 'serving', 'set'] as const).filter((kind) => fields.has(kind))
  if (kinds.length !== 1) {
    fields.reading.fail(fields.entry, 'exactly one of gangs, trace, serving, set')
    return none
  }
  const trace = fields.object('trace', ['file'], ['topology', 'gpusPerPod', 'packs', 'days', 'load'])
  if (trace !== null) return { kind: 'trace', trace: readTrace(trace) }
  const serving = fields.object('serving', ['file'], ['hours', 'packs', 'load'])
  if (serving !== null) return { kind: 'serving', serving: readServing(serving) }
  const set = fields.object('set', ['replicas', 'pods', 'gpu'], ['steps', 'required'])
  if (set !== null) return { kind: 'set', set: readSet(set, cluster) }
  const gangs = fields.list('gangs', 100, (entry) => readGang(fields, entry, cluster))
  const pods = gangs.reduce(
    (sum, gang) => sum + gang.count * gang.groups.reduce((all, group) => all + group.pods, 0),
    0,
  )
  if (pods > PODS_MAX)
    fields.reading.fail(fields.at('gangs') ?? fields.entry, `at most ${PODS_MAX} pods: there are ${pods}`)
  if (new Set(gangs.map(({ name }) => name)).size < gangs.length)
    fields.reading.fail(fields.at('gangs') ?? fields.entry, 'a name of its own for each kind of gang')
  return { kind: 'gangs', arrival: readArrival(fields), gangs }
}
