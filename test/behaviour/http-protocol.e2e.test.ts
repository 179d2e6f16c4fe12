/** What travels: media types, discovery, and bodies that are none. */
import { expect, test } from 'vitest'
import { describeAnswers } from './kubectl.ts'
import { cliqueSet, configMap } from './objects.ts'

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
const PROTOBUF = 'application/vnd.kubernetes.protobuf'

interface Groups {
  items: {
    metadata: { name?: string }
    versions: { resources: { resource: string; subresources?: { subresource: string }[] }[] }[]
  }[]
}
interface Resources {
  resources: { name: string; storageVersionHash?: string }[]
}
const byText = (a: string, b: string): number => (a < b ? -1 : 1)
/** In one order, and without the hashes of storage. */
const byName = (list: Resources): unknown => ({
  ...list,
  resources: list.resources
    .map((one) => ({ ...one, storageVersionHash: undefined }))
    .sort((a, b) => byText(a.name, b.name)),
})
const sorted = (group: Groups['items'][number]): unknown => ({
  ...group,
  versions: group.versions.map((version) => ({
    ...version,
    resources: version.resources
      .map((one) => ({ ...one, subresources: one.subresources?.sort((a, b) => byText(a.subresource, b.subresource)) }))
      .sort((a, b) => byText(a.resource, b.resource)),
  })),
})

interface Operations {
  paths: Record<
    string,
    { patch?: { parameters?: { name: string }[]; requestBody?: { content: object } }; parameters?: { name: string }[] }
  >
}

const mediaOf = (headers: Readonly<Record<string, string>>): string => (headers['content-type'] ?? '').split(';as')[0]!

