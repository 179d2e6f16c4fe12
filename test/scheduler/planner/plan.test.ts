import { describe, expect, test } from 'vitest'
import { plan } from '../../../scheduler/planner/plan.ts'
import { asked, type DrawnScope, drawn, nodesOf } from './drawn.ts'

const planned = (world: string, gang: DrawnScope, options: Parameters<typeof asked>[2] = {}): string => {
  const cluster = drawn(world)
  const { request, view } = asked(cluster, gang, options)
  return nodesOf(cluster, plan(request, view))
}
const verdictOf = (
  world: string,
  gang: DrawnScope,
  options: Parameters<typeof asked>[2] = {},
): ReturnType<typeof plan> => {
  const { request, view } = asked(drawn(world), gang, options)
  return plan(request, view)
}

const pods = (
  count: number,
  gpus: number,
  more: Partial<NonNullable<DrawnScope['groups']>[number]> = {},
): NonNullable<DrawnScope['groups']>[number] => ({
  name: 'g',
  pods: count,
  gpus,
  ...more,
})
const gang = (...groups: NonNullable<DrawnScope['groups']>): DrawnScope => ({ name: 'gang', groups })
const inRack = (...groups: NonNullable<DrawnScope['groups']>): DrawnScope => ({
  name: 'gang',
  required: 'rack',
  groups,
})
const children = (sizes: readonly number[], rules: Partial<DrawnScope>, gpus = 1): NonNullable<DrawnScope['scopes']> =>
  sizes.map((count, i) => ({ name: `c${i}`, ...rules, groups: [pods(count, gpus, { name: `c${i}` })] }))
const ones = (names: string): string =>
  names
    .split('')
    .map((name) => `${name}1`)
    .join(' ')

describe('one required domain', () => {
  test.each([
    ['the tightest rack that fits', 'r1: a4 b4 | r2: c4 d2', inRack(pods(3, 2)), 'c c d'],
    [
      'mixed sizes are packed, not counted at the largest',
      'r1: a4 b4',
      inRack(pods(2, 3), pods(2, 1, { name: 'h' })),
      'a b a b',
    ],
    ['an exact fit of 8 and 4 and 4', 'r1: a8 b8', inRack(pods(1, 8), pods(2, 4, { name: 'h' })), 'a b b'],
    ['a rack that is half taken is passed by', 'r1: a0/1 b1 | r2: c1 d1', inRack(pods(2, 1)), 'c d'],
    [
      '2, 3 and 4 on nodes of 5 and 4',
      '-: a5 b4',
      gang(pods(1, 2, { name: 'x' }), pods(1, 3, { name: 'y' }), pods(1, 4, { name: 'z' })),
      'a a b',
    ],
    ['one zone, one rack, two nodes', 'z1(r1: a1 b1)', { ...gang(pods(2, 1)), required: 'zone' }, 'a b'],
    [
      'a node without the finest label belongs to its zone',
      'z1(r1: a1 | -: b1)',
      { ...gang(pods(2, 1)), required: 'zone' },
      'b a',
    ],
    [
      'a node without the rack label is no place for a rack constraint',
      'r1: a1 | -: b9',
      inRack(pods(2, 1)),
      'DomainTooSmall',
    ],
    ['the rest of a gang goes to where it runs', 'r1: a0/2 b2 | r2: c2', inRack(pods(1, 2, { bound: ['a'] })), 'b'],
    [
      'no further domain where bound pods lie in two',
      'r1: a1 | r2: b0/1 | r3: c1',
      inRack(pods(1, 1, { bound: ['b', 'a'] })),
      'a',
    ],
    [
      'a pin to a full domain is a refusal',
      'r1: a0/4 | r2: b4',
      { ...gang(pods(1, 1)), pins: { rack: 'z/r1' } },
      'PinnedDomainFull',
    ],
    ['a pin is kept', 'r1: a1 | r2: b4', { ...gang(pods(1, 1)), pins: { rack: 'z/r2' } }, 'b'],
  ] as const)('%s', (_, world, asks, want) => {
    expect(planned(world, asks)).toBe(want)
  })
})

