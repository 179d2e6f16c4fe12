import type { Dispatcher } from 'undici'
import { type HttpRequest, TransportError } from './transport.ts'

const always = (): boolean => true

type Controller = Dispatcher.DispatchController
export type Terms = Pick<HttpRequest, 'deadlineMs' | 'signal' | 'maySend'>

/** What one request over the dispatcher has in common, whatever its answer is: deadline, caller's signal, giving up. */
export abstract class Dispatched {
  readonly #signal: AbortSignal | undefined
  readonly #maySend: () => boolean
  readonly #timer: NodeJS.Timeout
  readonly #abort = (): void => this.giveUp(new TransportError('aborted', 'given up by its caller'))
  #controller: Controller | null = null
  #givenUp: TransportError | null = null

  constructor({ deadlineMs, signal, maySend = always }: Terms) {
    this.#maySend = maySend
    this.#signal = signal
    this.#timer = setTimeout(() => {
      this.giveUp(new TransportError('timeout', `no answer within ${deadlineMs} ms`))
    }, deadlineMs)
    if (signal?.aborted) this.#neverBegin()
    else signal?.addEventListener('abort', this.#abort, { once: true })
  }

  /** Whoever waits for the answer hears of the error. */
  protected abstract broke(error: TransportError): void

  /** Told when the whole object is there to hear of it. */
  #neverBegin(): void {
    const error = new TransportError('aborted', 'given up by its caller')
    this.#givenUp = error
    queueMicrotask(() => this.broke(error))
  }

  /** Told at once; a request that waits for a connection is not sent any more. Only the first error counts. */
  protected giveUp(error: TransportError): void {
    if (this.#givenUp !== null) return
    this.#givenUp = error
    this.broke(error)
    this.#controller?.abort(error)
  }

  /** Null before a connection is there for it. */
  protected get controller(): Controller | null {
    return this.#controller
  }

  /** What has come may be followed by silence of any length. */
  protected disarm(): void {
    clearTimeout(this.#timer)
  }

  /** Timer and listener go. */
  end(): void {
    this.disarm()
    this.#signal?.removeEventListener('abort', this.#abort)
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#givenUp !== null) controller.abort(this.#givenUp)
    else if (!this.#maySend()) this.giveUp(new TransportError('unsent', 'it may not be sent any more'))
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.broke(error instanceof TransportError ? error : new TransportError('connection', error.message))
  }
}

export function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flattened: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flattened[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flattened
}
