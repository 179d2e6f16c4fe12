import { beforeAll, describe, expect, test } from 'vitest'
import { crdOf } from '../../api/crd.ts'
import { KINDS } from '../../api/kinds/all.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { HttpRequest } from '../../kube/transport.ts'
import { seededRandom } from '../../kube/random.ts'
import { VirtualClock } from '../../sim/clock.ts'
import { createApiServer } from '../../sim/server/api-server.ts'
import { REFUSAL_CASES } from './refusals/all.ts'
import type { RefusalCase } from './refusals/writing.ts'

/** The refusal cases again, as requests to the embedded server: what a user sees of them. */

const { transport } = createApiServer({ clock: new VirtualClock(), random: seededRandom(1) })

interface Told {
  readonly status: number
  readonly object: KubeObject & { message?: string }
}

async function send(method: HttpRequest['method'], path: string, body: object | null = null): Promise<Told> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  const text = body === null ? null : JSON.stringify(body)
  const answer = await transport.request({ method, path, headers, body: text, deadlineMs: 10_000 })
  return { status: answer.status, object: JSON.parse(answer.body) as Told['object'] }
}

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

const collectionOf = ({ kind: name }: RefusalCase): string => {
  const kind = KINDS.find((one) => one.kind === name)
  return `/apis/${kind?.group}/${kind?.version}/${kind?.isNamespaced ? 'namespaces/default/' : ''}${kind?.plural}`
}
const nameOf = (object: Record<string, unknown>): string => (object['metadata'] as { name: string }).name

/** A deprecated spelling that only stored objects have cannot be created first. */
const isLegacy = (object: unknown): boolean => JSON.stringify(object).includes('packDomain')

beforeAll(async () => {
  await send('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } })
  for (const kind of KINDS) {
    const { status, object } = await send('POST', CRDS, crdOf(kind))
    expect(`${status} ${object.message ?? ''}`).toBe('201 ')
  }
})

describe('the embedded server', () => {
  for (const one of REFUSAL_CASES) {
    if (one.before !== undefined && one.kind === 'PodCliqueSet' && isLegacy(one.before)) continue
    const what = `${one.before === undefined ? '' : 'an update to '}${one.name}`
    test(one.refused === null ? `takes ${what}` : `answers 422 to ${what}, saying why`, async () => {
      const collection = collectionOf(one)
      const path = `${collection}/${nameOf(one.object)}`
      await send('DELETE', path)
      let told: Told
      if (one.before === undefined) told = await send('POST', collection, one.object)
      else {
        const stored = await send('POST', collection, one.before)
        expect(`${stored.status} ${stored.object.message ?? ''}`).toBe('201 ')
        const { resourceVersion } = stored.object.metadata
        const metadata = { ...(one.object['metadata'] as object), resourceVersion }
        told = await send('PUT', path, { ...one.object, metadata })
      }
      if (one.refused === null) expect(`${told.status} ${told.object.message ?? ''}`).toMatch(/^20[01] $/)
      else {
        expect(told.status).toBe(422)
        expect(told.object.message).toContain(one.refused)
      }
    })
  }
})
