import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { Dispatched, flat } from './dispatched.ts'
import type { HttpAnswer } from './transport.ts'

type Controller = Dispatcher.DispatchController

/**
 * One request and its whole answer, straight on the dispatcher: no stream, no AbortController. A scheduler sends a
 * thousand a second beside the server that answers them, so what one costs here is taken from there.
 */
export class Exchange extends Dispatched<HttpAnswer> implements Dispatcher.DispatchHandler {
  readonly #chunks: Buffer[] = []
  #status = 0
  #headers: Record<string, string> = {}

  onResponseStart(_controller: Controller, statusCode: number, headers: IncomingHttpHeaders): void {
    this.#status = statusCode
    this.#headers = flat(headers)
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const body = Buffer.concat(this.#chunks).toString('utf8')
    this.tell({ status: this.#status, headers: this.#headers, body })
  }
}
