/**
 * What was asked and what was answered, as text. The real server's transcript is kept in `answers/`; both servers must
 * give it. `ANSWERS=record` writes it anew, from the real server only.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { type Finished, runToEnd } from '../cli/espalier.ts'
import { kubectlEnvironment, kubectlFile } from './kubectl.ts'
import { normalised } from './normalise.ts'
import type { Reply, Server } from './servers.ts'

const ANSWERS = join(import.meta.dirname, 'answers')
const isRecording = process.env['ANSWERS'] === 'record'

const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')

export interface KubectlOptions {
  /** Standard input; an object travels as JSON. */
  readonly input?: unknown
  readonly env?: Readonly<Record<string, string>>
  /** What of the output is kept. */
  readonly keep?: (out: string) => string
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

const bodyText = (body: unknown): string => {
  if (typeof body === 'string') return body.slice(0, 2_000)
  const sorted = (_key: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value
  return JSON.stringify(body, sorted, 1)
}

/** One test's talk with one server. */
export class Transcript {
  readonly server: Server
  readonly namespace: string
  readonly #file: string
  #text = ''

  constructor(server: Server, namespace: string, file: string) {
    this.server = server
    this.namespace = namespace
    this.#file = join(ANSWERS, `${file}.txt`)
  }

  #note(asked: string, answered: string): void {
    const known = { namespace: this.namespace, url: this.server.url }
    this.#text += `$ ${normalised(asked, known)}\n${normalised(answered, known).trimEnd()}\n\n`
  }

  /** Runs kubectl in the test's namespace. Words are apart by spaces; those in single quotes stay together. */
  async kubectl(line: string, { input, env = {}, keep = (out) => out }: KubectlOptions = {}): Promise<Finished> {
    const options = {
      env: { ...kubectlEnvironment(this.server, this.namespace), ...env },
      input: input === undefined ? '' : typeof input === 'string' ? input : JSON.stringify(input),
    }
    const ended = await runToEnd(kubectlFile ?? 'kubectl', wordsOf(line), options)
    this.#note(`kubectl ${line}`, `${keep(ended.out)}${ended.err}${ended.code === 0 ? '' : `[exit ${ended.code}]`}`)
    return ended
  }

  /** As `kubectl`, and nothing is noted: for what has to be so before the question. */
  async prepare(line: string, input?: unknown): Promise<Finished> {
    const kept = this.#text
    const ended = await this.kubectl(line, { input })
    this.#text = kept
    expect(ended.code, `kubectl ${line}: ${ended.out}${ended.err}`).toBe(0)
    return ended
  }

  /** Starts a kubectl that goes on by itself, and ends it when it has printed that many lines. */
  async watching(line: string, count: number, meanwhile: () => Promise<unknown>): Promise<void> {
    const child = spawn(kubectlFile ?? 'kubectl', wordsOf(line), {
      env: { ...process.env, ...kubectlEnvironment(this.server, this.namespace) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    let isStarted = false
    const seen = new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`kubectl ${line} ended with ${code}: ${out}`)))
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text
        if (!isStarted) {
          isStarted = true
          void meanwhile()
        }
        if (out.split('\n').length > count) resolve()
      })
    })
    await seen
    child.kill('SIGKILL')
    this.#note(`kubectl ${line}`, out)
  }

  /** Sends one HTTP request; status and body are noted. */
  async http<T = Record<string, unknown>>(
    method: Method,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    keep: (body: T) => unknown = (found) => found,
  ): Promise<Reply<T>> {
    const reply = await this.server.call<T>(method, path, body, headers)
    const sent = body === undefined ? '' : ` ${typeof body === 'string' ? body.slice(0, 200) : JSON.stringify(body)}`
    const warning = reply.headers['warning'] === undefined ? '' : `Warning: ${reply.headers['warning']}\n`
    this.#note(
      `${method} ${decodeURIComponent(path)}${sent}`,
      `${reply.status}\n${warning}${bodyText(keep(reply.body))}`,
    )
    return reply
  }

  /** The server answered as the real one did. */
  holds(): void {
    if (isRecording) {
      if (this.server.name !== 'real') return
      mkdirSync(dirname(this.#file), { recursive: true })
      writeFileSync(this.#file, this.#text)
    }
    expect(this.#text).toBe(readFileSync(this.#file, 'utf8'))
  }
}
