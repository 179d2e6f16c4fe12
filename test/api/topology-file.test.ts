import fc from 'fast-check'
import { describe as group, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { describe } from '../../api/field-error.ts'
import { parseTopologyFile } from '../../api/kinds/topology-file.ts'
import { RUN } from './seed.ts'

const fewer = { ...RUN, numRuns: 200 }

const told = (text: string): string[] => parseTopologyFile(text).errors.map((error) => describe('t.yaml', error))

const EXAMPLE = `
topologies:
  - name: default
    levels:                       # broad to narrow
      - {name: zone,   key: topology.kubernetes.io/zone}
      - {name: block,  key: fabric.topograph.run/tier-2}
      - {name: rack,   key: fabric.topograph.run/tier-1}
      - {name: nvlink, key: nvidia.com/gpu.clique, within: cluster, gigabytesPerSecond: 900}
      - {name: host,   key: kubernetes.io/hostname}
    nodes:
      "gb200-r07-*": {rack: r07, nvlink: r07}
`

group('a topology file', () => {
  test('holds its levels in their order, and what wins over labels', () => {
    const { topologies, errors } = parseTopologyFile(EXAMPLE)
    expect(errors).toEqual([])
    expect(topologies[0]?.levels.map(({ name, within }) => `${name} ${within}`)).toEqual([
      'zone parent',
      'block parent',
      'rack parent',
      'nvlink cluster',
      'host parent',
    ])
    expect(topologies[0]?.levels[3]?.gigabytesPerSecond).toBe(900)
    expect(topologies[0]?.nodes).toEqual([{ pattern: 'gb200-r07-*', values: { rack: 'r07', nvlink: 'r07' } }])
  })

  test('is refused with line and column where an alias has no anchor before it', () => {
    expect(told('topologies:\n  - name: default\n    levels: *common\n')).toEqual([
      't.yaml:3:13: found "*common", want an anchor that stands before it: there is no &common',
    ])
    expect(told('topologies: [{name: &n default, levels: [{name: rack, key: *n}]}]')).toEqual([])
  })

  test('takes accelerator labels for cluster-wide, unless it says otherwise', () => {
    const level = (more: string): string =>
      `topologies: [{name: a, levels: [{name: n, key: nvidia.com/gpu.clique${more}}]}]`
    expect(parseTopologyFile(level('')).topologies[0]?.levels[0]?.within).toBe('cluster')
    expect(parseTopologyFile(level(', within: parent')).topologies[0]?.levels[0]?.within).toBe('parent')
  })

  test('may be JSON, may be empty of topologies, may use anchors', () => {
    expect(told('{"topologies": []}')).toEqual([])
    const shared = 'topologies:\n- {name: a, levels: &l [{name: x, key: x}]}\n- {name: b, levels: *l}\n'
    expect(told(shared)).toEqual([])
    expect(parseTopologyFile(shared).topologies[1]?.levels).toHaveLength(1)
  })

  test('keeps a bare number as it is written', () => {
    const text = 'topologies: [{name: a, levels: [{name: rack, key: rack}], nodes: {"n*": {rack: 007}}}]'
    expect(parseTopologyFile(text).topologies[0]?.nodes[0]?.values).toEqual({ rack: '007' })
  })
})

group('a topology file is told, with line and column,', () => {
  const inFile = (level: string, nodes = ''): string => `topologies:\n- name: a\n  levels:\n  - {${level}}\n${nodes}`
  const cases: readonly (readonly [name: string, text: string, words: readonly string[]])[] = [
    [
      'that it is no YAML',
      'topologies:\n\t- a',
      ['t.yaml:2:1: found "\\t- a", want YAML: Tabs are not allowed as indentation'],
    ],
    [
      'that a list does not end',
      'topologies: [',
      [
        't.yaml:1:14: found "topologies: [", want YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
      ],
    ],
    [
      'that a key stands twice',
      'topologies: []\ntopologies: []',
      ['t.yaml:2:1: found "topologies: []", want YAML: Map keys must be unique'],
    ],
    ['that it is empty', '', ['t.yaml:1:1: found null, want an object with topologies']],
    ['that topologies are no list', 'topologies: 3', ['t.yaml:1:13: topologies: found 3, want a list']],
    [
      'of a field that nobody knows',
      'topologies: []\nlevels: []',
      ['t.yaml:2:1: levels: found "levels", want one of topologies'],
    ],
    [
      'of a topology without levels',
      'topologies:\n- name: a',
      ['t.yaml:2:3: topologies[0].levels: found nothing, want a value'],
    ],
    [
      'of levels that are none',
      'topologies:\n- name: a\n  levels: []',
      ['t.yaml:3:11: topologies[0].levels: found [], want at least one level'],
    ],
    [
      'of a level without a key',
      inFile('name: x'),
      ['t.yaml:4:5: topologies[0].levels[0].key: found nothing, want a value'],
    ],
    [
      'of an unknown within',
      inFile('name: x, key: x, within: zone'),
      ['t.yaml:4:31: topologies[0].levels[0].within: found "zone", want "parent" or "cluster"'],
    ],
    [
      'of a name with capitals',
      inFile('name: Rack, key: x'),
      [
        't.yaml:4:12: topologies[0].levels[0].name: found "Rack", want a name of lower-case letters, digits and dashes that starts with a letter',
      ],
    ],
    [
      'of a key that is no label key',
      inFile('name: x, key: a/b/c'),
      ['t.yaml:4:20: topologies[0].levels[0].key: found "a/b/c", want the key of a node label'],
    ],
    [
      'of a bandwidth that is none',
      inFile('name: x, key: x, gigabytesPerSecond: fast'),
      [
        't.yaml:4:43: topologies[0].levels[0].gigabytesPerSecond: found "fast", want a number of gigabytes per second above 0',
      ],
    ],
    [
      'of a bandwidth of 0',
      inFile('name: x, key: x, gigabytesPerSecond: 0'),
      [
        't.yaml:4:43: topologies[0].levels[0].gigabytesPerSecond: found 0, want a number of gigabytes per second above 0',
      ],
    ],
    [
      'of a level name that stands twice',
      inFile('name: x, key: x}\n  - {name: x, key: y'),
      ['t.yaml:5:12: topologies[0].levels[1].name: found "x", want a name that is used once'],
    ],
    [
      'of a label key that stands twice',
      inFile('name: x, key: x}\n  - {name: y, key: x'),
      ['t.yaml:5:20: topologies[0].levels[1].key: found "x", want a label key that is used once'],
    ],
    [
      'of a topology name that stands twice',
      `${inFile('name: x, key: x')}- name: a\n  levels: [{name: x, key: x}]\n`,
      ['t.yaml:5:9: topologies[1].name: found "a", want a name that is used once'],
    ],
    [
      'of a pattern that names an unknown level',
      inFile('name: x, key: x', '  nodes:\n    "n*": {rack: r1}'),
      ['t.yaml:6:12: topologies[0].nodes["n*"].rack: found "rack", want a level: x'],
    ],
    [
      'of a pattern that no node name can match',
      inFile('name: x, key: x', '  nodes:\n    "N[1]": {x: r1}'),
      [
        't.yaml:6:5: topologies[0].nodes["N[1]"]: found "N[1]", want a pattern over node names: lower-case letters, digits, dashes, dots, * and ?',
      ],
    ],
    [
      'of a value that is no label value',
      inFile('name: x, key: x', '  nodes:\n    "n*": {x: a b}'),
      ['t.yaml:6:15: topologies[0].nodes["n*"].x: found "a b", want a label value of 1 to 63 characters'],
    ],
    [
      'of a value that is missing',
      inFile('name: x, key: x', '  nodes:\n    "n*": {x: }'),
      ['t.yaml:6:15: topologies[0].nodes["n*"].x: found null, want a label value of 1 to 63 characters'],
    ],
  ]
  for (const [name, text, words] of cases) test(name, () => expect(told(text)).toEqual(words))

  test('of everything at once, in the order of its lines', () => {
    const errors = told(inFile('name: X, key: x, within: y, z: 1', '  nodes: 3'))
    expect(errors.map((error) => error.split(': ')[0])).toEqual([
      't.yaml:4:12',
      't.yaml:4:31',
      't.yaml:4:34',
      't.yaml:5:10',
    ])
  })
})

group('any text', () => {
  const positions = (text: string): void => {
    const lines = text.split('\n')
    for (const { at } of parseTopologyFile(text).errors) {
      expect(at).not.toBeNull()
      if (at !== null) expect(at.line >= 1 && at.line <= lines.length + 1 && at.column >= 1).toBe(true)
    }
  }
  test('is read without throwing, and every error has a place in it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('topolgies:[]{}-*&!|>"\'#%@, \n\ta1')), maxLength: 80 }),
        positions,
      ),
      fewer,
    )
  })
  test('with the right outline and anything inside, too', () => {
    const anything = fc.jsonValue({ maxDepth: 2 })
    const levels = fc.oneof(anything, fc.array(fc.record({ name: anything, key: anything, within: anything })))
    const file = fc.array(fc.record({ name: anything, levels, nodes: anything }), { maxLength: 3 })
    fc.assert(
      fc.property(file, (topologies) => positions(stringify({ topologies }))),
      fewer,
    )
  })
  test('that nests without end is told', () => {
    expect(told(`topologies: ${'['.repeat(100_000)}`).length).toBeGreaterThan(0)
    expect(told(`topologies: ${'['.repeat(3000)}${']'.repeat(3000)}`).length).toBeGreaterThan(0)
  })
  test('that multiplies through anchors is refused, not unrolled', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x,x]',
      ...'bcdefghij'.split('').map((name, i) => {
        const before = 'abcdefghij'[i]
        return `${name}: &${name} [${Array(10).fill(`*${before}`).join(',')}]`
      }),
    ]
    expect(told(`${bomb.join('\n')}\ntopologies: *j`).length).toBeGreaterThan(0)
  })
})
