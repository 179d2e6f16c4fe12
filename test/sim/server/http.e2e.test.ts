import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openServer } from '../../../kube/config.ts'
import { httpTransport } from '../../../kube/http-transport.ts'
import { realClock } from '../../../kube/clock.ts'
import { seededRandom } from '../../../kube/random.ts'
import type { Transport } from '../../../kube/transport.ts'
import { type ApiServer, createApiServer } from '../../../sim/server/api-server.ts'
import type { Listening } from '../../../sim/server/http.ts'
import { configMap, CONFIG_MAPS } from './asking.ts'

let server: ApiServer
let listening: Listening
let client: Transport

beforeAll(async () => {
  server = createApiServer({ clock: realClock, random: seededRandom(1), watchBufferEvents: 50 })
  listening = await server.listen({ port: 0 })
  client = httpTransport(openServer(listening.url))
})
afterAll(async () => {
  await client.close()
  server.stop()
  await listening.close()
})

const post = async (name: string, size: number): Promise<number> => {
  const body = JSON.stringify(configMap(name, { a: 'x'.repeat(size) }))
  const headers = { 'content-type': 'application/json' }
  return (await client.request({ method: 'POST', path: CONFIG_MAPS, headers, body, deadlineMs: 30_000 })).status
}

test('a body of 10 MB is refused with 413 and the next request is answered', async () => {
  const refused = await fetch(`${listening.url}${CONFIG_MAPS}`, { method: 'POST', body: 'x'.repeat(10_000_000) }).catch(
    () => null,
  )
  // A sender that is still sending may see the connection close before it sees the answer.
  expect(refused === null ? 413 : refused.status).toBe(413)
  expect(await post('after', 1)).toBe(201)
})

test('watchers that never read are cut, and one that reads hears every change', async () => {
  const idle = Array.from({ length: 50 }, () => {
    const socket = connect(listening.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`GET ${CONFIG_MAPS}?watch=true&resourceVersion=0 HTTP/1.1\r\nhost: x\r\n\r\n`)
    return { socket, closed: new Promise((resolve) => socket.on('close', resolve)) }
  })
  const gone = new AbortController()
  const stream = await client.stream({
    method: 'GET',
    path: `${CONFIG_MAPS}?watch=true`,
    deadlineMs: 30_000,
    signal: gone.signal,
  })
  const heard: string[] = []
  const reading = (async () => {
    for await (const line of stream.lines) {
      heard.push((JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name)
      if (heard.at(-1) === 'w119') break
    }
  })()
  for (let i = 0; i < 120; i++) expect(await post(`w${i}`, 100_000)).toBe(201)
  await reading
  expect(heard.filter((name) => name.startsWith('w'))).toHaveLength(120)
  // All 50 are gone; the one that read may still be open.
  expect(server.dropWatches(() => true)).toBeLessThanOrEqual(1)
  gone.abort()
  for (const { socket } of idle) socket.destroy()
  await Promise.all(idle.map(({ closed }) => closed))
  expect(await post('end', 1)).toBe(201)
})
