import { array, assert, constantFrom, integer, option, property, record, sample } from 'fast-check'
import { expect, test } from 'vitest'
import type { TopologyDeclaration } from '../../topology/declaration.ts'
import {
  buildTopologyIndex,
  type CompiledLevel,
  domainsAround,
  type LabelledNode,
  LiveTopology,
  type TopologyIndex,
} from '../../topology/index.ts'

const NAMES = ['a', 'b', 'b1', 'gb-1', 'gb-2', 'z'] as const
const ZONE = 'topology.kubernetes.io/zone'
const RACK = 'fabric.topograph.run/tier-1'
const OLD_RACK = 'network.topology.nvidia.com/leaf'
const CLIQUE = 'nvidia.com/gpu.clique'
/** Keys that no topology below lists. */
const OWN_KEYS = ['example.com/row', 'constructor'] as const

const value = option(constantFrom('p', 'q', 'r', 'r-1', ''), { nil: undefined, freq: 4 })
const labels = record({
  [ZONE]: value,
  [RACK]: value,
  [OLD_RACK]: option(constantFrom('p', 'q'), { nil: undefined, freq: 1 }),
  [CLIQUE]: value,
  [OWN_KEYS[0]]: value,
  'example.com/no-level': value,
})
const events = array(
  record({
    kind: constantFrom(
      'set',
      'set',
      'set',
      'cordon',
      'gone',
      'step',
      'step',
      'step',
      'look',
      'look at own',
      'declare',
      'many',
    ),
    name: constantFrom(...NAMES),
    labels,
    declared: constantFrom('nothing', 'tree', 'two'),
    many: integer({ min: 100, max: 200 }),
  }),
  { minLength: 1, maxLength: 40, size: 'max' },
)
interface Told {
  readonly kind: string
  readonly name: string
  readonly labels: Readonly<Record<string, string | undefined>>
  readonly declared: string
  readonly many: number
}

const tree: TopologyDeclaration = {
  name: 'tree',
  levels: [
    { name: 'zone', key: ZONE, within: 'parent' },
    { name: 'nvlink', key: CLIQUE, within: 'cluster' },
    { name: 'rack', key: RACK, within: 'parent' },
    { name: 'old', key: OLD_RACK, within: 'parent' },
  ],
  nodes: [
    { pattern: 'gb-*', values: { rack: 'r7' } },
    { pattern: '*-2', values: { rack: 'r8', nvlink: 'n' } },
  ],
}
const other: TopologyDeclaration = { name: 'flat', levels: [{ name: 'rack', key: RACK, within: 'cluster' }], nodes: [] }
const DECLARED: Readonly<Record<string, readonly TopologyDeclaration[]>> = {
  nothing: [],
  tree: [tree],
  two: [tree, other],
}

/** Nodes, what is declared, and the index that follows both. */
class World {
  readonly nodes = new Map<string, LabelledNode>()
  readonly live: LiveTopology = new LiveTopology({
    get: (name) => this.nodes.get(name),
    facts: () => this.nodes.values(),
  })
  declared: readonly TopologyDeclaration[] = []
  #steps: Iterator<undefined, void> | null = null

