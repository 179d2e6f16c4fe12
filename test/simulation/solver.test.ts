import { expect, test } from 'vitest'
import type { PodGang } from '../../api/generated/kinds.ts'
import type { Node, Pod } from '../../api/kinds/kubernetes.ts'
import { gang, node, pod, RACK } from '../scheduler/objects.ts'
import { asObject } from '../scheduler/facts.ts'
import { fitsNow, surplusFits } from './solver.ts'

const nodeOf = (name: string, rack: string): Node =>
  asObject(node(name, { gpus: 8, labels: { [RACK]: rack } }), name) as Node
const podOf = (name: string, index: number, on: string | null): Pod => {
  const made = asObject(pod(name, { gang: 'g', group: 'a', index, gpus: 1 }), name) as Pod
  return on === null ? made : { ...made, spec: { ...made.spec, nodeName: on } }
}

/** One pod in rack r1, on a node that takes no pods any more; one that waits; room in r2 only. */
test('a gang belongs where its pods are, also if the node that they are on takes no others', () => {
  const pods = [podOf('p0', 0, 'n1'), podOf('p1', 1, null)]
  const [n1, n2] = [nodeOf('n1', 'r1'), nodeOf('n2', 'r2')]
  const rooms = [{ name: 'n2', node: n2, free: [8, 8, 8] as const }]
  const nodes = new Map([
    ['n1', n1],
    ['n2', n2],
  ])
  const gangOf = (minimum: number): PodGang => {
    const spec = { topologyConstraint: { packConstraint: { required: RACK } } }
    return asObject(gang('g', [{ name: 'a', minimum, pods: ['p0', 'p1'] }], spec), 'g') as PodGang
  }
  expect(fitsNow(gangOf(2), pods, rooms, nodes)).toBe(false)
  expect(surplusFits(gangOf(1), pods[1]!, pods, rooms, nodes)).toBe(false)
  const inSame = new Map([...nodes, ['n1', nodeOf('n1', 'r2')] as const])
  expect(fitsNow(gangOf(2), pods, rooms, inSame)).toBe(true)
  expect(surplusFits(gangOf(1), pods[1]!, pods, rooms, inSame)).toBe(true)
})
