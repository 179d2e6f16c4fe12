import type { ApiRequest } from './exchange.ts'

/**
 * What becomes of a request before it reaches the server. `lose-answer`: it is carried out, and nobody hears of it.
 * `drop`: the connection breaks before it is carried out.
 */
export type Interception =
  | 'pass'
  | 'lose-answer'
  | 'drop'
  | { readonly status: number; readonly retryAfterSeconds?: number; readonly reason?: string }
  | { readonly delayMs: number }

export type Intercept = (request: ApiRequest) => Interception

/** Reasons that the real server gives with these codes. */
export const REASON_OF_CODE: Readonly<Record<number, string>> = {
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}
