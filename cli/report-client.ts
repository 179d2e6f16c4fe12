/** Finds the report service of a running scheduler and asks it. Reads only; every request ends by itself. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import type { Problem } from '../api/http/reports.ts'
import type { Explanation } from '../api/explanation.ts'
import { realClock, sleep } from '../kube/clock.ts'
import { type Io, messageOf, Refused } from './command.ts'

/** Beside the kubeconfig that `espalier up` writes. */
export const REPORT_URL_FILE: string = join('.espalier', 'report-url')
const DEFAULT_URL = 'http://127.0.0.1:8090'

export interface ReportSource {
  readonly url: URL
  /** Where the address was found, for who gets no answer from it. */
  readonly from: string
}

export function reportUrl(flag: string | null, io: Pick<Io, 'env' | 'cwd'>): ReportSource {
  const variable = io.env['ESPALIER_REPORT_URL']
  if (flag !== null) return sourceOf(flag, '--report-url')
  if (variable !== undefined && variable !== '') return sourceOf(variable, '$ESPALIER_REPORT_URL')
  const file = join(io.cwd, REPORT_URL_FILE)
  const written = readIfThere(file)
  return written === null ? sourceOf(DEFAULT_URL, 'the default') : sourceOf(written.trim(), REPORT_URL_FILE)
}

function sourceOf(text: string, from: string): ReportSource {
  try {
    return { url: new URL(text), from }
  } catch {
    throw new Refused(`${from}: found "${text}", want a URL such as ${DEFAULT_URL}`, 2)
  }
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

export type ReportAnswer =
  | Readonly<{ kind: 'explained'; explanation: Explanation }>
  | Readonly<{ kind: 'unknown'; known: readonly string[] }>
  | Readonly<{ kind: 'refused'; message: string }>

const TIMEOUT_MS = 10_000
const TRIES_MAX = 5
const MS_PER_SECOND = 1_000

/** Asks again where the scheduler is busy, a few times. */
export async function askScheduler(
  source: ReportSource,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  stop: AbortSignal,
): Promise<ReportAnswer> {
  const path = `/v1/gangs/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/explanation`
  for (let tries = 1; ; tries++) {
    const { status, body, retryAfterMs } = await get(source, path, stop)
    if (status === 200) return { kind: 'explained', explanation: body as Explanation }
    const { code, message } = body as Problem
    if (status === 404 && code === 'GangNotFound') return { kind: 'unknown', known: await gangNames(source, stop) }
    if (status !== 429 || tries === TRIES_MAX) return { kind: 'refused', message: `${source.url.origin}: ${message}` }
    await sleep(realClock, retryAfterMs, 'background', stop)
  }
}

async function gangNames(source: ReportSource, stop: AbortSignal): Promise<readonly string[]> {
  const { status, body } = await get(source, '/v1/gangs', stop)
  if (status !== 200) return []
  return (body as { namespace: string; name: string }[]).map(({ namespace, name }) => `${namespace}/${name}`)
}

interface Got {
  readonly status: number
  readonly body: unknown
  readonly retryAfterMs: number
}

async function get({ url, from }: ReportSource, path: string, stop: AbortSignal): Promise<Got> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)])
  try {
    const answer = await request(new URL(path, url), { signal })
    const retryAfterMs = Number(answer.headers['retry-after'] ?? 1) * MS_PER_SECOND
    return { status: answer.statusCode, body: await answer.body.json(), retryAfterMs }
  } catch (error) {
    throw new Refused(
      `no scheduler answers at ${url.origin} (${from}): ${messageOf(error)}
Start one with reports, \`espalier up\` or \`espalier run --listen 127.0.0.1:8090\`, or ask manifests: espalier explain NAME -f FILE`,
      1,
    )
  }
}
