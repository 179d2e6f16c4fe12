/** A thousand watchers that take nothing: the server goes on serving, and its memory stays within bounds. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openServer } from '../../../kube/config.ts'
import { httpTransport } from '../../../kube/http-transport.ts'
import type { Transport } from '../../../kube/transport.ts'
import { configMap, CONFIG_MAPS } from './asking.ts'

const WATCHERS = 1_000
const CHANGES = 300
const CHANGE_BYTES = 10_000
/**
 * One batch of 64 kB waits at each watcher, as text here and as bytes below it, and the changes themselves are kept once.
 * Without a limit it would be watchers × changes × size: 3 GB.
 */
const GROWTH_MAX_BYTES = 500e6

let child: ChildProcess
let url: URL
let client: Transport
const sockets: Socket[] = []

beforeAll(async () => {
  const file = join(import.meta.dirname, '../../../bench/processes/server.ts')
  child = spawn(process.execPath, [file, '1'], { stdio: ['pipe', 'pipe', 'inherit'] })
  if (child.stdout === null) throw new Error('no pipe')
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  url = new URL(line)
  client = httpTransport(openServer(line))
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  await client.close()
  child.stdin?.end()
  await once(child, 'exit')
})

const residentBytes = (): number => {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1_024
}

async function post(name: string): Promise<number> {
  const body = JSON.stringify(configMap(name, { a: 'x'.repeat(CHANGE_BYTES) }))
  const headers = { 'content-type': 'application/json' }
  return (await client.request({ method: 'POST', path: CONFIG_MAPS, headers, body, deadlineMs: 60_000 })).status
}

async function watchWithoutReading(): Promise<void> {
  const socket = connect(Number(url.port), '127.0.0.1').on('error', () => {})
  sockets.push(socket)
  await once(socket, 'connect')
  socket.write(`GET ${CONFIG_MAPS}?watch=true&resourceVersion=0 HTTP/1.1\r\nhost: x\r\n\r\n`)
  await once(socket, 'readable') // the head: the watch is there, and nothing is ever read
}

test.skipIf(process.platform !== 'linux')(
  'a thousand watchers that never read bound neither memory nor service',
  async () => {
    await post('first')
    await Promise.all(Array.from({ length: WATCHERS }, watchWithoutReading))
    const before = residentBytes()
    for (let i = 0; i < CHANGES; i += 10) {
      const codes = await Promise.all(Array.from({ length: 10 }, (_, k) => post(`c${i + k}`)))
      expect(codes).toEqual(codes.map(() => 201))
    }
    const answer = await client.request({ method: 'GET', path: `${CONFIG_MAPS}?limit=1`, deadlineMs: 30_000 })
    expect(answer.status).toBe(200)
    expect(residentBytes() - before).toBeLessThan(GROWTH_MAX_BYTES)
  },
)
