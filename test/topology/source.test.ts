import { describe, expect, test } from 'vitest'
import type { ClusterTopologyBinding } from '../../api/generated/kinds.ts'
import { sentenceOf } from '../../api/field-error.ts'
import { TopologySource } from '../../topology/index.ts'
import { BROKEN_FILES } from './broken-files.ts'

const file = (name: string): string => `topologies:\n  - name: ${name}\n    levels:\n      - {name: rack, key: rack}\n`
const binding = (name: string): ClusterTopologyBinding =>
  ({
    apiVersion: 'grove.io/v1alpha1',
    kind: 'ClusterTopologyBinding',
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '' },
    spec: { levels: [{ domain: 'nvlink', key: 'nvidia.com/gpu.clique' }] },
  }) as ClusterTopologyBinding
const names = (source: TopologySource): string[] => source.inForce().map(({ name }) => name)

test('an edit that does not parse leaves the last good topology in force and is reported where it is wrong', () => {
  const source = new TopologySource()
  expect(source.setFile(file('first'))).toEqual([])
  const before = source.version
  expect(source.setFile('topologies:\n  - name: second\n    levels: 7\n')).not.toEqual([])
  expect(names(source)).toEqual(['first'])
  expect(source.version).toBe(before)
  expect(source.reports()).toMatchObject([{ source: 'topology.yaml', errors: [{ at: { line: 3 } }] }])
})

describe('a broken file', () => {
  test.each(BROKEN_FILES)('$name: told where it is, the last good one in force', ({ text, at, want }) => {
    const source = new TopologySource()
    source.setFile(file('first'))
    const [error] = source.setFile(text)
    expect([`${error?.at?.line}:${error?.at?.column}`, sentenceOf(error!)]).toEqual([at, expect.stringMatching(want)])
    expect(names(source)).toEqual(['first'])
    expect(source.reports()[0]?.errors[0]).toEqual(error)
  })

  test('as the first one leaves nothing in force, so that labels decide', () => {
    const source = new TopologySource()
    source.setFile(BROKEN_FILES[0]!.text)
    expect(source.inForce()).toEqual([])
  })
})

test('a good edit after a bad one takes over and clears the report', () => {
  const source = new TopologySource()
  source.setFile('topologies: 7')
  source.setFile(file('second'))
  expect(names(source)).toEqual(['second'])
  expect(source.reports()).toEqual([])
})

test('a file that is gone takes its topologies with it; bindings stand beside it', () => {
  const source = new TopologySource()
  source.setFile(file('zeta'))
  source.setBindings([binding('beta')])
  expect(names(source)).toEqual(['beta', 'zeta'])
  source.setFile(null)
  expect(names(source)).toEqual(['beta'])
  expect(source.inForce()[0]!.levels).toEqual([{ name: 'nvlink', key: 'nvidia.com/gpu.clique', within: 'cluster' }])
})

test('a binding with the name of a topology in the file is set aside, and said so', () => {
  const source = new TopologySource()
  source.setFile(file('same'))
  source.setBindings([binding('same')])
  expect(source.inForce()).toMatchObject([{ name: 'same', levels: [{ name: 'rack' }] }])
  expect(source.reports()).toMatchObject([{ source: 'same', errors: [{ path: ['metadata', 'name'] }] }])
})
