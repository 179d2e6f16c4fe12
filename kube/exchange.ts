import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { type HttpAnswer, type HttpRequest, TransportError } from './transport.ts'

const always = (): boolean => true

type Controller = Dispatcher.DispatchController

/**
 * One request and its whole answer, straight on the dispatcher: no stream, no AbortController. A scheduler sends a
 * thousand a second beside the server that answers them, so what one costs here is taken from there.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<HttpAnswer>
  readonly #signal: AbortSignal | undefined
  readonly #maySend: () => boolean
  readonly #timer: NodeJS.Timeout
  readonly #abort = (): void => this.#giveUp(new TransportError('aborted', 'given up by its caller'))
  readonly #chunks: Buffer[] = []
  #resolve: (answer: HttpAnswer) => void = () => {}
  #reject: (error: Error) => void = () => {}
  #controller: Controller | null = null
  #givenUp: Error | null = null
  #status = 0
  #headers: Record<string, string> = {}

  constructor({ deadlineMs, signal, maySend = always }: Pick<HttpRequest, 'deadlineMs' | 'signal' | 'maySend'>) {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.answer.catch(() => {}) // given up before anybody waits for it, it must not end the process
    this.#maySend = maySend
    this.#timer = setTimeout(() => {
      this.#giveUp(new TransportError('timeout', `no answer within ${deadlineMs} ms`))
    }, deadlineMs)
    this.#signal = signal
    if (signal?.aborted) this.#abort()
    else signal?.addEventListener('abort', this.#abort, { once: true })
  }

  /** As `promise`, but rejects as soon as the request is given up. */
  during<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.answer as Promise<never>])
  }

  /** Timer and listener go. */
  end(): void {
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#abort)
  }

  /** The answer is rejected at once; a request that waits for a connection is not sent any more. */
  #giveUp(error: Error): void {
    this.#givenUp ??= error
    this.#reject(error)
    this.#controller?.abort(error)
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#givenUp !== null) controller.abort(this.#givenUp)
    else if (!this.#maySend()) this.#giveUp(new TransportError('unsent', 'it may not be sent any more'))
  }

  onResponseStart(_controller: Controller, statusCode: number, headers: IncomingHttpHeaders): void {
    this.#status = statusCode
    this.#headers = flat(headers)
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const body = Buffer.concat(this.#chunks).toString('utf8')
    this.#resolve({ status: this.#status, headers: this.#headers, body })
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#reject(error instanceof TransportError ? error : new TransportError('connection', error.message))
  }
}

export function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flattened: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flattened[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flattened
}
