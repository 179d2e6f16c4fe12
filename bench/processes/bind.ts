/**
 * The bare loop that a scheduler's binding is held against: bodies that were serialised beforehand, POSTed over one
 * keep-alive pool, with the scheduler's watches open beside them. Arguments: `KUBECONFIG CONCURRENCY WATCH…`; on standard
 * input a line `path<TAB>body` a binding. Prints `{count, ms, cpuMs}`.
 */
import { strict as assert } from 'node:assert'
import { text } from 'node:stream/consumers'
import { type Dispatcher, Pool } from 'undici'
import { loadConfig } from '../../kube/config.ts'
import { PROTOBUF } from '../../kube/protobuf/watch-events.ts'

const [kubeconfig = '', width = '64', ...watches] = process.argv.slice(2)
const config = await loadConfig({ kubeconfig })
const { headers, tls } = await config.credentials()
const origin = new URL(config.server).origin
/** 256 handshakes at once take their time on a busy machine. */
const CONNECT_MS = 60_000
const connect = { ...tls, timeout: CONNECT_MS }
const pool = new Pool(origin, { connections: Number(width), pipelining: 1, connect })
const streams = new Pool(origin, { connect, bodyTimeout: 0 })

const bindings = (await text(process.stdin))
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => line.split('\t') as [path: string, body: string])

const handler = (done: (code: number) => void): Dispatcher.DispatchHandler => {
  let code = 0
  return {
    onRequestStart() {},
    onResponseStart(_controller, statusCode) {
      code = statusCode
    },
    onResponseData() {},
    onResponseEnd: () => done(code),
    onResponseError: () => done(0),
  }
}

/** The bytes of a watch are read and dropped. */
for (const path of watches) {
  streams.dispatch(
    { path, method: 'GET', headers: { ...headers, accept: `${PROTOBUF},application/json` } },
    handler(() => {}),
  )
}

function post([path, body]: [string, string]): Promise<number> {
  const sent = { ...headers, 'content-type': 'application/json', accept: 'application/json' }
  return new Promise((done) => void pool.dispatch({ path, method: 'POST', headers: sent, body }, handler(done)))
}

const cpu = process.cpuUsage()
const beganMs = performance.now()
let next = 0
async function lane(): Promise<void> {
  while (next < bindings.length) assert.equal(await post(bindings[next++]!), 201)
}
await Promise.all(Array.from({ length: Number(width) }, lane))
const ms = performance.now() - beganMs
const { user, system } = process.cpuUsage(cpu)
process.stdout.write(`${JSON.stringify({ count: bindings.length, ms, cpuMs: (user + system) / 1_000 })}\n`)
await Promise.all([pool.destroy(), streams.destroy()])
