import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseManifests, readManifests } from '../../cli/input.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-input-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const errorsOf = (text: string): string[] => {
  const input = parseManifests('a.yaml', text)
  return input.kind === 'unreadable' ? input.errors : []
}
const kindsOf = (text: string): string[] => {
  const input = parseManifests('a.yaml', text)
  return input.kind === 'read'
    ? input.manifests.map(({ object, at }) => `${object.kind} ${object.metadata.name} ${at}`)
    : []
}

test('several documents are read, each with its position; empty ones are passed over', () => {
  const text =
    '# head\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n---\napiVersion: v1\nkind: Node\nmetadata:\n  name: b\n'
  expect(kindsOf(text)).toEqual(['Pod a a.yaml:3:1', 'Node b a.yaml:8:1'])
})

test('JSON is read, and a List stands for its items', () => {
  const list = { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } }] }
  expect(kindsOf(JSON.stringify(list))).toEqual(['Pod x a.yaml:1:43'])
})

test('a list inside a list, and the items of a typed list, are read where they stand', () => {
  const nested = `apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: List
    items:
      - {apiVersion: v1, kind: Pod, metadata: {name: deep}}
  - apiVersion: v1
    kind: NodeList
    items:
      - metadata: {name: typed}
`
  expect(kindsOf(nested)).toEqual(['Pod deep a.yaml:7:9', 'Node typed a.yaml:11:9'])
})

test('an item that is no object is named by its own position', () => {
  expect(errorsOf('apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: List, items: [3]}\n')).toEqual([
    'a.yaml:4:42: items[0].items[0]: found 3, want an object with apiVersion, kind and metadata',
  ])
})

test('Windows line ends are read like any others', () => {
  expect(kindsOf('apiVersion: v1\r\nkind: Pod\r\nmetadata:\r\n  name: a\r\n---\r\n# nothing\r\n')).toEqual([
    'Pod a a.yaml:1:1',
  ])
})

test('an alias without an anchor before it is named where it stands', () => {
  const text = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: *x\n  labels: {a: *y, b: &y z}\n---\nkind: *z\n'
  const want = (name: string): string => `found *${name}, want an anchor that stands before it: there is no &${name}`
  expect(errorsOf(text)).toEqual([`a.yaml:4:9: ${want('x')}`, `a.yaml:5:15: ${want('y')}`, `a.yaml:7:7: ${want('z')}`])
})

test('an alias with one stands for its value', () => {
  expect(kindsOf('apiVersion: &v v1\nkind: Pod\nmetadata: {name: *v}\n')).toEqual(['Pod v1 a.yaml:1:1'])
})

test('aliases that multiply are refused, not followed', () => {
  const levels = Array.from({ length: 8 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`)
  expect(errorsOf(`l0: &l0 [x,x,x,x,x,x,x,x,x]\n${levels.join('\n')}\n`)[0]).toMatch(/^a\.yaml:1:1: .*alias/)
})

test('a name that is no string is refused with its field', () => {
  expect(errorsOf('apiVersion: v1\nkind: Pod\nmetadata: {name: 5}\n')).toEqual([
    'a.yaml:1:1: metadata.name: found 5, want a string: put it in quotes',
  ])
})

test('a syntax error has file, line and column', () => {
  expect(errorsOf('apiVersion: v1\nkind: Pod\nmetadata: {name: [}\n')[0]).toMatch(/^a\.yaml:3:\d+: /)
  expect(errorsOf('a: 1\n\tb: 2\n')[0]).toMatch(/^a\.yaml:2:\d+: /)
})

test('a doubled key is an error, not the last one winning', () => {
  expect(errorsOf('kind: Pod\napiVersion: v1\nkind: Node\n')[0]).toMatch(/^a\.yaml:3:1: .*unique/)
})

test('what is no object of the API is refused by position and field', () => {
  expect(errorsOf('- 1\n- 2\n')).toEqual(['a.yaml:1:1: found [1,2], want an object with apiVersion, kind and metadata'])
  expect(errorsOf('kind: Pod\n')[0]).toContain('apiVersion: found undefined')
  expect(errorsOf('apiVersion: v1\nkind: List\nitems: [{apiVersion: v1}, 3]\n')).toHaveLength(2)
})

test('a folder is read by name, and a missing file is unreadable', () => {
  writeFileSync(join(folder, 'b.yaml'), 'apiVersion: v1\nkind: Pod\nmetadata: {name: b}\n')
  writeFileSync(join(folder, 'a.json'), '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}')
  writeFileSync(join(folder, 'notes.txt'), 'not: [yaml')
  const input = readManifests([folder])
  expect(input.kind === 'read' && input.manifests.map(({ object }) => object.metadata.name)).toEqual(['a', 'b'])
  const missing = readManifests([join(folder, 'nothing.yaml')])
  expect(missing.kind === 'unreadable' && missing.errors[0]).toMatch(/nothing\.yaml:1:1: ENOENT/)
})
