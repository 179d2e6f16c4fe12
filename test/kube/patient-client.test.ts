import { expect, test } from 'vitest'
import type { Answer, Failure, KubeClient } from '../../kube/client.ts'
import { patientClient } from '../../kube/patient-client.ts'
import { POD_CLIQUES, PODS } from '../../kube/resources.ts'
import { VirtualClock } from '../../sim/clock.ts'

const BUSY: Failure = {
  kind: 'failure',
  status: 429,
  reason: 'TooManyRequests',
  message: 'busy',
  retryable: true,
  retryAfterMs: 2_000,
  outcome: 'refused',
  details: null,
}

/** Answers each write as `answers` says, in order; ok when there is none left. */
function scripted(...answers: Failure[]): { client: KubeClient; sent: string[]; clock: VirtualClock } {
  const sent: string[] = []
  const clock = new VirtualClock()
  const write =
    (verb: string) =>
    (...args: unknown[]): Promise<Answer<never>> => {
      sent.push(`${verb} ${JSON.stringify(args[1])}`)
      return Promise.resolve(answers.shift() ?? { kind: 'ok', value: {} as never })
    }
  const raw = { create: write('create'), mergePatch: write('patch'), delete: write('delete') }
  return { client: patientClient(raw as unknown as KubeClient, clock), sent, clock }
}

const key = { namespace: 'default', name: 'a' }
const retryAfterOf = (answer: Answer<unknown>): number | null =>
  answer.kind === 'failure' ? answer.retryAfterMs : null

test('what was turned away is not sent again before its time, and then it is', async () => {
  const { client, sent, clock } = scripted(BUSY)
  expect(retryAfterOf(await client.mergePatch(PODS, key, {}))).toBe(2_000)
  await clock.runFor(1_500)
  expect(retryAfterOf(await client.mergePatch(PODS, key, { other: 1 }))).toBe(500)
  expect(sent.length).toBe(1)
  await clock.runFor(500)
  expect((await client.mergePatch(PODS, key, {})).kind).toBe('ok')
  expect(sent.length).toBe(2)
})

test('other names, kinds, verbs and subresources are sent meanwhile', async () => {
  const { client, sent } = scripted(BUSY)
  await client.mergePatch(PODS, key, {})
  await client.mergePatch(PODS, { ...key, name: 'b' }, {})
  await client.mergePatch(POD_CLIQUES, key, {})
  await client.mergePatch(PODS, key, {}, { subresource: 'status' })
  await client.delete(PODS, key)
  await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: key })
  expect(sent.length).toBe(6)
})

test('what may have happened, or says nothing of a time, is sent again at once', async () => {
  const { client, sent } = scripted({ ...BUSY, outcome: 'unknown' }, { ...BUSY, retryAfterMs: null })
  for (let times = 0; times < 3; times++) await client.delete(PODS, key)
  expect(sent.length).toBe(3)
})
