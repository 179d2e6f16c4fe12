import type { Status } from '../api/kinds/kubernetes.ts'
import { shortened } from '../api/shortened.ts'
import type { Answer, Failure } from './client.ts'
import type { HttpAnswer, HttpRequest, TransportError } from './transport.ts'

/** The thrown form of a Failure, for reconcilers: the work queue tries again and obeys Retry-After. */
export class KubeError extends Error {
  readonly failure: Failure
  constructor(failure: Failure) {
    super(`${failure.reason}: ${failure.message}`)
    this.name = 'KubeError'
    this.failure = failure
  }
}

export const isOk = <T>(answer: Answer<T>): answer is Readonly<{ kind: 'ok'; value: T }> => answer.kind === 'ok'

export const ok = <T>(value: T): Answer<T> => ({ kind: 'ok', value })

/** Throws KubeError. */
export function valueOrThrow<T>(answer: Answer<T>): T {
  if (answer.kind === 'ok') return answer.value
  throw new KubeError(answer)
}

/** The reasons that apimachinery gives to a code, for answers whose body names none (proxies, plain text). */
const REASON_OF_CODE: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

/** Codes after which the same request may succeed: the server was busy, or something behind it was. */
const isRetryable = (status: number): boolean => status === 408 || status === 429 || (status >= 500 && status !== 501)

const MESSAGE_MAX = 1_000

/** What a server answered with a code of 300 or more, as a value. */
export function refusal(method: HttpRequest['method'], answer: HttpAnswer): Failure {
  const status = statusOf(answer.body)
  const retryAfterMs = retryAfterOf(answer.headers['retry-after'], status)
  return {
    kind: 'failure',
    status: answer.status,
    reason: reasonOf(answer.status, status),
    message: shortened(status?.message ?? (answer.body || `HTTP ${answer.status}`), MESSAGE_MAX),
    retryable: isRetryable(answer.status),
    retryAfterMs,
    outcome: method === 'GET' || isCertain(answer.status, retryAfterMs) ? 'refused' : 'unknown',
    details: status?.details ?? null,
  }
}

/** A 5xx can come after the commit; a 503 that says when to come back was turned away at the door. */
const isCertain = (code: number, retryAfterMs: number | null): boolean =>
  code < 500 ? code !== 408 : code === 503 && retryAfterMs !== null

/** No answer came. `Aborted` and `NotSent` were our own doing, so they are not tried again. */
export function lost(method: HttpRequest['method'], error: TransportError): Failure {
  const reason = { timeout: 'Timeout', connection: 'Connection', aborted: 'Aborted', unsent: 'NotSent' }[error.kind]
  return {
    kind: 'failure',
    status: 0,
    reason,
    message: error.message,
    retryable: error.kind !== 'aborted' && error.kind !== 'unsent',
    retryAfterMs: null,
    outcome: method === 'GET' || error.kind === 'unsent' ? 'refused' : 'unknown',
    details: null,
  }
}

/** An answer of 2xx whose body is not what was promised: a write has happened, but we cannot say what came of it. */
export function malformed(method: HttpRequest['method'], code: number, message: string): Failure {
  const outcome = method === 'GET' ? 'refused' : 'unknown'
  const rest = { retryable: true, retryAfterMs: null, outcome, details: null } as const
  return { kind: 'failure', status: code, reason: 'Malformed', message: shortened(message, MESSAGE_MAX), ...rest }
}

/** A Status that came as an ERROR event in a watch. */
export function refusalOf(status: Status): Failure {
  return refusal('GET', { status: status.code ?? 500, headers: {}, body: JSON.stringify(status) })
}

function reasonOf(code: number, status: Status | null): string {
  const said = status?.reason
  if (said !== undefined && said !== '' && said !== 'Unknown') return said
  return REASON_OF_CODE[code] ?? (code >= 500 ? 'InternalError' : 'Unknown')
}

function statusOf(body: string): Status | null {
  try {
    const parsed: unknown = JSON.parse(body)
    return isStatus(parsed) ? parsed : null
  } catch {
    return null
  }
}

const isStatus = (value: unknown): value is Status =>
  typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'Status'

/** Seconds only: API servers never send the date form, and a date would need a wall clock. */
function retryAfterOf(header: string | undefined, status: Status | null): number | null {
  const seconds = header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : status?.details?.retryAfterSeconds
  return seconds !== undefined && seconds > 0 ? seconds * 1_000 : null
}
