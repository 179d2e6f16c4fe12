import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { Dispatched, flat, type Terms } from './dispatched.ts'
import type { HttpAnswer, TransportError } from './transport.ts'

type Controller = Dispatcher.DispatchController

/**
 * One request and its whole answer, straight on the dispatcher: no stream, no AbortController. A scheduler sends a
 * thousand a second beside the server that answers them, so what one costs here is taken from there.
 */
export class Exchange extends Dispatched implements Dispatcher.DispatchHandler {
  readonly answer: Promise<HttpAnswer>
  readonly #chunks: Buffer[] = []
  #resolve: (answer: HttpAnswer) => void = () => {}
  #reject: (error: Error) => void = () => {}
  #status = 0
  #headers: Record<string, string> = {}

  constructor(terms: Terms) {
    super(terms)
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.answer.catch(() => {}) // given up before anybody waits for it, it must not end the process
  }

  /** As `promise`, but rejects as soon as the request is given up. */
  during<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.answer as Promise<never>])
  }

  protected broke(error: TransportError): void {
    this.#reject(error)
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
}
