import { expect, test } from 'vitest'
import type { Node, Pod } from '../../api/kinds/kubernetes.ts'
import { drawRacks } from '../../cli/rack-drawing.ts'

const meta = (name: string, labels: Record<string, string>): Node['metadata'] => ({
  name,
  labels,
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
})

const node = (name: string, block: string, rack: string): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: meta(name, {
    'fabric.topograph.run/tier-2': block,
    'fabric.topograph.run/tier-1': rack,
    'nvidia.com/gpu.clique': `c-${rack}`,
  }),
  status: { allocatable: { 'nvidia.com/gpu': '4' } },
})

const pod = (name: string, clique: string, gpus: number, on: string | null, ready: boolean): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: meta(name, { 'grove.io/podclique': clique }),
  spec: {
    containers: [{ name: 'main', resources: gpus > 0 ? { requests: { 'nvidia.com/gpu': String(gpus) } } : {} }],
    ...(on !== null && { nodeName: on }),
  },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})

const nodes = [node('n3', 'b1', 'r2'), node('n1', 'b1', 'r1'), node('n2', 'b1', 'r1')]
const pods = [
  pod('w-0', 'work', 2, 'n1', true),
  pod('w-1', 'work', 1, 'n2', false),
  pod('f-0', 'front', 0, 'n2', true),
  pod('w-2', 'work', 4, null, false),
]

test('racks stand under their block, a letter a GPU, lower case until the pod is Ready', () => {
  expect(drawRacks(nodes, pods, { isColoured: false, columns: 80 })).toEqual([
    'b1',
    '  r1    3/8 GPUs  nvlink c-r1',
    "    BB··  b···'",
    '  r2    0/4 GPUs  nvlink c-r2',
    '    ···· ',
    '',
    '  A  front  1/1 ready',
    '  B  work  1/3 ready, 1 waiting for a node',
  ])
})

test('a narrow terminal breaks a rack into lines', () => {
  const drawn = drawRacks(nodes, [], { isColoured: false, columns: 12 })
  expect(drawn.filter((line) => line.includes('····'))).toHaveLength(3)
})

test('colours change no character of the picture', () => {
  const plain = drawRacks(nodes, pods, { isColoured: false, columns: 80 })
  const coloured = drawRacks(nodes, pods, { isColoured: true, columns: 80 })
  // oxlint-disable-next-line no-control-regex -- the escape is what is removed
  expect(coloured.map((line) => line.replace(/\u001b\[\d+m/g, ''))).toEqual(plain)
  expect(coloured).not.toEqual(plain)
})
