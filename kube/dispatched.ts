import type { Dispatcher } from 'undici'
import { type HttpRequest, TransportError } from './transport.ts'

const always = (): boolean => true

type Controller = Dispatcher.DispatchController
export type Terms = Pick<HttpRequest, 'deadlineMs' | 'signal' | 'maySend'>

/**
 * What one request over the dispatcher has in common, whatever is waited for (`answer`): deadline, caller's signal, giving
 * up.
 */
export abstract class Dispatched<T> {
  readonly answer: Promise<T>
  #resolve: (answer: T) => void = () => {}
  #reject: (error: TransportError) => void = () => {}
  readonly #signal: AbortSignal | undefined
  readonly #maySend: () => boolean
  readonly #timer: NodeJS.Timeout
  readonly #abort = (): void => this.giveUp(new TransportError('aborted', 'given up by its caller'))
  #controller: Controller | null = null
  #givenUp: TransportError | null = null

  constructor({ deadlineMs, signal, maySend = always }: Terms) {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.answer.catch(() => {}) // given up before anybody waits for it, it must not end the process
    this.#maySend = maySend
    this.#signal = signal
    this.#timer = setTimeout(() => {
      this.giveUp(new TransportError('timeout', `no answer within ${deadlineMs} ms`))
    }, deadlineMs)
    if (signal?.aborted) this.#reject((this.#givenUp = new TransportError('aborted', 'given up by its caller')))
    else signal?.addEventListener('abort', this.#abort, { once: true })
  }

  /** As `promise`, but rejects as soon as the request is given up. */
  during<V>(promise: Promise<V>): Promise<V> {
    return Promise.race([promise, this.answer as Promise<never>])
  }

  protected tell(answer: T): void {
    this.#resolve(answer)
  }

  /** Whoever waits for the answer hears of the error. */
  protected broke(error: TransportError): void {
    this.#reject(error)
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
