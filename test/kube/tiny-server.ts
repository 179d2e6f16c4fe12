import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { type HttpAnswer, type HttpRequest, type Transport, TransportError } from '../../kube/transport.ts'
import { statusBody } from './scripted-server.ts'

/** Objects by path: GET, POST with a name, and merge patches that honour metadata.resourceVersion. No watches. */
export class TinyServer implements Transport {
  readonly objects: Map<string, KubeObject> = new Map()
  readonly asked: HttpRequest[] = []
  /** Called before a request is looked at; may delay it, answer for the server, or throw TransportError. */
  before: (request: HttpRequest) => Promise<HttpAnswer | null> | HttpAnswer | null = () => null
  /** Called when a request was carried out; throws to lose the answer. */
  after: (request: HttpRequest) => Promise<void> | void = () => {}
  #version = 0

  async request(request: HttpRequest): Promise<HttpAnswer> {
    this.asked.push(request)
    const answer = (await this.before(request)) ?? this.#handle(request)
    await this.after(request)
    return answer
  }

  stream(): Promise<never> {
    return Promise.reject(new TransportError('connection', 'no watches here'))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** Requests that write. */
  writes(): HttpRequest[] {
    return this.asked.filter(({ method }) => method !== 'GET')
  }

  #handle({ method, path, body }: HttpRequest): HttpAnswer {
    const place = path.replace(/\?.*/, '')
    const sent = body ? (JSON.parse(body) as KubeObject) : null
    if (method === 'POST' && sent !== null) return this.#create(`${place}/${sent.metadata.name}`, sent)
    const found = this.objects.get(place)
    if (found === undefined) return refused(404, 'NotFound')
    return method === 'PATCH' && sent !== null ? this.#patch(place, found, sent) : answered(found)
  }

  #create(place: string, sent: KubeObject): HttpAnswer {
    if (this.objects.has(place)) return refused(409, 'AlreadyExists')
    return this.#store(place, { ...sent, metadata: { ...sent.metadata, uid: `uid-${this.#version}` } })
  }

  #patch(place: string, found: KubeObject, patch: Partial<KubeObject>): HttpAnswer {
    const wanted = patch.metadata?.resourceVersion
    if (wanted !== undefined && wanted !== found.metadata.resourceVersion) return refused(409, 'Conflict')
    return this.#store(place, merged(found, patch) as KubeObject)
  }

  #store(place: string, object: KubeObject): HttpAnswer {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } }
    this.objects.set(place, stored)
    return answered(stored)
  }
}

const answered = (object: KubeObject): HttpAnswer => ({ status: 200, headers: {}, body: JSON.stringify(object) })

export const refused = (code: number, reason: string, headers: Record<string, string> = {}): HttpAnswer => ({
  status: code,
  headers,
  body: statusBody(code, reason),
})

function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result: Record<string, unknown> = { ...(target as object) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merged(result[key], value)
  }
  return result
}
