/** A wire that a test has its hand on: everything goes through to the API server, watches as late as the test says. */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { ControlPlane } from './control-plane.ts'

export interface Refusal {
  readonly status: number
  readonly reason: string
}

export interface Proxy {
  readonly url: string
  /** Asked before a request goes on; null lets it through. */
  refuse: (request: { readonly method: string; readonly path: string }) => Promise<Refusal | null> | Refusal | null
  /** Asked with the server's answer in hand, before it is told; `cut` breaks the connection instead. Not for watches. */
  answered: (request: { readonly method: string; readonly path: string; readonly status: number }) => 'tell' | 'cut'
  /** Breaks every open watch. */
  cutWatches(): void
  /** What watches say from now on is kept back. */
  holdWatches(): void
  /** Whether a text stands in what is kept back. */
  holds(text: string): boolean
  /** Says what was kept back so far, and goes on keeping back. */
  tellHeld(): void
  /** Says what was kept back, and everything after it at once. */
  releaseWatches(): void
  stop(): Promise<void>
}

class Wire implements Proxy {
  refuse: Proxy['refuse'] = () => null
  answered: Proxy['answered'] = () => 'tell'
  readonly #watches = new Set<ServerResponse>()
  readonly #upstream: URL
  readonly #tls: ServerOptions
  readonly #agent: Agent
  readonly #server: ReturnType<typeof createServer>
  #isHolding = false
  #held: { readonly text: string; readonly act: () => void }[] = []

  constructor(plane: ControlPlane) {
    const file = (name: string): Buffer => readFileSync(join(plane.folder, 'certs', name))
    this.#tls = { cert: file('apiserver.crt'), key: file('apiserver.key') }
    this.#agent = new Agent({ keepAlive: true, ca: file('apiserver.crt') })
    this.#upstream = new URL(plane.url)
    this.#server = createServer(this.#tls, (asked, answer) => void this.#handle(asked, answer))
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  cutWatches(): void {
    for (const watch of this.#watches) watch.destroy()
  }

  holdWatches(): void {
    this.#isHolding = true
  }

  holds(text: string): boolean {
    return this.#held
      .map((each) => each.text)
      .join('')
      .includes(text)
  }

  tellHeld(): void {
    for (const { act } of this.#held.splice(0)) act()
  }

  releaseWatches(): void {
    this.#isHolding = false
    this.tellHeld()
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    this.#agent.destroy()
    await closed
  }

  async #handle(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = asked
    const refusal = await this.refuse({ method, path })
    if (refusal === null) this.#pass(asked, answer, method, path)
    else {
      const { status: code, reason } = refusal
      const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'refused by the test', reason, code }
      answer.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
  }

  #note(watch: ServerResponse): void {
    this.#watches.add(watch)
    watch.on('close', () => this.#watches.delete(watch))
  }

  #pass(asked: IncomingMessage, answer: ServerResponse, method: string, path: string): void {
    const { hostname: host, port } = this.#upstream
    const sent = request({ host, port, method, path, headers: asked.headers, agent: this.#agent }, (reply) => {
      const isWatch = path.includes('watch=true')
      const status = reply.statusCode ?? 502
      if (!isWatch && this.answered({ method, path, status }) === 'cut') {
        reply.resume()
        answer.destroy()
        return
      }
      if (isWatch) this.#note(answer)
      answer.writeHead(status, reply.headers)
      answer.flushHeaders()
      const say = (text: string, act: () => void): void => {
        if (isWatch && this.#isHolding) this.#held.push({ text, act })
        else act()
      }
      reply.on('data', (chunk: Buffer) => say(chunk.toString(), () => void answer.write(chunk)))
      reply.on('end', () => say('', () => void answer.end()))
      reply.on('error', () => answer.destroy())
    })
    sent.on('error', () => answer.destroy())
    answer.on('close', () => sent.destroy())
    asked.pipe(sent)
  }
}

export async function startProxy(plane: ControlPlane): Promise<Proxy> {
  const wire = new Wire(plane)
  await wire.start()
  return wire
}
