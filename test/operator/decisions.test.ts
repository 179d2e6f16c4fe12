import { expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { afterEnd, waitMs } from '../../operator/decisions/replace.ts'
import { decideScale } from '../../operator/decisions/scale.ts'
import { hashOf } from '../../operator/expansion/hash.ts'

interface Drawn {
  readonly index: number
  readonly node?: boolean
  readonly phase?: 'Pending' | 'Running' | 'Failed'
  readonly ready?: boolean
  readonly hash?: string
  readonly made?: number
  readonly leaving?: boolean
}

const pod = ({
  index,
  node = true,
  phase = 'Running',
  ready = true,
  hash = 'new',
  made = 0,
  leaving = false,
}: Drawn): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `p-${index}`,
    uid: `u-${index}`,
    resourceVersion: '1',
    creationTimestamp: `2026-01-01T00:00:0${made}Z`,
    labels: { 'grove.io/podclique-pod-index': String(index), 'grove.io/pod-template-hash': hash },
    ...(leaving ? { deletionTimestamp: '2026-01-01T00:01:00Z' } : {}),
  },
  spec: { containers: [], ...(node ? { nodeName: 'n' } : {}) },
  status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})

const goes = (pods: readonly Drawn[], replicas: number): string[] =>
  decideScale(pods.map(pod), replicas, 'new').surplus.map(({ metadata }) => metadata.name)

test('too many pods: without a node first, then pending, not ready, of an old template, the newest', () => {
  const pods: Drawn[] = [
    { index: 0, made: 1 },
    { index: 1, made: 2 },
    { index: 2, hash: 'old' },
    { index: 3, ready: false },
    { index: 4, phase: 'Pending', ready: false },
    { index: 5, node: false, phase: 'Pending', ready: false },
  ]
  expect(goes(pods, 0)).toEqual(['p-5', 'p-4', 'p-3', 'p-2', 'p-1', 'p-0'])
  expect(goes(pods, 4)).toEqual(['p-5', 'p-4'])
})

test('of pods made in one second the highest index goes', () => {
  const pods: Drawn[] = [{ index: 9 }, { index: 10 }, { index: 2 }]
  expect(goes(pods, 1)).toEqual(['p-10', 'p-9'])
})

test('a pod that is leaving is not chosen again, and its place is taken at once', () => {
  const pods: Drawn[] = [{ index: 0, leaving: true }, { index: 1 }, { index: 3 }]
  expect(goes(pods, 2)).toEqual([])
  expect(decideScale(pods.map(pod), 4, 'new').create).toEqual([0, 2])
})

test('a failed pod counts as none, and goes', () => {
  const { create, surplus, finished } = decideScale(
    [{ index: 0, phase: 'Failed' as const }, { index: 1 }].map(pod),
    2,
    'new',
  )
  expect([create, surplus, finished.map(({ metadata }) => metadata.name)]).toEqual([[0], [], ['p-0']])
})

test('pods that keep ending are replaced later and later, up to five minutes', () => {
  let ends = afterEnd(undefined, 0)
  expect(waitMs(undefined, 0)).toBe(0)
  const waits = [waitMs(ends, 0)]
  for (let i = 0; i < 10; i++) {
    ends = afterEnd(ends, 1)
    waits.push(waitMs(ends, 1))
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1_000))
  expect(afterEnd(ends, 700_000).count).toBe(1)
})

test('a hash is the same for the same content, whatever the order of keys, and never changes with a release', () => {
  expect(hashOf({ b: [1, 'x'], a: null })).toBe(hashOf({ b: [1, 'x'] }))
  expect(hashOf([{ podSpec: { containers: [] } }])).not.toBe(hashOf([{ podSpec: {} }]))
  expect(hashOf({ labels: { ü: '€' }, podSpec: { containers: [{ name: 'main', image: 'x' }] } })).toMatchInlineSnapshot(
    `"f65659744cc4d86fbc8"`,
  )
  expect(hashOf({ a: 1 })).toBe('5569d9d444b48ccc4d45')
})
