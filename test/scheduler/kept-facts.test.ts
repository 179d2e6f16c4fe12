import { expect, test } from 'vitest'
import type { PodGang } from '../../api/generated/kinds.ts'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { situationOf } from '../../scheduler/gang/situation.ts'
import { inOrder } from '../../scheduler/planner/in-order.ts'
import { ClusterState } from '../../scheduler/state/cluster.ts'
import { gangFacts } from '../../scheduler/state/gang-facts.ts'
import { podFacts, type PodFacts } from '../../scheduler/state/pod-facts.ts'
import { asObject } from './facts.ts'
import { gang, pod, RACK, type PodForm } from './objects.ts'

const MEMBER = { gang: 'g', group: 'a', index: 0 }
const told = (form: PodForm, change: object = {}): PodFacts =>
  podFacts({ ...asObject(pod('p', form), 'p'), ...change } as unknown as Pod)
const facts = (name: string, pack?: Readonly<Record<string, unknown>>) =>
  gangFacts(asObject(gang(name, [{ name: 'a', minimum: 1, pods: ['p'] }], pack), name) as PodGang)

test('a pod waits for a place until something keeps it from one', () => {
  expect(told(MEMBER).isPlaceable).toBe(true)
  expect(told({ ...MEMBER, nodeName: 'n1' }).isPlaceable).toBe(false)
  expect(told({ ...MEMBER, gates: ['example.com/quota'] }).isPlaceable).toBe(false)
  expect(told({ ...MEMBER, spec: { resourceClaims: [{ name: 'c' }] } }).isPlaceable).toBe(false)
  expect(told(MEMBER, { status: { phase: 'Succeeded' } }).isPlaceable).toBe(false)
  expect(told(MEMBER, { metadata: { name: 'p', uid: 'p', deletionTimestamp: 'now' } }).isPlaceable).toBe(false)
})

test('an event from before a binding that was read of does not make its pod wait again', () => {
  const cluster = new ClusterState(['espalier'])
  cluster.setGang(facts('g'))
  cluster.setPod(told({ ...MEMBER, nodeName: 'n1' }))
  cluster.setPod(told(MEMBER))
  const situation = situationOf(cluster, 'default/g', () => false)
  expect(situation?.boundCount).toBe(1)
  expect(situation?.groups[0]?.pending).toEqual([])
})

test('what all pending pods of a group ask for is told only where it is the same', () => {
  const cluster = new ClusterState(['espalier'])
  const names = ['p', 'q']
  cluster.setGang(gangFacts(asObject(gang('g', [{ name: 'a', minimum: 2, pods: names }]), 'g') as PodGang))
  const tell = (gpus: readonly number[]): void =>
    names.forEach((name, index) => {
      cluster.setPod(podFacts(asObject(pod(name, { ...MEMBER, index, gpus: gpus[index] ?? 0 }), name) as Pod))
    })
  const demand = () => situationOf(cluster, 'default/g', () => false)?.groups[0]?.demand
  tell([2, 2])
  expect(demand()?.requests['nvidia.com/gpu']).toBe(2)
  tell([2, 4])
  expect(demand()).toBeNull()
})

test('gangs that ask for the same have one shape, and one key for a gang and its pods', () => {
  const pack = { topologyConstraint: { packConstraint: { required: RACK } } }
  expect(facts('g', pack).shape).toBe(facts('h', pack).shape)
  expect(facts('g', pack).shape).not.toBe(facts('g').shape)
  expect(facts('g', pack).shape.requiringCount).toBe(1)
  expect(facts('g').key).toBe(told(MEMBER).gangKey)
})

test('a list that is in order is given back, another one sorted without a change to it', () => {
  const compare = (a: number, b: number): number => a - b
  const sorted = [1, 2, 2, 3]
  const mixed = [1, 3, 2]
  expect(inOrder(sorted, compare)).toBe(sorted)
  expect(inOrder(mixed, compare)).toEqual([1, 2, 3])
  expect(mixed).toEqual([1, 3, 2])
})
