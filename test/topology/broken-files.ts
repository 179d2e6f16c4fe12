/** Topology files as people get them wrong, each with where and what the report must say of it. */
export interface BrokenFile {
  readonly name: string
  readonly text: string
  /** `line:column` of the first error. */
  readonly at: string
  readonly want: RegExp
}

const levels = (...rows: readonly string[]): string =>
  ['topologies:', '  - name: default', '    levels:', ...rows.map((row) => `      - ${row}`), ''].join('\n')
const RACK = '{name: rack, key: example.com/rack}'
const patterns = (...rows: readonly string[]): string =>
  `${levels(RACK)}    nodes:\n${rows.map((row) => `      ${row}\n`).join('')}`
const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...'bcdefghi'.split('').map((letter, i) => `${letter}: &${letter} [${`*${'abcdefgh'[i]}, `.repeat(9)}]`),
  'topologies: *i',
].join('\n')

export const BROKEN_FILES: readonly BrokenFile[] = [
  { name: 'a list that does not end', text: 'topologies: [', at: '1:14', want: /\]/ },
  { name: 'a tab for indentation', text: 'topologies:\n\t- name: default\n', at: '2:1', want: /[Tt]ab/ },
  { name: 'no topologies at all', text: 'levels: []\n', at: '1:1', want: /topologies/ },
  { name: 'a number for the list', text: 'topologies: 7\n', at: '1:13', want: /found 7, want a list/ },
  { name: 'no levels', text: levels().replace('levels:', 'levels: []'), at: '3:13', want: /at least one level/ },
  { name: 'a misspelled field', text: levels('{name: rack, kye: example.com/rack}'), at: '4:9', want: /key/ },
  { name: 'a level twice', text: levels(RACK, '{name: rack, key: example.com/other}'), at: '5:16', want: /used once/ },
  {
    name: 'a level within another',
    text: levels('{name: rack, key: example.com/rack, within: zone}'),
    at: '4:53',
    want: /"parent" or "cluster"/,
  },
  {
    name: 'a pattern for a level that is none',
    text: patterns('"gb-*": {rak: r1}'),
    at: '6:16',
    want: /a level: rack/,
  },
  {
    name: 'a pattern that is an expression',
    text: patterns('"(a+)+$": {rack: r1}'),
    at: '6:7',
    want: /pattern over node names/,
  },
  { name: 'anchors that multiply', text: bomb, at: '1:1', want: /one of topologies/ },
  { name: 'dashes after dashes', text: `topologies:\n${'- '.repeat(5_000)}x\n`, at: '2:201', want: /nests at most/ },
  {
    name: 'lists in lists in lists',
    text: `topologies: ${'['.repeat(5_000)}`,
    at: '1:113',
    want: /nests at most 100 deep/,
  },
]
