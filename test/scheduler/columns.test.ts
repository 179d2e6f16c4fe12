import { expect, test } from 'vitest'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { Desk } from './kept-world.ts'
import { node, pod } from './objects.ts'

/** Anybody can write names of resources and host ports: what they cost has a bound, and ends. */

const asking = (name: string, resource: string): NewObject =>
  pod(name, {
    spec: { containers: [{ name: 'main', image: 'b', resources: { requests: { [resource]: '1' } } }] },
  })
const onPort = (name: string, hostPort: number, nodeName?: string): NewObject =>
  pod(name, {
    ...(nodeName === undefined ? {} : { nodeName }),
    spec: { containers: [{ name: 'main', image: 'b', ports: [{ containerPort: 80, hostPort }] }] },
  })

const columns = ({ cluster }: Desk): number => cluster.nodes.read().resources.length

function desk(nodes: number): Desk {
  const made = new Desk()
  for (let i = 0; i < nodes; i++) made.setNode(node(`n${i}`))
  return made
}

const placed = (made: Desk): string[] => made.turn(0, 1_000, () => false).map(([name, at]) => `${name} ${at}`)

test('of resources that no node has a few are counted, and pods that ask for others pass nowhere', () => {
  const made = desk(3)
  for (let i = 0; i < 500; i++) made.setPod(`p${i}`, asking(`p${i}`, `example.com/r${i}`))
  made.setPod('q', pod('q'))
  expect(placed(made)).toHaveLength(1)
  expect(columns(made)).toBeLessThan(40)
  const { code, message } = made.entry('pod:p499').refusal!.reason
  expect([code, message]).toEqual(['NoFeasibleNode', expect.stringContaining('ResourceMissing: 3')])
  expect(made.entry('pod:p0').refusal?.reason.code).toBe('InsufficientResources')
})

test('a node that comes with such a resource gets the pod that waits for it, and no more of them than it has', () => {
  const made = desk(3)
  for (let i = 0; i < 100; i++) made.setPod(`p${i}`, asking(`p${i}`, `example.com/r${i}`))
  for (const name of ['a', 'b', 'c']) made.setPod(name, asking(name, 'example.com/late'))
  expect(placed(made)).toEqual([])
  const late = node('n9')
  const amounts = { cpu: '64', memory: '256Gi', pods: '110', 'example.com/late': '2' }
  made.setNode({ ...late, status: { allocatable: amounts, capacity: amounts } } as NewObject)
  expect(placed(made)).toEqual(['a n9', 'b n9'])
})

test('host ports that nobody waits for any more are forgotten, and none is given twice', () => {
  const made = desk(1)
  for (let i = 0; i < 100; i++) made.setPod(`p${i}`, onPort(`p${i}`, 10_000 + i))
  expect(placed(made)).toHaveLength(100)
  expect(columns(made)).toBeGreaterThan(100)
  for (let i = 0; i < 100; i++) made.setPod(`p${i}`, onPort(`p${i}`, 10_000 + i, 'n0'))
  made.cluster.forgetUnasked()
  expect(columns(made)).toBeLessThan(10)
  for (const [name, port] of [
    ['again', 10_050],
    ['other', 20_000],
  ] as const)
    made.setPod(name, onPort(name, port))
  expect(placed(made)).toEqual(['other n0'])
})

test('many columns that are asked for stay, and the table with them', () => {
  const made = desk(2)
  for (let i = 0; i < 100; i++) made.setPod(`p${i}`, onPort(`p${i}`, 10_000 + i))
  const before = made.cluster.nodes.read()
  made.cluster.forgetUnasked()
  expect(made.cluster.nodes.read()).toBe(before)
})