describe('siblings', () => {
  test('children of 3 and 5 whole nodes in racks of 4 and 5 free', () => {
    const world = 'z1(r1: a8 b8 c8 d8 | r2: e8 f8 g8 h8 i8 j0/8 k0/8)'
    expect(planned(world, { name: 'gang', required: 'zone', scopes: children([3, 5], { required: 'rack' }, 8) })).toBe(
      'a b c e f g h i',
    )
  })

  test.each([[[4, 4, 6, 6]], [[6, 4, 6, 4]], [[6, 6, 4, 4]]])('%j into racks of ten, whatever their order', (sizes) => {
    const world = `z1(r1: ${ones('abcdefghij')} | r2: ${ones('klmnopqrst')})`
    const verdict = verdictOf(world, { name: 'gang', scopes: children(sizes, { required: 'rack' }) })
    expect(verdict.kind).toBe('plan')
  })

  test('4, 5, 5 and 6 fit racks of ten; 4, 5, 5 and 7 are refused for good', () => {
    const world = `z1(r1: ${ones('abcdefghij')} | r2: ${ones('klmnopqrst')})`
    expect(verdictOf(world, { name: 'gang', scopes: children([4, 5, 5, 6], { required: 'rack' }) }).kind).toBe('plan')
    expect(verdictOf(world, { name: 'gang', scopes: children([4, 5, 5, 7], { required: 'rack' }) }).kind).toBe(
      'unplaceable',
    )
  })

  test('a leader does not steal the only place of a worker', () => {
    const world = 'r1: a8 | r2: b4'
    const asks = { name: 'gang', groups: [pods(1, 4, { name: 'leader' }), pods(1, 8, { name: 'worker' })] }
    expect(planned(world, asks)).toBe('b a')
  })

  test('slices of 16 in racks of 18: two racks hold two, not two and a quarter', () => {
    const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJ'.split('')
    const rack = (from: number): string =>
      letters
        .slice(from, from + 18)
        .map((name) => `${name}4`)
        .join(' ')
    const world = `z1(r1: ${rack(0)} | r2: ${rack(18)})`
    const slices = (count: number): DrawnScope => ({
      name: 'gang',
      scopes: children(Array(count).fill(16), { required: 'rack' }, 4),
    })
    expect(verdictOf(world, slices(2))).toMatchObject({ kind: 'plan' })
    expect(verdictOf(world, slices(3), { maxSteps: 50 }).kind).toBe('unplaceable') // known without trying
  })
})

describe('the order of plans', () => {
  test.each([
    ['7 pods on nodes of 3, 3, 2, 1 take three of them', '-: a3 b3 c2 d1', gang(pods(7, 1)), 'a a a b b b d'],
    [
      'a preferred rack that holds the whole gang',
      'r1: a1 | r2: b1 c1',
      { ...gang(pods(2, 1)), preferred: 'rack' },
      'b c',
    ],
    ['a preference never blocks', 'r1: a1 | r2: b1', { ...gang(pods(2, 1)), preferred: 'rack' }, 'a b'],
    [
      'best fit is decided from the broadest level down',
      'z1(r1: a1 | r2: b1 | r3: c1) z2(r4: d1 e1)',
      { ...gang(pods(1, 1)), preferred: 'rack' },
      'd',
    ],
    ['a rack in use before an empty one', 'r1: a3 | r2: b2/3', inRack(pods(2, 1)), 'b b'],
    ['a single pod takes the most broken node', 'r1: a8 b1/8 c2/8', gang(pods(1, 1)), 'b'],
    ['room for surplus weighs in the choice of rack', 'r1: a2 | r2: b3', inRack(pods(2, 1, { later: 1 })), 'b b'],
    [
      'a zone for the gang, a rack for each child',
      'z1(r1: a3/4 | r2: b4) z2(r3: c4 | r4: d4)',
      { name: 'gang', preferred: 'zone', scopes: children([2, 2], { preferred: 'rack' }, 2) },
      'a b',
    ],
    [
      'required zone, preferred rack: as few racks as can be',
      'z1(r1: a8 b8 | r2: c8 d8) z2(r3: e8 f8 | r4: g8 h8)',
      { ...gang(pods(4, 8)), required: 'zone', preferred: 'rack' },
      'a b c d',
    ],
    ['no pack at all still keeps together', 'r1: a1 b1 | r2: c1 d1 e1', gang(pods(3, 1)), 'c d e'],
  ] as const)('%s', (name, world, asks, want) => {
    if (name.startsWith('a zone for')) {
      const nodes = planned(world, asks).split(' ')
      expect(new Set(nodes.slice(0, 2)).size).toBe(1)
      expect(new Set(nodes.slice(2)).size).toBe(1)
    } else expect(planned(world, asks)).toBe(want)
  })

  test('preferences that compete: each child in one spine and two racks', () => {
    const world = 'z1(r1: a1 b1 | r2: c1 d1) z2(r3: e1 f1 | r4: g1 h1)'
    const nodes = planned(world, {
      name: 'gang',
      preferred: 'zone',
      scopes: children([3, 3], { preferred: 'rack' }),
    }).split(' ')
    for (const three of [nodes.slice(0, 3), nodes.slice(3)]) {
      expect(new Set(three.map((name) => (name < 'e' ? 'z1' : 'z2'))).size).toBe(1)
    }
  })

  test('the score is 1 where every preference is met, and falls with each level given up', () => {
    const score = (world: string): number => {
      const verdict = verdictOf(world, { ...gang(pods(2, 1)), preferred: 'rack' })
      return verdict.kind === 'plan' ? verdict.placementScore : -1
    }
    expect(score('z1(r1: a1 b1)')).toBe(1)
    expect(score('z1(r1: a1 | r2: b1)')).toBeCloseTo(1 - 0.5 / 3)
    expect(score('z1(r1: a1) z2(r2: b1)')).toBeCloseTo(1 - 1.5 / 3)
  })
})

