import { beforeEach, expect, test } from 'vitest'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { KubeClient } from '../../kube/client.ts'
import { silentLog } from '../../kube/log.ts'
import { PODS, SECRETS } from '../../kube/resources.ts'
import { seededRandom } from '../../kube/random.ts'
import { Store } from '../../operator/store.ts'
import { View } from '../../operator/view.ts'
import { Writer } from '../../operator/writer.ts'
import { observeWorld } from '../../operator/world.ts'
import { VirtualClock } from '../../sim/clock.ts'
import { createCluster } from '../../sim/cluster.ts'

const pod = (name: string, version: number, extra: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'n',
    uid: `uid-${name}`,
    resourceVersion: String(version),
    creationTimestamp: '',
    ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: 'owner', controller: true }],
    ...extra,
  },
})
const seen = (store: Store<KubeObject>): string[] =>
  store
    .owned('owner')
    .map(
      ({ metadata }) => `${metadata.name}@${metadata.resourceVersion}${metadata.deletionTimestamp ? ' leaving' : ''}`,
    )

let store: Store<KubeObject>
beforeEach(() => {
  store = new Store(PODS, (raw) => raw)
})

test('a write of ours is there before any watch tells of it, and a late watch does not undo it', () => {
  store.wrote(pod('a', 9), 0)
  expect(seen(store)).toEqual(['a@9'])
  store.apply({ kind: 'added', object: pod('a', 8), before: null })
  expect(seen(store)).toEqual(['a@9'])
  store.apply({ kind: 'updated', object: pod('a', 10), before: pod('a', 8) })
  expect([seen(store), store.hasUnseen]).toEqual([['a@10'], false])
})

test('a pod that we deleted is leaving at once, whatever late news says', () => {
  store.apply({ kind: 'added', object: pod('a', 1), before: null })
  store.deleting('uid-a', '2026-01-01T00:00:00Z')
  expect(seen(store)).toEqual(['a@1 leaving'])
  store.apply({ kind: 'updated', object: pod('a', 2), before: pod('a', 1) })
  expect(seen(store)).toEqual(['a@2 leaving'])
  store.apply({ kind: 'deleted', object: pod('a', 3), before: pod('a', 2) })
  expect(seen(store)).toEqual([])
})

test('a delete that came to nothing is taken back, unless the cluster tells of another', () => {
  store.apply({ kind: 'added', object: pod('a', 1), before: null })
  const takeBack = store.deleting('uid-a', '2026-01-01T00:00:00Z')
  store.apply({ kind: 'updated', object: pod('a', 2), before: pod('a', 1) })
  takeBack()
  expect(seen(store)).toEqual(['a@2'])
  const takeSecondBack = store.deleting('uid-a', '2026-01-01T00:00:00Z')
  const gone = pod('a', 3, { deletionTimestamp: '2026-01-01T00:00:00Z' })
  store.apply({ kind: 'updated', object: gone, before: pod('a', 2) })
  takeSecondBack()
  expect(seen(store)).toEqual(['a@3 leaving'])
})

test('a delete that came to nothing wakes whoever took the object for one that goes', async () => {
  const [clock, random] = [new VirtualClock(), seededRandom(1)]
  const { client } = createCluster({ clock, random, nodes: [] })
  const view = new View({ client, clock, random, log: silentLog })
  const observed = view.observe(PODS)
  const told: string[] = []
  const standing = ({ metadata }: KubeObject): string => (metadata.deletionTimestamp === undefined ? 'stays' : 'goes')
  view.listen(PODS, '', '', (object, last) => told.push(`${last === null ? '' : standing(last)}, ${standing(object)}`))
  observed.apply({ kind: 'added', object: pod('a', 1), before: null })
  const refusal = { kind: 'failure', status: 500, reason: 'InternalError', message: '', outcome: 'refused' } as const
  const refusing = { delete: () => Promise.resolve(refusal) } as unknown as KubeClient
  const writer = new Writer({ client: refusing, clock, view })
  await expect(writer.delete(observed, pod('a', 1))).rejects.toThrow('InternalError')
  expect(told).toEqual(['goes, stays'])
})

