import type { FieldError } from '../../api/field-error.ts'
import { YamlReading } from '../../api/yaml-reading.ts'
import { PEER_NAMES } from '../peers/peers.ts'
import { Fields } from './fields.ts'
import {
  type ClusterShape,
  type Depth,
  DEPTHS,
  type Expectation,
  fittingPods,
  LEVELS,
  MEASURES,
  nodesOf,
  type Scenario,
  SETS,
  type Workload,
} from './scenario.ts'
import { readWorkload } from './workload.ts'

/** What a file holds: one scenario, or one a cluster size; complete where `errors` is empty. */
export interface ScenarioFile {
  readonly scenarios: readonly Scenario[]
  readonly errors: readonly FieldError[]
}

const NODES_MAX = 100_000
/** Beyond it a control plane does not come up on a small machine. */
const REAL_NODES_MAX = 20_000
const LIMIT_SECONDS_MAX = 600

const REQUIRED = ['name', 'summary', 'depths', 'sets', 'cluster', 'workload', 'expect']
const OPTIONAL = ['source', 'seed', 'rounds', 'limitSeconds', 'peers', 'measure', 'sweep']

/** A path and the reason are in every error; nothing is thrown. */
export function parseScenarios(text: string): ScenarioFile {
  const reading = new YamlReading(text)
  const root = reading.root()
  if (root === null) return { scenarios: [], errors: reading.errors }
  const fields = new Fields(reading, root, REQUIRED, OPTIONAL)
  const cluster = readCluster(fields)
  const common: Scenario = {
    name: fields.text('name', /^[a-z0-9][a-z0-9-]{0,62}$/, 'a name of lower-case letters, digits and dashes', ''),
    summary: fields.text('summary', /^.{1,300}$/s, 'a sentence of at most 300 characters', ''),
    source: fields.has('source') ? fields.text('source', /^.{1,300}$/s, 'whose shape it is', '') : null,
    depths: fields.listOf('depths', DEPTHS, []),
    sets: fields.listOf('sets', SETS, []),
    cluster,
    workload: readWorkload(fields, cluster),
    seed: fields.number('seed', [1, 2 ** 31], 1),
    rounds: fields.number('rounds', [1, 20], 3),
    limitSeconds: fields.number('limitSeconds', [1, LIMIT_SECONDS_MAX], LIMIT_SECONDS_MAX),
    peers: fields.listOf('peers', PEER_NAMES, ['espalier']),
    measure: fields.listOf('measure', MEASURES, MEASURES),
    expect: readExpectation(fields),
  }
  const scenarios = swept(fields, common)
  for (const scenario of scenarios) checkWhole(fields, scenario)
  return { scenarios, errors: reading.errors }
}

function readCluster(fields: Fields): ClusterShape {
  const cluster = fields.object('cluster', ['levels', 'nodes', 'node'], [])
  const levels = cluster?.list('levels', LEVELS.length - 1, (entry) => {
    const level = new Fields(cluster.reading, entry, ['name', 'count'], [])
    const name = level.oneOf('name', ['zone', 'block', 'rack'] as const, 'rack' as const)
    return { name, count: level.number('count', [1, NODES_MAX], 1), entry }
  })
  for (const [i, level] of (levels ?? []).entries()) {
    const above = levels?.[i - 1]
    if (above !== undefined && LEVELS.indexOf(level.name) <= LEVELS.indexOf(above.name))
      fields.reading.fail(level.entry, `a level below ${above.name}: levels stand broad to narrow`)
  }
  const node = cluster?.object('node', ['gpu', 'cpu', 'memoryGi'], ['pods'])
  return {
    levels: (levels ?? []).map(({ name, count }) => ({ name, count })),
    nodes: cluster?.number('nodes', [1, NODES_MAX], 1) ?? 1,
    node: {
      gpu: node?.number('gpu', [0, 64], 0) ?? 0,
      cpu: node?.number('cpu', [1, 1_024], 1) ?? 1,
      memoryGi: node?.number('memoryGi', [1, 65_536], 1) ?? 1,
      pods: node?.number('pods', [1, 1_000], 110) ?? 110,
    },
  }
}

function readExpectation(fields: Fields): Expectation {
  const expect = fields.object('expect', ['bound'], ['domainsPerGangAtMost'])
  const entry = expect?.at('bound') ?? null
  const isAll = entry !== null && fields.reading.text(entry) === 'all'
  const atMost = expect?.object('domainsPerGangAtMost', [], [...LEVELS])
  return {
    bound: isAll ? 'all' : (expect?.number('bound', [0, 1_000_000], 0) ?? 0),
    domainsPerGangAtMost: Object.fromEntries(
      LEVELS.filter((level) => atMost?.has(level)).map((level) => [
        level,
        atMost?.number(level, [1, 10_000], 1, 'any'),
      ]),
    ),
  }
}

/** One scenario a size: the count of the broadest level is what grows. */
function swept(fields: Fields, scenario: Scenario): Scenario[] {
  const sweep = fields.object('sweep', ['nodes'], [])
  if (sweep === null) return [scenario]
  const { cluster } = scenario
  const [broadest, ...rest] = cluster.levels
  if (broadest === undefined) return [scenario]
  const perBroadest = nodesOf({ ...cluster, levels: rest })
  return sweep.list('nodes', 20, (entry) => {
    const nodes = fields.reading.number(entry) ?? 0
    const isWhole = Number.isInteger(nodes) && nodes >= perBroadest && nodes % perBroadest === 0
    if (!isWhole) fields.reading.fail(entry, `a multiple of ${perBroadest}, the nodes of one ${broadest.name}`)
    const count = Math.max(1, Math.floor(nodes / perBroadest))
    const levels = [{ ...broadest, count }, ...rest]
    return { ...scenario, name: `${scenario.name}@${nodes}`, cluster: { ...cluster, levels } }
  })
}

/** What no field can say alone. */
function checkWhole(fields: Fields, scenario: Scenario): void {
  const { depths, workload, cluster, expect } = scenario
  const depthsEntry = fields.at('depths') ?? fields.entry
  const count = nodesOf(cluster)
  if (count > NODES_MAX) fields.reading.fail(fields.at('cluster') ?? fields.entry, `at most ${NODES_MAX} nodes`)
  if (depths.includes('control-plane') && count > REAL_NODES_MAX)
    fields.reading.fail(depthsEntry, `no control plane: it is run with at most ${REAL_NODES_MAX} nodes`)
  const wrong = depths.filter((depth) => !allowedDepths(workload).includes(depth))
  if (wrong.length > 0)
    fields.reading.fail(depthsEntry, `only ${allowedDepths(workload).join(', ')} for such a workload`)
  if (workload.kind === 'gangs' && typeof expect.bound === 'number' && expect.bound > fittingPods(workload.gangs)) {
    const most = fittingPods(workload.gangs)
    fields.reading.fail(
      fields.at('expect') ?? fields.entry,
      `bound to be at most ${most}, the pods of the gangs that fit`,
    )
  }
}

function allowedDepths(workload: Workload): readonly Depth[] {
  switch (workload.kind) {
    case 'trace':
    case 'serving':
      return ['trace']
    case 'set':
      return ['embedded', 'control-plane']
    case 'gangs':
      return workload.arrival.kind === 'before'
        ? ['planner', 'embedded', 'control-plane']
        : ['embedded', 'control-plane']
  }
}