describe('spread', () => {
  test('two replicas with peers in common part, each in one rack', () => {
    const scopes = children([2, 2], { required: 'rack', spread: { level: 'rack', peers: 'p' } })
    expect(planned('r1: a2 b2 | r2: c2 d2', { name: 'gang', scopes })).toBe('a a c c')
  })

  test('a replica keeps away from where another already is', () => {
    const asks: DrawnScope = {
      name: 'gang',
      required: 'rack',
      spread: { level: 'rack', taken: { r1: 1 } },
      groups: [pods(1, 1)],
    }
    expect(planned('r1: a1 | r2: b9', asks)).toBe('b')
    expect(planned('r1: a1 | r2: b0/1', asks)).toBe('SpreadUnsatisfiable')
  })

  test('a soft spread gives way, a hard one does not', () => {
    const asks = (isHard: boolean): DrawnScope => ({
      name: 'gang',
      required: 'rack',
      spread: { level: 'rack', taken: { r1: 1 }, isHard },
      groups: [pods(1, 1)],
    })
    expect(planned('r1: a1 | r2: b2', asks(false))).toBe('b')
    expect(planned('r1: a1 | r2: b0/1', asks(false))).toBe('a')
  })

  test('the pods of a clique are dealt out evenly', () => {
    const scopes: NonNullable<DrawnScope['scopes']> = [
      { name: 'x', spread: { level: 'rack', units: 'pods' }, groups: [pods(4, 1)] },
    ]
    const nodes = planned('r1: a9 | r2: b9 | r3: c9', { name: 'gang', scopes }).split(' ')
    const perRack = ['a', 'b', 'c'].map((name) => nodes.filter((node) => node === name).length)
    expect(Math.max(...perRack) - Math.min(...perRack)).toBe(1)
  })

  test('a soft spread over a label that no topology lists holds the default pack off as one over a level does', () => {
    const scopes: NonNullable<DrawnScope['scopes']> = [
      { name: 'x', spread: { level: 'rack', units: 'pods', isHard: false }, groups: [pods(2, 1)] },
    ]
    const asks = { name: 'gang', scopes }
    for (const listed of [['zone', 'rack', 'host'], ['zone', 'host'], ['host']]) {
      const cluster = drawn('r1: a9 b9 | r2: c9', listed)
      const { request, view } = asked(cluster, asks)
      expect(nodesOf(cluster, plan(request, view))).toMatch(/^(a|b) c$/)
    }
  })

  test('with fewer domains than minDomains the emptiest counts as empty', () => {
    const asks = (minDomains: number): DrawnScope => ({
      name: 'gang',
      required: 'rack',
      spread: { level: 'rack', taken: { r1: 1, r2: 1 }, minDomains },
      groups: [pods(1, 1)],
    })
    expect(planned('r1: a1 | r2: b2', asks(2))).toBe('a')
    expect(planned('r1: a1 | r2: b2', asks(3))).toBe('SpreadUnsatisfiable')
  })
})

