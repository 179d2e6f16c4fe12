import { expect, test } from 'vitest'
import { measuredTransport } from '../../kube/measured-transport.ts'
import { type HttpRequest, TransportError } from '../../kube/transport.ts'

const request: HttpRequest = { method: 'POST', path: '/x', deadlineMs: 1 }

/** What is told of one request that ends so. */
async function toldOf(end: number | TransportError): Promise<string[]> {
  const told: string[] = []
  const answer = { headers: {}, body: '', lines: (async function* () {})() }
  const give = <T>(): Promise<T> =>
    typeof end === 'number' ? Promise.resolve({ ...answer, status: end } as T) : Promise.reject(end)
  const transport = measuredTransport({ request: give, stream: give, close: () => Promise.resolve() }, (method, code) =>
    told.push(`${method} ${code}`),
  )
  const outcomes = await Promise.allSettled([transport.request(request), transport.stream(request)])
  expect(outcomes.map(({ status }) => status)).toEqual(
    typeof end === 'number' ? ['fulfilled', 'fulfilled'] : ['rejected', 'rejected'],
  )
  return told
}

test.each([
  [201, '2xx'],
  [401, '401'],
  [418, '4xx'],
  [503, '5xx'],
  [new TransportError('timeout', ''), 'none'],
])('a request that ends with %s is counted as %s, a watch too', async (end, code) => {
  expect(await toldOf(end)).toEqual([`POST ${code}`, `POST ${code}`])
})

test('what its caller gave up is not counted: nothing is wrong', async () => {
  expect(await toldOf(new TransportError('aborted', ''))).toEqual([])
  expect(await toldOf(new TransportError('unsent', ''))).toEqual([])
})