  apply(event: Told): void {
    switch (event.kind) {
      case 'set':
        return this.set(event.name, event.labels)
      case 'cordon':
        return this.set(event.name, this.nodes.get(event.name)?.labels ?? {})
      case 'gone':
        return this.remove(event.name)
      case 'declare':
        this.declared = DECLARED[event.declared]!
        return this.live.setDeclarations(this.declared)
      case 'many':
        for (let i = 0; i < event.many; i++) this.set(`m${i}`, event.labels)
        for (let i = 3; i < event.many; i++) this.remove(`m${i}`)
        return undefined
      case 'step':
        this.#steps ??= this.live.prepare()
        if (this.#steps.next().done === true) this.#steps = null
        return undefined
      case 'look at own':
        for (const key of OWN_KEYS) this.live.read().levelFor(null, key)
        return undefined
      default:
        return void this.live.read()
    }
  }

  set(name: string, of: Told['labels']): void {
    const before = this.nodes.get(name) ?? null
    const given = Object.entries(of).filter(([, text]) => text !== undefined)
    const after = { name, labels: Object.fromEntries(given) as Record<string, string> }
    this.nodes.set(name, after)
    this.live.note(before, after)
  }

  remove(name: string): void {
    const before = this.nodes.get(name) ?? null
    this.nodes.delete(name)
    this.live.note(before, null)
  }

  fresh(): TopologyIndex {
    return buildTopologyIndex({ declarations: this.declared, nodes: [...this.nodes.values()] })
  }
}

/** All that the planner reads of an index. */
function shown(index: TopologyIndex): unknown {
  const { nodeNames, topologies } = index
  const all = topologies.flatMap(({ levels }) => levels)
  return {
    nodeNames,
    topologies: topologies.map(({ name, levels }) => ({ name, levels: levels.map(cells) })),
    own: OWN_KEYS.map((key) => cells(index.levelFor(topologies[0] ?? null, key))),
    nesting: all.map((narrow) => all.map((broad) => around(narrow, broad))),
  }
}

const cells = ({ domainOf, starts, nodes, ...rest }: CompiledLevel): unknown => ({
  ...rest,
  domainOf: [...domainOf],
  starts: [...starts],
  nodes: [...nodes],
})

function around(narrow: CompiledLevel, broad: CompiledLevel): unknown {
  const found = domainsAround(narrow, broad)
  return found === null ? 'crosses' : [...found]
}

const run = { numRuns: 500, seed: Number(process.env['SEED'] ?? 1) }

function worldAfter(sequence: readonly Told[]): World {
  const world = new World()
  for (const event of sequence) world.apply(event)
  return world
}

test('after any sequence of events the index is what a fresh build gives', () => {
  assert(
    property(events, (sequence) => {
      const world = worldAfter(sequence as Told[])
      expect(shown(world.live.read())).toEqual(shown(world.fresh()))
    }),
    run,
  )
})

test('prepared a level a step the index is there at the end, with what changed meanwhile', () => {
  const world = worldAfter([])
  for (const name of ['a', 'b']) world.set(name, { [ZONE]: 'p', [RACK]: name })
  world.declared = [tree]
  world.live.setDeclarations(world.declared)
  let steps = 0
  for (const _ of world.live.prepare()) {
    if (steps++ === 1) world.set('c', { [ZONE]: 'q', [RACK]: 'c' })
  }
  expect(steps).toBe(tree.levels.length)
  expect([...world.live.prepare()]).toEqual([])
  expect(shown(world.live.read())).toEqual(shown(world.fresh()))
})

test('a change that leaves every place as it is leaves the index the object that it was', () => {
  const world = worldAfter([])
  world.set('a', { [ZONE]: 'p', [RACK]: 'r' })
  const before = world.live.read()
  world.set('a', { [ZONE]: 'p', [RACK]: 'r', 'example.com/no-level': 'new' })
  expect(world.live.read()).toBe(before)
})

test('a node that changes its rack leaves the level of zones the object that it was', () => {
  const world = worldAfter([])
  for (const name of ['a', 'b']) world.set(name, { [ZONE]: 'p', [RACK]: name })
  const [zone, rack] = world.live.read().topologies[0]!.levels
  world.set('b', { [ZONE]: 'p', [RACK]: 'a' })
  const [zoneNow, rackNow] = world.live.read().topologies[0]!.levels
  expect(zoneNow).toBe(zone)
  expect(rackNow).not.toBe(rack)
  expect(rackNow!.paths).toEqual(['p/a'])
})

test('the sequences patch levels that cross, patterns, late labels and nodes without some', () => {
  const worlds = sample(events, { ...run, numRuns: 300 }).map((sequence) => worldAfter(sequence as Told[]))
  const count = (holds: (levels: readonly CompiledLevel[], world: World) => boolean): number =>
    worlds.filter((world) =>
      holds(
        world.fresh().topologies.flatMap(({ levels }) => levels),
        world,
      ),
    ).length
  const crosses = (levels: readonly CompiledLevel[]): boolean =>
    levels.some((narrow) => levels.some((broad) => domainsAround(narrow, broad) === null))
  expect(count(crosses)).toBeGreaterThan(60)
  expect(count((levels) => levels.some(({ paths }) => paths.some((path) => path.endsWith('r7'))))).toBeGreaterThan(60)
  expect(count((levels) => levels.some(({ domainOf }) => domainOf.includes(-1)))).toBeGreaterThan(150)
  expect(count((levels, { declared }) => declared.length === 0 && levels.length > 2)).toBeGreaterThan(20)
})