describe('a refusal', () => {
  test('counts per rack what fits and what is short', () => {
    expect(verdictOf('r1: a4 | r2: b3', inRack(pods(5, 1)))).toMatchObject({
      kind: 'unplaceable',
      reason: 'DomainTooSmall',
      facts: { scope: 'gang', level: 'rack', pods: 5, domain: 'z/r1', fits: 4 },
      shortfalls: [
        { domain: 'z/r1', podsNeeded: 5, podsFitting: 4, resource: 'gpu', shortBy: 1 },
        { domain: 'z/r2', podsNeeded: 5, podsFitting: 3, resource: 'gpu', shortBy: 2 },
      ],
    })
  })

  test('tells nodes that are closed to all of the pods from those that are closed to some', () => {
    const { request, view } = asked(drawn('r1: a9 b9 c3 | r2: d3'), inRack(pods(2, 1), pods(2, 2, { name: 'h' })))
    const classes = view.classes.map((each, c) => ({ ...each, feasible: Uint8Array.of(0, c === 0 ? 1 : 0, 1, 1) }))
    const verdict = plan(request, { ...view, classes })
    expect(verdict).toMatchObject({
      facts: {
        short: expect.stringMatching(
          /; 1 of its 3 nodes is closed to them; 1 of its 3 nodes is closed to some of them$/,
        ),
      },
    })
  })

  test('says which resource is short where no domain is asked for', () => {
    expect(verdictOf('r1: a4 | r2: b3', gang(pods(5, 2)))).toMatchObject({
      reason: 'InsufficientResources',
      facts: { pods: 5, fits: 3, resource: 'gpu', shortBy: '3' },
    })
  })

  test('is not given where steps ran out first', () => {
    const world = `z1(r1: ${ones('abcdefghij')} | r2: ${ones('klmnopqrst')})`
    const verdict = verdictOf(
      world,
      { name: 'gang', scopes: children([4, 5, 5, 6], { required: 'rack' }) },
      { maxSteps: 2 },
    )
    expect(verdict.kind).toBe('undecided')
  })

  test('counts the nodes that each predicate excluded where none is left', () => {
    const { request, view } = asked(drawn('r1: a4'), gang(pods(1, 1)))
    const classes = [
      { ...view.classes[0]!, feasible: new Uint8Array(1), excluded: new Map([['TaintNotTolerated', 1]]) },
    ]
    expect(plan(request, { ...view, classes })).toMatchObject({
      reason: 'NoFeasibleNode',
      facts: { pods: 1, excluded: 'TaintNotTolerated: 1' },
    })
  })
})

test('a gang with nothing to seat has a plan, the empty one', () => {
  expect(verdictOf('r1: a1', gang(pods(0, 1, { bound: ['a'] })))).toMatchObject({ kind: 'plan', seats: [] })
})

test('a gang of thousands of pods is seated without a deep stack', () => {
  const world = `r1: ${'abcdefghij'
    .split('')
    .map((name) => `${name}600`)
    .join(' ')}`
  const { request, view } = asked(drawn(world), inRack(pods(3_000, 1), pods(2_000, 1, { name: 'h' })))
  const free = view.free.map((amount, i) => (i % 2 === 1 ? 1_000 : amount))
  expect(plan(request, { ...view, free }).kind).toBe('plan')
})

test('a gang over thousands of nodes is seated without a deep stack', () => {
  const letters = 'abcdefghijklmno'.split('')
  const names = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => `${a}${b}${c}`)))
  const world = `r1: ${names.map((name) => `${name}8`).join(' ')}`
  const verdict = verdictOf(world, gang(pods(names.length, 5), pods(names.length, 3, { name: 'h' })))
  expect(verdict.kind === 'plan' && new Set(verdict.seats.map(({ node }) => node)).size).toBe(names.length)
})
