import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { Answer, Failure, KubeClient } from '../../kube/client.ts'
import { POD_GANGS } from '../../kube/resources.ts'
import { Store } from '../../operator/store.ts'
import type { View } from '../../operator/view.ts'
import { Writer } from '../../operator/writer.ts'
import { VirtualClock } from '../../sim/clock.ts'

const gang: KubeObject = {
  apiVersion: 'scheduler.grove.io/v1alpha1',
  kind: 'PodGang',
  metadata: { name: 'g', namespace: 'default', uid: 'u1', resourceVersion: '7', creationTimestamp: '' },
}

const refused = (status: number, reason: string): Failure => ({
  kind: 'failure',
  status,
  reason,
  message: reason,
  retryable: false,
  retryAfterMs: null,
  outcome: 'refused',
  details: null,
})

/** A gang that is known, whose deletion and the read after it are answered so. */
async function deleting(deleted: Failure, read: Answer<KubeObject>) {
  const store = new Store<KubeObject>(POD_GANGS, (raw) => raw)
  store.apply({ kind: 'added', object: gang, before: null })
  const told: string[] = []
  const view = { wrote: () => {}, changed: (_: unknown, { metadata }: KubeObject) => told.push(metadata.name) }
  const client = { delete: () => Promise.resolve(deleted), get: () => Promise.resolve(read) }
  const writer = new Writer({
    client: client as unknown as KubeClient,
    clock: new VirtualClock(),
    view: view as unknown as View,
  })
  const outcome = await writer.delete(store, gang).catch((error: unknown) => String(error))
  return { outcome, told, isKnown: store.get('default', 'g') !== undefined }
}

test('a delete that is answered with a conflict, of an object that is there as it was, has failed and is to be tried again', async () => {
  const { outcome, told, isKnown } = await deleting(refused(409, 'Conflict'), { kind: 'ok', value: gang })
  expect(outcome).toContain('Conflict')
  expect(told).toEqual(['g'])
  expect(isKnown).toBe(true)
})

test('one whose name another object has by now is gone', async () => {
  const other = { ...gang, metadata: { ...gang.metadata, uid: 'u2' } }
  const { outcome, isKnown } = await deleting(refused(409, 'Conflict'), { kind: 'ok', value: other })
  expect(outcome).toBe(false)
  expect(isKnown).toBe(false)
})

test('and so is one that is not there', async () => {
  const { outcome, isKnown } = await deleting(refused(404, 'NotFound'), refused(404, 'NotFound'))
  expect(outcome).toBe(false)
  expect(isKnown).toBe(false)
})
