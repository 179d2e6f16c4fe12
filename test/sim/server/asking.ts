import type { KubeObject, Status } from '../../../api/kinds/kubernetes.ts'
import { seededRandom } from '../../../kube/random.ts'
import { VirtualClock } from '../../../sim/clock.ts'
import { type ApiServer, type ApiServerOptions, createApiServer } from '../../../sim/server/api-server.ts'

/** What came back, parsed: an object, a list or a Status; fields are read as the test expects them. */
export interface Said {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly body: KubeObject & Status & { items: KubeObject[]; spec: Json; status: Json; data: Json }
}

export type Json = Record<string, unknown>

/** An embedded API server on virtual time, and a short way to ask it. */
export interface Asking {
  readonly server: ApiServer
  readonly clock: VirtualClock
  get(path: string, headers?: Record<string, string>): Promise<Said>
  post(path: string, body: unknown): Promise<Said>
  put(path: string, body: unknown): Promise<Said>
  delete(path: string, body?: unknown): Promise<Said>
  patch(path: string, kind: 'merge' | 'json' | 'strategic' | 'apply', body: unknown): Promise<Said>
  /** Lines of a watch that are there now, parsed. */
  watch(query: string): Promise<Watching>
}

export interface Watching {
  /** The next event; null when the watch has ended. */
  next(): Promise<{ type: string; object: KubeObject & Status } | null>
  stop(): void
}

const MEDIA = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

export function asking(options: Partial<ApiServerOptions> = {}): Asking {
  const clock = new VirtualClock()
  const server = createApiServer({ clock, random: seededRandom(1), ...options })
  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Said> => {
    const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body)
    const said = await server.transport.request({ method, path, body: text, headers, deadlineMs: 1000 })
    let parsed: unknown = null
    try {
      parsed = JSON.parse(said.body)
    } catch {
      // Some answers are plain text.
    }
    return { status: said.status, headers: said.headers, text: said.body, body: parsed as Said['body'] }
  }
  return {
    server,
    clock,
    get: (path, headers) => ask('GET', path, undefined, headers),
    post: (path, body) => ask('POST', path, body),
    put: (path, body) => ask('PUT', path, body),
    delete: (path, body) => ask('DELETE', path, body),
    patch: (path, kind, body) => ask('PATCH', path, body, { 'content-type': MEDIA[kind] }),
    async watch(query) {
      const gone = new AbortController()
      const mark = query.includes('?') ? '&' : '?'
      const stream = await server.transport.stream({
        method: 'GET',
        path: `${query}${mark}watch=true`,
        deadlineMs: 1000,
        signal: gone.signal,
      })
      const lines = stream.lines[Symbol.asyncIterator]()
      return {
        async next() {
          const line = await lines.next()
          return line.done === true ? null : (JSON.parse(line.value) as { type: string; object: KubeObject & Status })
        },
        stop: () => gone.abort(),
      }
    },
  }
}

export const configMap = (name: string, data: Json = {}, metadata: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})

export const pod = (name: string, spec: Json = {}, metadata: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'c', image: 'i:1' }], ...spec },
})

export const binding = (name: string, node: string, metadata: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: { name, ...metadata },
  target: { apiVersion: 'v1', kind: 'Node', name: node },
})

/** A CustomResourceDefinition of kind Thing in group t.io, with status and scale. */
export const thingCrd = (spec: Json, more: Json = {}): Json => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.t.io' },
  spec: {
    group: 't.io',
    scope: 'Namespaced',
    names: { plural: 'things', kind: 'Thing', shortNames: ['th'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: {
            specReplicasPath: '.spec.replicas',
            statusReplicasPath: '.status.replicas',
            labelSelectorPath: '.status.selector',
          },
        },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', ...spec },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
        ...more,
      },
    ],
  },
})

export const thing = (name: string, spec: Json, more: Json = {}): Json => ({
  apiVersion: 't.io/v1',
  kind: 'Thing',
  metadata: { name },
  spec,
  ...more,
})

export const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
export const THINGS = '/apis/t.io/v1/namespaces/default/things'
export const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
export const PODS = '/api/v1/namespaces/default/pods'
