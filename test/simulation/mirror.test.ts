import { expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { Mirror } from './mirror.ts'

const pod = (name: string, uid: string, resourceVersion = '1'): Pod =>
  ({ metadata: { name, uid, resourceVersion }, spec: {} }) as unknown as Pod

test('whoever reads another pod under the name knows that the one before is gone', () => {
  const mirror = new Mirror(() => 7)
  mirror.hear('pods', pod('a', 'u1'), false)
  mirror.hear('pods', pod('b', 'u2'), false)
  mirror.hearRead('pods', pod('a', 'u3'))
  expect([...mirror.pods.keys()]).toEqual(['u2', 'u3'])
  expect([...mirror.gone]).toEqual(['u1'])
  mirror.hearRead('pods', pod('b', 'u2'))
  expect(mirror.gone.has('u2')).toBe(false)
})

test('what a process was handed before it was elected anew tells it nothing', () => {
  const mirror = new Mirror(() => 7)
  mirror.hand(() => mirror.hear('pods', pod('a', 'u1'), false))
  mirror.forgetPast()
  mirror.hand(() => mirror.hear('pods', pod('b', 'u2'), false))
  mirror.taken()
  expect([...mirror.pods.keys()]).toEqual(['u2'])
})

test('a pod that is gone stays so for whoever was told, and may be listed by a server that lags after an election', () => {
  const mirror = new Mirror(() => 7)
  const listed = (): void => mirror.hearListed('pods', [pod('a', 'u1')], '1')
  listed()
  mirror.hear('pods', pod('a', 'u1'), true)
  listed()
  expect([...mirror.pods.keys()]).toEqual([])
  mirror.forgetPast()
  listed()
  expect([...mirror.pods.keys()]).toEqual(['u1'])
})

test('a list takes nothing away of which a read has told that it came later', () => {
  const mirror = new Mirror(() => 7)
  mirror.hearRead('pods', pod('a', 'u1', '5'))
  mirror.hearListed('pods', [], '4')
  expect([...mirror.pods.keys()]).toEqual(['u1'])
  mirror.hearListed('pods', [], '6')
  expect([...mirror.gone]).toEqual(['u1'])
})
