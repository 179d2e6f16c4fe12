/**
 * The bare loop that operator and scheduler are held against: the writes that they sent, prepared beforehand, in the same
 * order over one keep-alive pool, with their watches open beside it. Arguments: `KUBECONFIG CONCURRENCY`; a Replay and
 * the uid of the set on standard input. Prints `{count, beganMs, cpuMs}` on a line: when it began, in milliseconds since 1970,
 * and what the loop cost this process. Its watches stay open until it is ended.
 */
import { strict as assert } from 'node:assert'
import { json } from 'node:stream/consumers'
import { Pool } from 'undici'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { loadConfig } from '../../kube/config.ts'
import { type BareWatch, type BareWrite, filledIn, type Replay } from '../operator/replay.ts'

const [kubeconfig = '', width = '64'] = process.argv.slice(2)
const { writes, watches, set, uid } = (await json(process.stdin)) as Replay & { set: string; uid: string }
const config = await loadConfig({ kubeconfig })
const { headers, tls } = await config.credentials()
const origin = new URL(config.server).origin
const CONNECT_MS = 60_000
const connect = { ...tls, timeout: CONNECT_MS }
const pool = new Pool(origin, { connections: Number(width), pipelining: 1, connect })
const streams = new Pool(origin, { connect, bodyTimeout: 0 })

/** The bytes of a watch are read and dropped. */
async function open({ path, accept }: BareWatch): Promise<void> {
  const { body, statusCode } = await streams.request({ path, method: 'GET', headers: { ...headers, accept } })
  assert.ok(statusCode < 300, `${path}: ${statusCode}`)
  void body.dump({ limit: Number.MAX_SAFE_INTEGER }).catch(() => {})
}
await Promise.all(watches.map(open))

const uids = new Map([[set, uid]])
/** The last write to each object that was begun. */
const chains = new Map<string, Promise<void>>()
const made = new Map<string, Promise<void>>()

async function send(write: BareWrite): Promise<void> {
  const body = filledIn(write, (object) => uids.get(object) ?? '')
  const sent = { ...headers, 'content-type': write.contentType, accept: 'application/json' }
  const { method, path } = write
  const answer = await pool.request({ path, method: method as 'POST', headers: sent, body })
  const text = await answer.body.text()
  assert.ok(answer.statusCode < 300, `${method} ${path}: ${text}`)
  if (write.isCreate) uids.set(write.object, (JSON.parse(text) as KubeObject).metadata.uid)
}

let next = 0
async function lane(): Promise<void> {
  while (next < writes.length) {
    const write = writes[next++]!
    const before = [chains.get(write.object), ...write.needs.map((object) => made.get(object))].filter(
      (sending) => sending !== undefined,
    )
    const sending = Promise.all(before).then(() => send(write))
    chains.set(write.object, sending)
    if (write.isCreate) made.set(write.object, sending)
    await sending
  }
}

const beganMs = performance.timeOrigin + performance.now()
const before = process.cpuUsage()
await Promise.all(Array.from({ length: Number(width) }, lane))
const { user, system } = process.cpuUsage(before)
const cpuMs = Math.round((user + system) / 1_000)
process.stdout.write(`${JSON.stringify({ count: writes.length, beganMs, cpuMs })}\n`)
await pool.destroy()
