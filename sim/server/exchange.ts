import type { WatchStream } from './watch-stream.ts'

/** One request to the core, without a socket. */
export interface ApiRequest {
  readonly method: string
  /** With the query string. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** Aborts when the asker has gone: ends a watch or a followed log. */
  readonly signal?: AbortSignal
}

export interface PlainAnswer {
  readonly kind: 'answer'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Text, made when it is read first. */
  readonly body: string
  /** What the body is the text of, as the store holds it; absent: there is only the text. */
  readonly held?: () => unknown
}

/** A watch: one JSON text a line. */
export interface WatchAnswer {
  readonly kind: 'watch'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly stream: WatchStream
}

/** A log: pieces of text as they come. */
export interface TextAnswer {
  readonly kind: 'text'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly pieces: AsyncIterable<string>
}

export type ApiAnswer = PlainAnswer | WatchAnswer | TextAnswer

const JSON_HEADERS = { 'content-type': 'application/json' } as const

export const answer = (
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): PlainAnswer => ({
  kind: 'answer',
  status,
  headers: { ...JSON_HEADERS, ...headers },
  body: typeof value === 'string' ? value : JSON.stringify(value),
})

/** Of what is stored and so never changes: whoever does not read the text does not pay for it. */
export function heldAnswer(
  status: number,
  text: () => string,
  headers: Readonly<Record<string, string>> = {},
  held: (() => unknown) | null = null,
): PlainAnswer {
  let made: string | null = null
  return {
    kind: 'answer',
    status,
    headers: { ...JSON_HEADERS, ...headers },
    get body(): string {
      made ??= text()
      return made
    },
    ...(held === null ? {} : { held }),
  }
}

export const textAnswer = (status: number, body: string): PlainAnswer => ({
  kind: 'answer',
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
})
