/** Our own kinds: schema, defaults, rules and subresources hold on a real API server as on the embedded one. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { describeBoth } from './servers.ts'

type Body = KubeObject & {
  spec: Record<string, unknown> & { template: Record<string, unknown> }
  status: Record<string, unknown>
  message: string
  reason: string
  details: { causes?: { field: string; message: string; reason: string }[] }
}

const MERGE = { 'content-type': 'application/merge-patch+json' }
const SETS = 'podcliquesets'

const clique = (name: string, more: object = {}): object => ({
  name,
  spec: { roleName: name, replicas: 1, podSpec: { containers: [{ name: 'main', image: 'engine' }] }, ...more },
})
const set = (name: string, template: object, replicas = 1): object => ({
  apiVersion: 'grove.io/v1alpha1',
  kind: 'PodCliqueSet',
  metadata: { name },
  spec: { replicas, template: { cliques: [clique('a')], ...template } },
})

describeBoth('our kinds', (server) => {
  const call = (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => server().call<Body>(method, path, body, headers)
  const sets = async (): Promise<string> => `/apis/grove.io/v1alpha1/namespaces/${await server().namespace()}/${SETS}`
  const refusal = async (template: object, replicas = 1): Promise<string[]> => {
    const { status, body } = await call('POST', await sets(), set('s', template, replicas))
    expect(status, JSON.stringify(body)).toBe(422)
    return (body.details.causes ?? []).map(({ field, message }) => `${field}: ${message}`)
  }

  test('constants are defaulted, and nothing that depends on another field', async () => {
    const { status, body } = await call('POST', await sets(), set('s', {}))
    expect(status, JSON.stringify(body)).toBe(201)
    expect(body.metadata.generation).toBe(1)
    expect(body.spec.template).toMatchObject({
      cliqueStartupType: 'CliqueStartupTypeAnyOrder',
      terminationDelay: '4h',
      headlessServiceConfig: { publishNotReadyAddresses: true },
    })
    expect(JSON.stringify(body.spec)).not.toContain('minAvailable')
  })

  test('a field that the schema does not know is pruned, or refused when asked to be strict', async () => {
    const path = await sets()
    const odd = { ...set('s', {}), nonsense: 1 }
    const strict = await call('POST', `${path}?fieldValidation=Strict`, odd)
    expect([strict.status, strict.body.reason]).toEqual([400, 'BadRequest'])
    expect(strict.body.message).toContain('unknown field "nonsense"')
    const { body } = await call('POST', path, odd)
    expect(body).not.toHaveProperty('nonsense')
  })

  test('wrong types and bounds are refused with the field', async () => {
    expect(await refusal({}, -1)).toContain(
      'spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0',
    )
    expect((await refusal({ cliqueStartupType: 'Sometimes' }))[0]).toContain(
      'spec.template.cliqueStartupType: Unsupported value: "Sometimes"',
    )
    expect((await refusal({ cliques: [] }))[0]).toMatch(/^spec\.template\.cliques: /)
  })

  test('deprecated packDomain is refused on create with the published wording', async () => {
    const causes = await refusal({ topologyConstraint: { topologyName: 't', packDomain: 'rack' } })
    expect(causes.join('\n')).toContain(
      'packDomain is deprecated and cannot be used on new workloads; use pack.required',
    )
  })

  test('pack needs one of its two, and a constraint needs pack', async () => {
    expect((await refusal({ topologyConstraint: { topologyName: 't', pack: {} } })).join('\n')).toContain(
      'pack must specify at least one of required or preferred',
    )
    expect((await refusal({ topologyConstraint: { topologyName: 't' } })).join('\n')).toContain(
      'topologyConstraint must specify pack or deprecated packDomain',
    )
  })

  test('what is immutable says so', async () => {
    const path = await sets()
    await call('POST', path, set('s', {}))
    const { status, body } = await call(
      'PATCH',
      `${path}/s`,
      { spec: { template: { cliqueStartupType: 'CliqueStartupTypeInOrder' } } },
      MERGE,
    )
    expect(status).toBe(422)
    expect(body.message).toContain('field is immutable')
    const renamed = await call('PATCH', `${path}/s`, { spec: { template: { cliques: [clique('b')] } } }, MERGE)
    expect([renamed.status, renamed.body.reason]).toEqual([422, 'Invalid'])
  })

  test('two cliques of one name, an unknown predecessor and a member of two groups are refused', async () => {
    expect((await refusal({ cliques: [clique('a'), clique('a')] })).length).toBeGreaterThan(0)
    expect(
      (
        await refusal({
          cliqueStartupType: 'CliqueStartupTypeExplicit',
          cliques: [clique('a', { startsAfter: ['zz'] })],
        })
      ).length,
    ).toBeGreaterThan(0)
    const groups = ['g', 'h'].map((name) => ({ name, cliqueNames: ['a'] }))
    expect((await refusal({ podCliqueScalingGroups: groups })).length).toBeGreaterThan(0)
  })

  test('minAvailable above replicas, and names over the budget, are refused', async () => {
    expect((await refusal({ cliques: [clique('a', { minAvailable: 2 })] })).length).toBeGreaterThan(0)
    expect(
      (await refusal({ cliques: [clique('a-very-long-name-of-a-clique-that-fills-the-budget')] })).length,
    ).toBeGreaterThan(0)
  })

  test('status is written apart from spec, and only spec moves the generation', async () => {
    const path = await sets()
    await call('POST', path, set('s', {}))
    const written = await call('PATCH', `${path}/s/status`, { spec: { replicas: 9 }, status: { replicas: 3 } }, MERGE)
    expect([
      written.status,
      written.body.spec['replicas'],
      written.body.status['replicas'],
      written.body.metadata.generation,
    ]).toEqual([200, 1, 3, 1])
    const edited = await call('PATCH', `${path}/s`, { spec: { replicas: 2 }, status: { replicas: 7 } }, MERGE)
    expect([edited.body.spec['replicas'], edited.body.status['replicas'], edited.body.metadata.generation]).toEqual([
      2, 3, 2,
    ])
  })

  test('the scale subresource reads and writes replicas', async () => {
    const path = await sets()
    await call('POST', path, set('s', {}, 2))
    const scale = await call('GET', `${path}/s/scale`)
    expect(scale.body).toMatchObject({ apiVersion: 'autoscaling/v1', kind: 'Scale', spec: { replicas: 2 } })
    const { body } = await call('PATCH', `${path}/s/scale`, { spec: { replicas: 5 } }, MERGE)
    expect(body.spec['replicas']).toBe(5)
    expect((await call('GET', `${path}/s`)).body.spec['replicas']).toBe(5)
  })

  test('the table has the printed columns', async () => {
    const path = await sets()
    await call('POST', path, set('s', {}, 2))
    const { body } = await server().call<{
      kind: string
      columnDefinitions: { name: string }[]
      rows: { cells: unknown[] }[]
    }>('GET', path, undefined, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    })
    expect(body.kind).toBe('Table')
    expect(body.columnDefinitions.slice(0, 3).map(({ name }) => name)).toEqual(['Name', 'Replicas', 'Available'])
    expect(body.columnDefinitions.at(-1)?.name).toBe('Age')
    expect(body.rows.map(({ cells }) => cells.slice(0, 2))).toEqual([['s', 2]])
  })

  test('every sample is accepted as it stands', async () => {
    const folder = new URL('../../deploy/samples/', import.meta.url)
    const namespace = await server().namespace()
    const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
    expect(files.length).toBeGreaterThan(4)
    for (const file of files) {
      for (const document of parseAllDocuments(readFileSync(new URL(file, folder), 'utf8'))) {
        const object = document.toJS() as KubeObject | null
        if (object === null) continue
        const plural =
          object.kind === 'PodCliqueSet'
            ? SETS
            : object.kind === 'DynamoGraphDeployment'
              ? 'dynamographdeployments'
              : null
        if (plural === null) continue
        const { status, body } = await call(
          'POST',
          `/apis/${object.apiVersion}/namespaces/${namespace}/${plural}?fieldValidation=Strict`,
          object,
        )
        expect([file, status, status === 201 ? '' : body.message]).toEqual([file, 201, ''])
      }
    }
  })

  test('kubectl explain has something to say: descriptions are served', async () => {
    const { body } = await server().call<{
      components: {
        schemas: Record<string, { description?: string; properties?: Record<string, { description?: string }> }>
      }
    }>('GET', '/openapi/v3/apis/grove.io/v1alpha1')
    const schema = Object.entries(body.components.schemas).find(([name]) => name.endsWith('PodCliqueSet'))?.[1]
    expect(schema?.description?.length).toBeGreaterThan(20)
    expect(schema?.properties?.['spec']?.description?.length).toBeGreaterThan(5)
  })
})
