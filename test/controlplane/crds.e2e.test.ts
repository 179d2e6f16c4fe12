/** Our CRDs installed over Grove's own and back, on a real API server, with objects that fill every field. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { crdOf } from '../../api/crd.ts'
import { KINDS } from '../../api/kinds/all.ts'
import type { KubeObject, NewObject } from '../../api/kinds/kubernetes.ts'
import { ResourceFinder } from '../../cli/resource-of.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import type { KubeClient } from '../../kube/client.ts'
import { loadConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { CRDS, POD_CLIQUE_SETS, type ResourceType } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { GROVE_CRDS } from './grove-crds.ts'
import { GROVE_OBJECTS } from './grove-objects.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

const titleOf = ({ kind, metadata: { name = '' } }: NewObject): string => `${kind} ${name}`

/** Leaves of an object as `path: value`; places in lists count. */
function leaves(value: Json, path = ''): string[] {
  if (value === null || typeof value !== 'object') return [`${path}: ${JSON.stringify(value)}`]
  return Object.entries(value).flatMap(([key, each]) => leaves(each, `${path}.${key}`))
}

const contentOf = (object: KubeObject | undefined): string[] =>
  leaves({ spec: object?.['spec'], status: object?.['status'] } as Json)

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
}

/** Paths of the fields that a schema names and no value fills. */
function unfilled(schema: SchemaNode, values: readonly unknown[], path: string): string[] {
  const present = values.filter((value) => value !== undefined)
  if (present.length === 0) return [path]
  if (schema.items !== undefined) return unfilled(schema.items, present.flat(), `${path}[]`)
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    unfilled(
      field,
      present.map((value) => (value as Record<string, unknown>)[name]),
      `${path}.${name}`,
    ),
  )
}

const fieldsOf = (crd: NewObject): { spec: SchemaNode; status: SchemaNode } => {
  const { versions } = crd['spec'] as { versions: { schema: { openAPIV3Schema: SchemaNode } }[] }
  return versions[0]?.schema.openAPIV3Schema.properties as { spec: SchemaNode; status: SchemaNode }
}

test.each(GROVE_CRDS.map((crd) => [crd.metadata.name ?? '', crd] as const))(
  'the objects fill every field of %s',
  (_, crd) => {
    const { kind } = (crd['spec'] as { names: { kind: string } }).names
    const kept = GROVE_OBJECTS.filter(({ object }) => object.kind === kind)
    const { spec, status } = fieldsOf(crd)
    expect(
      unfilled(
        spec,
        kept.map(({ object }) => object.spec),
        'spec',
      ),
    ).toEqual([])
    expect(
      unfilled(
        status,
        kept.map((each) => each.status),
        'status',
      ),
    ).toEqual([])
  },
)

/** kubectl's annotation for what was applied last; etcd takes 1.5 MB. */
const ANNOTATIONS_MAX_BYTES = 262_144

test.each(KINDS.map(crdOf).map((crd) => [crd.metadata.name ?? '', crd] as const))('%s is small enough', (_, crd) => {
  expect(Buffer.byteLength(JSON.stringify(crd))).toBeLessThan(ANNOTATIONS_MAX_BYTES)
})

const plane: ControlPlane | null = await startControlPlane({ controllers: false })

