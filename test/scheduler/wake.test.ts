import { expect, test } from 'vitest'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { isWorthTrying } from '../../scheduler/queue/wake.ts'
import { Desk } from './kept-world.ts'
import { gang, inOne, node, pod, RACK, simpleGang } from './objects.ts'

/** What a refused gang lacked comes back, and it is tried at once: the 60 s round never comes here. */

/** No level of the topology: like the rack, but for who reads labels alone. */
const ROW = 'example.com/row'
const RACKS = { n1: 'r1', n2: 'r1', n3: 'r2', n4: 'r2' } as const

/** Two racks of two nodes of 4 GPUs; the nodes n1 and n3 are tainted, so that ours go to n2 and n4. */
function desk(): Desk {
  const made = new Desk()
  made.cluster.setDeclarations([
    { name: 'default', levels: [{ name: 'rack', key: RACK, within: 'parent' }], nodes: [] },
  ])
  for (const [name, rack] of Object.entries(RACKS)) {
    const taints = name === 'n1' || name === 'n3' ? [{ key: 'k', effect: 'NoSchedule' }] : []
    made.setNode(node(name, { gpus: 4, taints, labels: { [RACK]: rack, [ROW]: rack } }))
  }
  return made
}

function tell(made: Desk, objects: readonly NewObject[]): void {
  for (const object of objects) {
    const { name = '' } = object.metadata
    if (object.kind === 'PodGang') made.setGang({ object, uid: `gang ${name}` })
    else made.setPod(name, object)
  }
}

const placed = (made: Desk): string[] => made.turn(0, 100, () => false).map(([name, at]) => `${name} ${at}`)

/** A running pod that keeps pods of app x out of its row. */
const fence = (name: string, nodeName: string): NewObject => {
  const term = { topologyKey: ROW, labelSelector: { matchLabels: { app: 'x' } } }
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } }
  return pod(name, { schedulerName: 'other', gpus: 0, nodeName, spec: { affinity } })
}

const fenced = (): Desk => {
  const made = desk()
  tell(made, [fence('f1', 'n1'), fence('f3', 'n3'), pod('p', { labels: { app: 'x' } })])
  expect(placed(made)).toEqual([])
  return made
}

test('a pod whose anti-affinity kept a row free ends, on a node that the gang itself cannot use', () => {
  const made = fenced()
  made.cluster.deletePod('f1')
  expect(placed(made)).toEqual(['p n2'])
})

test('a node with such a pod goes to another row', () => {
  const made = fenced()
  made.setNode(
    node('n1', { gpus: 4, taints: [{ key: 'k', effect: 'NoSchedule' }], labels: { [RACK]: 'r1', [ROW]: 'r2' } }),
  )
  expect(placed(made)).toEqual(['p n2'])
})

test('a node with such a pod goes away', () => {
  const made = fenced()
  expect(placed(made)).toEqual([])
  made.cluster.deleteNode('n1')
  expect(placed(made)).toEqual(['p n2'])
})

test('nothing but the declared topology changes', () => {
  const made = desk()
  tell(made, simpleGang('g', 2, 2, { gpus: 4 }, inOne(RACK)))
  for (let turn = 0; turn < 3; turn++) expect(placed(made)).toEqual([])
  const levels = [{ name: 'rack', key: RACK, within: 'parent' }] as const
  made.cluster.setDeclarations([{ name: 'default', levels, nodes: [{ pattern: 'n?', values: { rack: 'p' } }] }])
  expect(placed(made)).toEqual(['g-0 n2', 'g-1 n4'])
})

test('the pod’s own labels change, so that nothing keeps it out', () => {
  const made = fenced()
  tell(made, [pod('p', { labels: { app: 'y' } })])
  expect(placed(made)).toEqual(['p n2'])
})

test('the end of a pod that kept others out wakes only whom it had kept out', () => {
  const made = fenced()
  tell(made, [pod('other', { labels: { app: 'z' }, gpus: 9 })])
  expect(placed(made)).toEqual([])
  const worth = (name: string): boolean => {
    const { situation, refusal } = made.entry(`pod:${name}`)
    return isWorthTrying(made.cluster, situation, refusal!.tried, 0)
  }
  expect([worth('p'), worth('other')]).toEqual([false, false])
  made.cluster.deletePod('f1')
  expect([worth('p'), worth('other')]).toEqual([true, false])
})

/** `base` runs in rack r1, whose usable node is full; `scaled` names it. */
const tied = (): Desk => {
  const made = desk()
  const tie = { sameDomainAs: { podGang: 'base', key: RACK } }
  tell(made, simpleGang('base', 1, 1, { gpus: 4, nodeName: 'n2' }))
  tell(made, simpleGang('scaled', 1, 1, { gpus: 4 }, tie))
  expect(placed(made)).toEqual([])
  return made
}

test('a tied gang whose base is deleted is free to go elsewhere', () => {
  const made = tied()
  made.cluster.deleteGang('gang base')
  expect(placed(made)).toEqual(['scaled-0 n4'])
})

test('a base gang that scaled ones pin is tried again when they name it no longer', () => {
  const made = desk()
  const tie = { sameDomainAs: { podGang: 'base', key: RACK } }
  tell(made, simpleGang('scaled', 1, 1, { gpus: 4, nodeName: 'n2' }, tie))
  tell(made, simpleGang('base', 1, 1, { gpus: 4 }))
  expect(placed(made)).toEqual([])
  tell(made, [gang('scaled', [{ name: 'a', minimum: 1, pods: ['scaled-0'] }])])
  expect(placed(made)).toEqual(['base-0 n4'])
})

test('a gang that others name is tried again when they come to a further domain', () => {
  const made = desk()
  const tie = { sameDomainAs: { podGang: 'base', key: RACK } }
  tell(made, simpleGang('scaled', 2, 2, { gpus: 4, nodeName: 'n2' }, tie).slice(0, 2))
  tell(made, simpleGang('base', 1, 1, { gpus: 4 }, inOne(RACK)))
  expect(placed(made)).toEqual([])
  tell(made, [pod('scaled-1', { gang: 'scaled', group: 'a', index: 1, gpus: 0, nodeName: 'n4' })])
  expect(placed(made)).toEqual(['base-0 n4'])
})
