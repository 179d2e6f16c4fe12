/** The refusal cases on a real API server, whose CEL has types and a budget: what a user sees of them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { crdOf } from '../../api/crd.ts'
import { KINDS } from '../../api/kinds/all.ts'
import type { KubeObject, NewObject } from '../../api/kinds/kubernetes.ts'
import { ResourceFinder } from '../../cli/resource-of.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import type { Answer, KubeClient } from '../../kube/client.ts'
import { loadConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { CRDS, type ResourceType } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import { replacing } from '../../operator/changes.ts'
import { REFUSAL_CASES } from '../api/refusals/all.ts'
import type { RefusalCase } from '../api/refusals/writing.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'

const plane: ControlPlane | null = await startControlPlane({ controllers: false })

/** A deprecated spelling that only stored objects have cannot be created first. */
const isLegacy = (object: unknown): boolean => JSON.stringify(object).includes('packDomain')
const CASES = REFUSAL_CASES.filter(
  ({ before, kind }) => kind !== 'PodCliqueSet' || before === undefined || !isLegacy(before),
)

describe.skipIf(plane === null)('a real API server', () => {
  let transport: Transport
  let client: KubeClient
  const types = new Map<string, ResourceType>()

  beforeAll(async () => {
    if (plane === null) return
    transport = httpTransport(await loadConfig({ kubeconfig: plane.kubeconfig }))
    client = kubeClient(transport)
    for (const kind of KINDS) valueOrThrow(await client.create(CRDS, crdOf(kind)))
    for (const { object, kind } of REFUSAL_CASES) {
      if (!types.has(kind)) types.set(kind, await served(String(object['apiVersion']), kind))
    }
  })
  afterAll(async () => {
    await transport?.close()
    await plane?.stop()
  })

  /** A definition is served some moments after it was taken, and listed before its objects can be written. */
  async function served(apiVersion: string, kind: string): Promise<ResourceType> {
    for (;;) {
      const type = await new ResourceFinder(client).find(apiVersion, kind)
      if (type !== null && (await client.list(type, {})).kind === 'ok') return type
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async function write(one: RefusalCase, type: ResourceType): Promise<Answer<KubeObject>> {
    const object = one.object as unknown as NewObject
    const key = { namespace: type.namespaced ? 'default' : '', name: object.metadata.name ?? '' }
    await client.delete(type, key)
    if (one.before === undefined) return client.create(type, object)
    const stored = valueOrThrow(await client.create(type, one.before as unknown as NewObject))
    return client.mergePatch(type, key, { spec: replacing(object['spec'], stored['spec']) })
  }

  for (const one of CASES) {
    const what = `${one.before === undefined ? '' : 'an update to '}${one.name}`
    test(one.refused === null ? `takes ${what}` : `refuses ${what}, saying why`, async () => {
      const type = types.get(one.kind)
      if (type === undefined) throw new Error(`no ${one.kind}`)
      const answer = await write(one, type)
      if (one.refused === null) expect(answer.kind === 'ok' ? '' : answer.message).toBe('')
      else expect(answer.kind === 'ok' ? 'taken' : answer.message).toContain(one.refused)
    })
  }
})