describe.skipIf(plane === null)("our CRDs and Grove's", () => {
  let transport: Transport
  let client: KubeClient
  const types = new Map<string, ResourceType>()
  const before = new Map<string, KubeObject>()

  beforeAll(async () => {
    if (plane === null) return
    transport = httpTransport(await loadConfig({ kubeconfig: plane.kubeconfig }))
    client = kubeClient(transport)
  })
  afterAll(async () => {
    await transport?.close()
    await plane?.stop()
  })

  /** As `kubectl apply --server-side --force-conflicts` does, whoever's they are. */
  async function install(crds: readonly NewObject[]): Promise<void> {
    for (const crd of crds) valueOrThrow(await client.apply(CRDS, crd, 'kubectl', { force: true }))
    for (const crd of crds) await untilInForce(crd)
  }

  /** The server has taken the schema in when OpenAPI tells its newest description. */
  async function untilInForce(crd: NewObject): Promise<void> {
    const { group, versions } = crd['spec'] as { group: string; versions: { schema: { openAPIV3Schema: unknown } }[] }
    const marker = JSON.stringify(versions[0]?.schema.openAPIV3Schema).includes('"spread"')
    const { kind } = (crd['spec'] as { names: { kind: string } }).names
    for (;;) {
      const answer = await client.raw<{ components?: { schemas?: Record<string, unknown> } }>(
        `/openapi/v3/apis/${group}/v1alpha1`,
      )
      const schemas = answer.kind === 'ok' ? (answer.value.components?.schemas ?? {}) : {}
      const own = Object.entries(schemas).find(([name]) => name.endsWith(`.${kind}`))?.[1]
      if (own !== undefined && JSON.stringify(own).includes('"spread"') === marker) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  const keyOf = (
    { metadata: { name = '' } }: NewObject,
    { namespaced }: ResourceType,
  ): { namespace: string; name: string } => ({
    namespace: namespaced ? 'default' : '',
    name,
  })

  async function read(object: NewObject): Promise<KubeObject> {
    const type = types.get(object.kind)
    if (type === undefined) throw new Error(`no ${object.kind}`)
    return valueOrThrow(await client.get(type, keyOf(object, type)))
  }

  test("Grove's own are there, and objects with every field of them", async () => {
    await install(GROVE_CRDS)
    const finder = new ResourceFinder(client)
    for (const { object, status } of GROVE_OBJECTS) {
      const type = await finder.find(object.apiVersion, object.kind)
      if (type === null) throw new Error(`no ${object.kind}`)
      types.set(object.kind, type)
      const metadata = type.namespaced ? { ...object.metadata, namespace: 'default' } : object.metadata
      valueOrThrow(await client.create(type, { ...object, metadata }))
      valueOrThrow(await client.mergePatch(type, keyOf(object, type), { status }, { subresource: 'status' }))
      const made = await read(object)
      expect(leaves(made as unknown as Json)).toEqual(
        expect.arrayContaining(leaves({ spec: object.spec, status } as Json)),
      )
      before.set(titleOf(object), made)
    }
  })

  test('under ours every object is read with all that it had', async () => {
    await install(KINDS.map(crdOf))
    for (const { object } of GROVE_OBJECTS) {
      const was = before.get(titleOf(object))
      const now = await read(object)
      expect(now.metadata.uid).toBe(was?.metadata.uid)
      const lost = leaves(was as unknown as Json).filter((leaf) => !leaves(now as unknown as Json).includes(leaf))
      expect(lost.filter((leaf) => !leaf.startsWith('.metadata.managedFields'))).toEqual([])
    }
  })

  test('under ours every object may be written: annotated, scaled, its status told again', async () => {
    for (const { object, status } of GROVE_OBJECTS) {
      const type = types.get(object.kind)
      if (type === undefined) throw new Error(`no ${object.kind}`)
      const key = keyOf(object, type)
      valueOrThrow(await client.mergePatch(type, key, { metadata: { annotations: { seen: 'by us' } } }))
      valueOrThrow(await client.mergePatch(type, key, { status }, { subresource: 'status' }))
    }
    const key = { namespace: 'default', name: 'served' }
    valueOrThrow(await client.mergePatch(POD_CLIQUE_SETS, key, { spec: { replicas: 3 } }, { subresource: 'scale' }))
    valueOrThrow(await client.mergePatch(POD_CLIQUE_SETS, key, { spec: { replicas: 2 } }))
  })

  test("back under Grove's own every object is as it was, but for what was written meanwhile", async () => {
    await install(GROVE_CRDS)
    const added: string[] = []
    for (const { object } of GROVE_OBJECTS) {
      const was = before.get(titleOf(object))
      const now = await read(object)
      expect(now.metadata.uid).toBe(was?.metadata.uid)
      expect(now.metadata.annotations).toEqual({ seen: 'by us' })
      expect(now.metadata.finalizers).toEqual(was?.metadata.finalizers)
      const had = contentOf(was)
      const has = contentOf(now)
      expect(had.filter((leaf) => !has.includes(leaf))).toEqual([])
      added.push(...has.filter((leaf) => !had.includes(leaf)).map((leaf) => `${titleOf(object)}: ${leaf}`))
    }
    // Constants that our schema fills in where Grove's webhook does.
    expect(added.sort()).toEqual([
      'PodCliqueSet older: .spec.template.headlessServiceConfig.publishNotReadyAddresses: true',
      'PodCliqueSet older: .spec.template.terminationDelay: "4h"',
      'PodCliqueSet older: .spec.updateStrategy.type: "RollingRecreate"',
    ])
  })
})
