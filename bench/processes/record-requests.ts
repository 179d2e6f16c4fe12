/**
 * Preloaded into a process that is measured (`node --import`): every write that it sends, and every watch that it opens,
 * since the last SIGUSR2 goes into the file that ESPALIER_REQUESTS names on every SIGUSR2, one JSON object a line.
 */
import { subscribe } from 'node:diagnostics_channel'
import { renameSync, writeFileSync } from 'node:fs'
import type { SentRequest } from '../operator/sent-requests.ts'

const file = process.env['ESPALIER_REQUESTS']
let sent: SentRequest[] = []

interface Created {
  readonly request: {
    readonly method: string
    readonly path: string
    readonly body: Uint8Array | string | null
    /** Names and values in turn. */
    readonly headers: readonly unknown[]
  }
}

/** '' where it was not sent. */
function headerOf(headers: readonly unknown[], name: string): string {
  const at = headers.findIndex((each, i) => i % 2 === 0 && String(each).toLowerCase() === name)
  return at < 0 ? '' : String(headers[at + 1])
}

subscribe('undici:request:create', (message) => {
  const { method, path, body, headers } = (message as Created).request
  if (method === 'GET' && !path.includes('watch=true')) return
  const text = body === null ? '' : typeof body === 'string' ? body : Buffer.from(body).toString()
  const atMs = performance.timeOrigin + performance.now()
  sent.push({
    atMs,
    method,
    path,
    contentType: headerOf(headers, 'content-type'),
    accept: headerOf(headers, 'accept'),
    body: text,
  })
})

process.on('SIGUSR2', () => {
  if (file === undefined) return
  writeFileSync(`${file}.new`, sent.map((request) => JSON.stringify(request)).join('\n'))
  sent = []
  renameSync(`${file}.new`, file)
})