test('a pod that was replaced under its name is gone, though not yet for the watch', async () => {
  const [clock, random] = [new VirtualClock(), seededRandom(1)]
  const { client } = createCluster({ clock, random, nodes: [] })
  const view = new View({ client, clock, random, log: silentLog })
  const observed = view.observe(PODS)
  observed.apply({ kind: 'added', object: pod('a', 1), before: null })
  const conflict = { kind: 'failure', status: 409, reason: 'Conflict', message: '', outcome: 'refused' } as const
  const replaced = {
    delete: () => Promise.resolve(conflict),
    get: () => Promise.resolve({ kind: 'ok', value: pod('a', 9, { uid: 'second' }) }),
  } as unknown as KubeClient
  const writer = new Writer({ client: replaced, clock, view })
  expect(await writer.delete(observed, pod('a', 1), 'as-seen')).toBe(false)
  expect([seen(observed), observed.isBehind('owner')]).toEqual([[], true])
})

test('an answer that comes after the end of its object brings nothing back', () => {
  store.apply({ kind: 'added', object: pod('a', 1), before: null })
  store.apply({ kind: 'deleted', object: pod('a', 2), before: pod('a', 1) })
  store.wrote(pod('a', 1), 0)
  expect(seen(store)).toEqual([])
})

test('an object made again under one name is another one', () => {
  store.apply({ kind: 'added', object: pod('a', 1), before: null })
  store.apply({ kind: 'added', object: pod('a', 5, { uid: 'second' }), before: null })
  store.apply({ kind: 'deleted', object: pod('a', 4), before: pod('a', 1) })
  expect(store.get('n', 'a')?.metadata.uid).toBe('second')
  expect(seen(store)).toEqual(['a@5'])
})

test('what the watch itself takes back is taken back', () => {
  store.apply({ kind: 'added', object: pod('a', 9), before: null })
  store.apply({ kind: 'updated', object: pod('a', 3), before: pod('a', 9) })
  expect(seen(store)).toEqual(['a@3'])
})

test('a write that no watch tells of is asked about after a while', () => {
  store.wrote(pod('a', 1), 100)
  expect(store.unseenSince(5_000, 10_000)).toEqual([])
  expect(store.unseenSince(10_100, 10_000)).toHaveLength(1)
  store.looked('uid-a', null)
  expect(store.hasUnseen).toBe(false)
})

test('of a Secret nothing is kept but that it is there', () => {
  const [clock, random] = [new VirtualClock(), seededRandom(1)]
  const { client } = createCluster({ clock, random, nodes: [] })
  const world = observeWorld(new View({ client, clock, random, log: silentLog }))
  const secret = { ...pod('s', 1), kind: 'Secret', type: 'Opaque', data: { token: 'eA==' } }
  expect(world.supporting.get(SECRETS)?.project(secret)).toEqual({ ...pod('s', 1), kind: 'Secret', type: 'Opaque' })
})

test('what an answer has shown to be gone is not brought back by what a watch that is behind tells of it', () => {
  store.apply({ kind: 'added', object: pod('a', 1), before: null })
  store.forget('uid-a')
  store.apply({ kind: 'updated', object: pod('a', 2), before: pod('a', 1) })
  expect(seen(store)).toEqual([])
  store.apply({ kind: 'deleted', object: pod('a', 3), before: pod('a', 2) })
  store.apply({ kind: 'added', object: pod('a', 4, { uid: 'another' }), before: null })
  expect(seen(store)).toEqual(['a@4'])
})

test('one that left a watch’s selection and comes back to it is there again', () => {
  store.apply({ kind: 'added', object: pod('a', 1), before: null })
  store.apply({ kind: 'deleted', object: pod('a', 2), before: pod('a', 1) })
  store.apply({ kind: 'added', object: pod('a', 3), before: null })
  expect(seen(store)).toEqual(['a@3'])
})
