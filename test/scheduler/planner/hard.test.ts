import { describe, expect, test } from 'vitest'
import { plan } from '../../../scheduler/planner/plan.ts'
import { buildTopologyIndex } from '../../../topology/index.ts'
import { asked, type DrawnGroup, type DrawnScope, drawn, nodesOf, type World } from './drawn.ts'

// The ones that are known to defeat a greedy descent, drawn.

const on = (world: World, gang: DrawnScope): string => {
  const { request, view } = asked(world, gang)
  return nodesOf(world, plan(request, view))
}
const group = (name: string, pods: number, gpus: number): DrawnGroup => ({ name, pods, gpus })
const letter = (i: number): string =>
  `${String.fromCharCode(97 + Math.floor(i / 26))}${String.fromCharCode(97 + (i % 26))}`
/** `count` nodes named by a prefix and two letters, `free` of `total` GPUs each. */
const many = (prefix: string, count: number, free: number, total: number): string =>
  Array.from({ length: count }, (_, i) => `${prefix}${letter(i)}${free}/${total}`).join(' ')
const racksOf = (placed: string): string[] => placed.split(' ').map((node) => node[0]!)
const child = (name: string, pods: number, gpus: number): DrawnScope => ({
  name,
  required: 'rack',
  groups: [group(name, pods, gpus)],
})

describe('one block, rack A1 with 4 nodes free and rack A2 of 50 with 45 used', () => {
  const world = drawn(`z( r1: ${many('A', 4, 8, 8)} | r2: ${many('B', 5, 8, 8)} ${many('C', 45, 0, 8)} )`)

  test.each([
    ['3 and 5', [3, 5]],
    ['5 and 3', [5, 3]],
  ])('children of %s whole-node pods, a rack each', (_, [first, second]) => {
    const scopes = [child('c0', first!, 8), child('c1', second!, 8)]
    const racks = racksOf(on(world, { name: 'gang', required: 'zone', scopes }))
    const ofFive = first === 5 ? racks.slice(0, 5) : racks.slice(3)
    const ofThree = first === 5 ? racks.slice(5) : racks.slice(0, 3)
    expect([new Set(ofFive), new Set(ofThree)]).toEqual([new Set(['B']), new Set(['A'])])
  })

  test('three children of 3 do not fit the 9 nodes, and that is proved', () => {
    const scopes = [child('c0', 3, 8), child('c1', 3, 8), child('c2', 3, 8)]
    expect(on(world, { name: 'gang', required: 'zone', scopes })).toBe('DomainTooSmall')
  })
})

describe('nodes with 3, 3, 2 and 1 places', () => {
  const world = drawn('r1: a3 b3 c2 d1')
  test.each([
    ['7 pods take the three roomiest', 7, 3],
    ['9 pods take all', 9, 4],
  ])('%s', (_, pods, nodes) => {
    const placed = on(world, { name: 'gang', required: 'rack', preferred: 'host', groups: [group('g', pods, 1)] })
    expect(new Set(placed.split(' ')).size).toBe(nodes)
  })
  test('10 pods are one too many', () => {
    expect(on(world, { name: 'gang', required: 'rack', groups: [group('g', 10, 1)] })).toBe('InsufficientResources')
  })
})

describe('slices of 16 nodes in racks of 18', () => {
  const rack = (prefix: string): string => many(prefix, 18, 4, 4)
  const slices = (count: number): DrawnScope => ({
    name: 'gang',
    scopes: Array.from({ length: count }, (_, i) => child(`s${i}`, 16, 4)),
  })
  const nvl72 = drawn(`z( r1: ${rack('A')} | r2: ${rack('B')} | r3: ${rack('C')} )`)

  test('NVL72: three racks hold three slices', () => {
    const racks = racksOf(on(nvl72, slices(3)))
    expect([0, 1, 2].map((s) => new Set(racks.slice(16 * s, 16 * s + 16)).size)).toEqual([1, 1, 1])
    expect(new Set(racks).size).toBe(3)
  })
  test('NVL72: not four, though 54 nodes and 6 left over a rack suggest 3.4', () => {
    expect(on(nvl72, slices(4))).not.toMatch(/ |undecided/)
  })
  test('NVL36: racks of 9 nodes hold no slice of 16, two of 8 fit two racks', () => {
    const nvl36 = drawn(`z( r1: ${many('A', 9, 4, 4)} | r2: ${many('B', 9, 4, 4)} )`)
    expect(on(nvl36, slices(1))).toBe('DomainTooSmall')
    const eights = { name: 'gang', scopes: [child('s0', 8, 4), child('s1', 8, 4)] }
    expect(new Set(racksOf(on(nvl36, eights))).size).toBe(2)
  })
})

test('an NVLink domain over two racks holds what neither rack does', () => {
  const nodes = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, i) => ({
    name,
    labels: { rack: `r${Math.floor(i / 2)}`, nvlink: i < 4 ? 'n0' : 'n1', host: name },
  }))
  const levels = [
    { name: 'rack', key: 'rack', within: 'parent' as const },
    { name: 'nvlink', key: 'nvlink', within: 'cluster' as const },
    { name: 'host', key: 'host', within: 'parent' as const },
  ]
  const index = buildTopologyIndex({ declarations: [{ name: 't', levels, nodes: [] }], nodes })
  const world: World = { index, free: nodes.map(() => 4), total: nodes.map(() => 4) }
  expect(on(world, { name: 'gang', required: 'nvlink', groups: [group('g', 4, 4)] })).toBe('a b c d')
  expect(on(world, { name: 'gang', required: 'rack', groups: [group('g', 4, 4)] })).toBe('DomainTooSmall')
  const halves = [child('c0', 2, 4), child('c1', 2, 4)]
  expect(on(world, { name: 'gang', required: 'nvlink', scopes: halves })).toBe('a b c d')
})

describe('what somebody else needs is not taken', () => {
  test('a small child leaves the tight rack that only its sibling fits, whichever comes first', () => {
    const world = drawn('z( r1: a4 b4 | r2: c4 d4 e4 | r3: f2 g2 h2 )')
    for (const order of [
      [child('big', 3, 4), child('small', 2, 4)],
      [child('small', 2, 4), child('big', 3, 4)],
    ]) {
      const racks = racksOf(on(world, { name: 'gang', required: 'zone', scopes: order }))
      const big = order[0]!.name === 'big' ? racks.slice(0, 3) : racks.slice(2)
      expect(big.join('')).toBe('cde')
    }
  })

  test('a gang that fits the broken rack leaves the whole one', () => {
    const world = drawn('r1: a8/8 b8/8 | r2: c4/8 d4/8')
    expect(on(world, { name: 'gang', required: 'rack', groups: [group('g', 2, 4)] })).toBe('c d')
  })

  test('a leader does not steal the only place of a worker', () => {
    const world = drawn('r1: a8 b1 | r2: c7 d1')
    const groups = [group('leader', 1, 1), group('worker', 1, 8)]
    expect(on(world, { name: 'gang', required: 'rack', groups })).toBe('b a')
  })
})