describeAnswers(
  'protocol',
  (same, server) => {
    same('discovery tells kinds in its old and in its aggregated form', async (t) => {
      const ours = ({ items }: Groups): unknown =>
        items.filter(({ metadata }) => metadata.name?.includes('grove')).map(sorted)
      await t.http<Groups>('GET', '/apis', undefined, { accept: AGGREGATED }, ours)
      await t.http('GET', '/apis/grove.io')
      await t.http<Resources>('GET', '/apis/grove.io/v1alpha1', undefined, {}, byName)
      await t.http<Resources>('GET', '/apis/policy/v1', undefined, {}, byName)
      await t.http('GET', '/apis/grove.io/v9')
      await t.http('GET', '/apis/nothing.example.com')
    })

    test('aggregated discovery answers in the type that was asked for, and plain where none was', async () => {
      for (const path of ['/api', '/apis']) {
        const found = await server().call('GET', path, undefined, { accept: AGGREGATED })
        expect([found.status, found.headers['content-type'], found.body.kind]).toEqual([
          200,
          'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
          'APIGroupDiscoveryList',
        ])
        const plain = await server().call('GET', path, undefined, { accept: 'application/json' })
        expect(mediaOf(plain.headers)).toBe('application/json')
      }
    })

    same('OpenAPI v3 says what a patch may carry', async (t) => {
      for (const [document, path] of [
        ['/openapi/v3/apis/grove.io/v1alpha1', '/apis/grove.io/v1alpha1/namespaces/{namespace}/podcliquesets/{name}'],
        ['/openapi/v3/api/v1', '/api/v1/namespaces/{namespace}/configmaps/{name}'],
      ] as const) {
        await t.http<Operations>('GET', document, undefined, {}, ({ paths }) => {
          const { patch } = paths[path] ?? {}
          return {
            parameters: patch?.parameters?.map(({ name }) => name).sort(),
            types: Object.keys(patch?.requestBody?.content ?? {})
              .filter((type) => !type.includes('cbor'))
              .sort(),
          }
        })
      }
    })

    test('who prefers protobuf and takes JSON gets an answer, and our kinds are JSON on every server', async () => {
      const namespace = await server().namespace()
      for (const path of [
        `/api/v1/namespaces/${namespace}`,
        `/apis/grove.io/v1alpha1/namespaces/${namespace}/podcliquesets`,
      ]) {
        const { status } = await server().call('GET', path, undefined, { accept: `${PROTOBUF},application/json` })
        expect([path, status]).toEqual([path, 200])
      }
      const sets = `/apis/grove.io/v1alpha1/namespaces/${namespace}/podcliquesets`
      const { headers } = await server().call('GET', sets, undefined, { accept: `${PROTOBUF},application/json` })
      expect(mediaOf(headers)).toBe('application/json')
    })

    test('our kinds are not to be had in protobuf', async () => {
      const path = '/apis/grove.io/v1alpha1/podcliquesets'
      expect((await server().call('GET', path, undefined, { accept: PROTOBUF })).status).toBe(406)
    })

    same('media types that nobody serves are refused', async (t) => {
      const sets = `/apis/grove.io/v1alpha1/namespaces/${t.namespace}/podcliquesets`
      const maps = `/api/v1/namespaces/${t.namespace}/configmaps`
      await t.http('GET', maps, undefined, { accept: 'text/html' })
      await t.http('GET', `${maps}/none`, undefined, { accept: '*/*' })
      await t.http('POST', maps, 'a=b', { 'content-type': 'application/x-www-form-urlencoded' })
      await t.http('PATCH', `${maps}/none`, '{}', { 'content-type': 'application/json' })
      await t.http('PATCH', `${sets}/none`, '{}', { 'content-type': 'application/strategic-merge-patch+json' })
      await t.http(
        'POST',
        maps,
        'metadata: {name: yaml}\ndata: {a: "1"}\n',
        { 'content-type': 'application/yaml' },
        (b) => b['data'],
      )
    })

    same('what a path does not allow is refused', async (t) => {
      const maps = `/api/v1/namespaces/${t.namespace}/configmaps`
      await t.http('POST', `${maps}/a`, configMap('a', {}))
      await t.http('PUT', maps, configMap('a', {}))
      await t.http('PATCH', maps, {}, { 'content-type': 'application/merge-patch+json' })
      await t.http('DELETE', '/api/v1/namespaces')
      await t.http('GET', `/api/v1/namespaces/${t.namespace}/nothings`)
      await t.http('GET', `${maps}/a/status`)
      await t.http('POST', '/api/v1/configmaps', configMap('a', {}))
      await t.http('POST', `/api/v1/namespaces/${t.namespace}/pods/a/binding`, {})
      await t.http('GET', `/apis/grove.io/v1alpha1/namespaces/${t.namespace}/podcliquesets/a/nothing`)
    })

    same('a body that is no object is refused, and the next one is taken', async (t) => {
      const maps = `/api/v1/namespaces/${t.namespace}/configmaps`
      const status = (body: Record<string, unknown>): unknown => [body['reason'], body['code']]
      for (const body of [
        '{"metadata":',
        '[]',
        '3',
        '""',
        'null',
        '{"metadata":"a"}',
        '{"metadata":{"name":1}}',
        '{"metadata":{"labels":{"a":1}}}',
      ]) {
        await t.http('POST', maps, body, {}, status)
      }
      await t.http('POST', maps, undefined, {}, status)
      await t.http('POST', maps, 'a: [1\n', { 'content-type': 'application/yaml' }, status)
      await t.http(
        'POST',
        maps,
        { ...configMap('a', {}), kind: 'Secret' },
        {},
        (body) => body['code'] === 400 || body['code'] === 422,
      )
      await t.http('POST', maps, { ...configMap('a', {}), apiVersion: 'v2' }, {}, status)
      await t.http('POST', maps, { metadata: { name: 'a', namespace: 'other' } })
      await t.http('PUT', `${maps}/a`, configMap('b', {}))
      await t.http('PATCH', `${maps}/a`, '{"metadata":', { 'content-type': 'application/merge-patch+json' }, status)
      await t.http('POST', maps, configMap('good', { a: '1' }), {}, (body) => body['data'])
    })

    same('reviews are answered and never kept', async (t) => {
      const reviews = '/apis/authorization.k8s.io/v1'
      const status = (body: Record<string, unknown>): unknown => body['status']
      const pods = { resourceAttributes: { namespace: t.namespace, verb: 'create', resource: 'pods' } }
      await t.http('POST', `${reviews}/selfsubjectaccessreviews`, { spec: pods }, {}, status)
      await t.http(
        'POST',
        `${reviews}/selfsubjectaccessreviews`,
        { spec: { nonResourceAttributes: { path: '/healthz', verb: 'get' } } },
        {},
        status,
      )
      const local = `${reviews}/namespaces/${t.namespace}/localsubjectaccessreviews`
      await t.http('POST', local, { spec: { ...pods, user: 'admin', groups: ['system:masters'] } }, {}, status)
      const refusal = (body: Record<string, unknown>): unknown => [body['reason'], body['code']]
      await t.http('POST', `${reviews}/selfsubjectaccessreviews`, { spec: {} }, {}, refusal)
      await t.http('POST', `${reviews}/selfsubjectrulesreviews`, { spec: {} }, {}, refusal)
      await t.http('GET', `${reviews}/selfsubjectaccessreviews`, undefined, {}, refusal)
      await t.http('GET', `${reviews}/selfsubjectaccessreviews/one`, undefined, {}, refusal)
      await t.http('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, {}, (body) => {
        const { userInfo } = body['status'] as { userInfo: { username: string; groups: string[] } }
        return [userInfo.username, userInfo.groups]
      })
    })

    test('a body of 10 MB and a body nested ten thousand deep are refused, and the server goes on', async () => {
      const namespace = await server().namespace()
      const maps = `/api/v1/namespaces/${namespace}/configmaps`
      const large = await server()
        .call('POST', maps, configMap('large', { a: 'x'.repeat(10_000_000) }))
        .catch(() => ({ status: 413 }))
      // A sender that is still sending may see the connection close before it sees the answer.
      expect(large.status).toBe(413)
      const sets = `/apis/grove.io/v1alpha1/namespaces/${namespace}/podcliquesets`
      for (const [path, body] of [
        [maps, `{"metadata":{"name":"deep"},"data":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`],
        [sets, `{"spec":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
      ] as const) {
        expect((await server().call('POST', path, body)).status).toBe(400)
      }
      expect((await server().call('POST', sets, cliqueSet('after'))).status).toBe(201)
    })
  },
  { needsKubectl: false },
)
