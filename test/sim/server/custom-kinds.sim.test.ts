import { beforeEach, expect, test } from 'vitest'
import { type Asking, asking, CRDS, type Json, thing, THINGS, thingCrd } from './asking.ts'

let api: Asking
beforeEach(() => {
  api = asking()
})

const replicas = { type: 'integer', minimum: 0, maximum: 9, default: 1 }

async function serve(spec: Json, more: Json = {}): Promise<void> {
  const made = await api.post(CRDS, thingCrd(spec, more))
  expect([made.status, made.body.message]).toEqual([201, undefined])
}

test('a definition is served with the write that makes it, and is listed by discovery', async () => {
  expect((await api.get(THINGS)).status).toBe(404)
  await serve({ properties: { replicas } })
  expect((await api.get(THINGS)).body.items).toEqual([])
  const found = (await api.get('/apis/t.io/v1')).body as unknown as { resources: { name: string }[] }
  expect(found.resources.map(({ name }) => name)).toEqual(['things', 'things/scale', 'things/status'])
  const crd = (await api.get(`${CRDS}/things.t.io`)).body
  expect((crd.status['conditions'] as { type: string }[]).map(({ type }) => type).sort()).toEqual([
    'Established',
    'NamesAccepted',
  ])
})

test('its objects go with a definition', async () => {
  await serve({ properties: { replicas } })
  await api.post(THINGS, thing('a', {}))
  await api.delete(`${CRDS}/things.t.io`)
  expect((await api.get(THINGS)).status).toBe(404)
  await serve({ properties: { replicas } })
  expect((await api.get(THINGS)).body.items).toEqual([])
})

test('defaults are filled in and unknown fields dropped with a warning, or refused when asked to be strict', async () => {
  await serve({ properties: { replicas, open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } })
  const made = await api.post(THINGS, thing('a', { extra: 1, open: { anything: [1] } }))
  expect(made.body.spec).toEqual({ replicas: 1, open: { anything: [1] } })
  expect(made.headers['warning']).toBe('299 - "unknown field \\"spec.extra\\""')
  const strict = await api.post(`${THINGS}?fieldValidation=Strict`, thing('b', { extra: 1 }))
  expect([strict.status, strict.body.message]).toEqual([
    400,
    'Thing in version "v1" cannot be handled as a Thing: strict decoding error: unknown field "spec.extra"',
  ])
})

const faults: { name: string; schema: Json; spec: Json; want: string }[] = [
  {
    name: 'a wrong type',
    schema: { replicas },
    spec: { replicas: 'x' },
    want: 'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"',
  },
  {
    name: 'too small',
    schema: { n: { type: 'integer', minimum: 0 } },
    spec: { n: -1 },
    want: 'spec.n: Invalid value: -1: spec.n in body should be greater than or equal to 0',
  },
  {
    name: 'too large',
    schema: { replicas },
    spec: { replicas: 10 },
    want: 'spec.replicas: Invalid value: 10: spec.replicas in body should be less than or equal to 9',
  },
  {
    name: 'not of the set',
    schema: { a: { type: 'string', enum: ['x', 'y'] } },
    spec: { a: 'z' },
    want: 'spec.a: Unsupported value: "z": supported values: "x", "y"',
  },
  {
    name: 'not matching',
    schema: { a: { type: 'string', pattern: '^b+$' } },
    spec: { a: 'z' },
    want: 'spec.a: Invalid value: "z": spec.a in body should match \'^b+$\'',
  },
  {
    name: 'too long',
    schema: { a: { type: 'string', maxLength: 2 } },
    spec: { a: 'zzz' },
    want: 'spec.a: Too long: may not be more than 2 bytes',
  },
  {
    name: 'too many',
    schema: { a: { type: 'array', maxItems: 1, items: { type: 'string' } } },
    spec: { a: ['1', '2'] },
    want: 'spec.a: Too many: 2: must have at most 1 item',
  },
  {
    name: 'a double in a set',
    schema: { a: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } } },
    spec: { a: ['1', '1'] },
    want: 'spec.a[1]: Duplicate value: "1"',
  },
]
for (const { name, schema, spec, want } of faults) {
  test(`refused by its schema: ${name}`, async () => {
    await serve({ properties: schema })
    const said = await api.post(THINGS, thing('a', spec))
    expect([said.status, said.body.message]).toEqual([422, `Thing.t.io "a" is invalid: ${want}`])
    expect(said.body.details?.causes).toHaveLength(1)
  })
}

test('a required field that is missing is named', async () => {
  await serve({ required: ['a', 'b'], properties: { a: { type: 'string' }, b: { type: 'string' } } })
  const said = await api.post(THINGS, thing('a', {}))
  expect(said.body.message).toBe('Thing.t.io "a" is invalid: [spec.a: Required value, spec.b: Required value]')
})

test('int-or-string takes both, nullable takes null', async () => {
  await serve({ properties: { a: { 'x-kubernetes-int-or-string': true }, b: { type: 'string', nullable: true } } })
  expect((await api.post(THINGS, thing('a', { a: 1, b: null }))).status).toBe(201)
  expect((await api.post(THINGS, thing('b', { a: '1' }))).status).toBe(201)
  expect((await api.post(THINGS, thing('c', { a: true }))).status).toBe(422)
})

test('rules are judged on whole numbers, with their message and at their field', async () => {
  const rule = { rule: 'self.low <= self.high', message: 'low must not be above high', fieldPath: '.low' }
  await serve({
    properties: { low: { type: 'integer' }, high: { type: 'integer' } },
    'x-kubernetes-validations': [rule],
  })
  expect((await api.post(THINGS, thing('a', { low: 1, high: 2 }))).status).toBe(201)
  const said = await api.post(THINGS, thing('b', { low: 3, high: 2 }))
  expect(said.body.message).toBe('Thing.t.io "b" is invalid: spec.low: Invalid value: low must not be above high')
})

test('transition rules see the old value, and only on updates; optionalOldSelf tells a creation', async () => {
  const a = { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'field is immutable' }] }
  const b = {
    type: 'integer',
    'x-kubernetes-validations': [
      {
        rule: 'oldSelf.hasValue() || self == 1',
        optionalOldSelf: true,
        messageExpression: '"starts at one, not " + string(self)',
      },
    ],
  }
  await serve({ properties: { a, b } })
  const wrong = await api.post(THINGS, thing('x', { b: 2 }))
  expect(wrong.body.message).toBe('Thing.t.io "x" is invalid: spec.b: Invalid value: 2: starts at one, not 2')
  await api.post(THINGS, thing('x', { a: 'one', b: 1 }))
  expect((await api.patch(`${THINGS}/x`, 'merge', { spec: { b: 2 } })).status).toBe(200)
  const changed = await api.patch(`${THINGS}/x`, 'merge', { spec: { a: 'two' } })
  expect([changed.status, changed.body.message]).toEqual([
    422,
    'Thing.t.io "x" is invalid: spec.a: Invalid value: "two": field is immutable',
  ])
})

test('a definition whose rule does not compile, or whose schema is not structural, is refused', async () => {
  const broken = await api.post(
    CRDS,
    thingCrd({ properties: { a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self ==' }] } } }),
  )
  expect([broken.status, broken.body.details?.causes?.[0]?.field]).toEqual([
    422,
    'spec.validation.openAPIV3Schema.properties[spec].properties[a].x-kubernetes-validations[0].rule',
  ])
  expect((await api.post(CRDS, thingCrd({ properties: { a: {} } }))).status).toBe(422)
})

test('status and spec are written by their own doors, and only the spec counts generations', async () => {
  await serve({ properties: { replicas } })
  const made = await api.post(THINGS, thing('a', { replicas: 2 }, { status: { replicas: 7 } }))
  expect([made.body.status, made.body.metadata.generation]).toEqual([undefined, 1])
  const status = await api.patch(`${THINGS}/a/status`, 'merge', {
    spec: { replicas: 5 },
    status: { replicas: 2, selector: 'a=b' },
  })
  expect([status.body.spec['replicas'], status.body.status['replicas'], status.body.metadata.generation]).toEqual([
    2, 2, 1,
  ])
  const spec = await api.patch(`${THINGS}/a`, 'merge', { spec: { replicas: 3 }, status: { replicas: 9 } })
  expect([spec.body.spec['replicas'], spec.body.status['replicas'], spec.body.metadata.generation]).toEqual([3, 2, 2])
  const labelled = await api.patch(`${THINGS}/a`, 'merge', { metadata: { labels: { a: 'b' } } })
  expect(labelled.body.metadata.generation).toBe(2)
  const scale = await api.get(`${THINGS}/a/scale`)
  expect([scale.body.spec, scale.body.status]).toEqual([{ replicas: 3 }, { replicas: 2, selector: 'a=b' }])
  await api.patch(`${THINGS}/a/scale`, 'merge', { spec: { replicas: 4 } })
  expect((await api.get(`${THINGS}/a`)).body.spec['replicas']).toBe(4)
  expect((await api.patch(`${THINGS}/a/scale`, 'merge', { spec: { replicas: -1 } })).status).toBe(422)
})

test('printer columns make the table', async () => {
  const additionalPrinterColumns = [
    { name: 'Want', type: 'integer', jsonPath: '.spec.replicas' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', priority: 1 },
  ]
  await serve({ properties: { replicas } }, { additionalPrinterColumns })
  await api.post(THINGS, thing('a', {}))
  await api.patch(`${THINGS}/a/status`, 'merge', {
    status: {
      conditions: [
        { type: 'Other', status: 'x' },
        { type: 'Ready', status: 'True' },
      ],
    },
  })
  const said = await api.get(THINGS, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' })
  const table = said.body as unknown as {
    columnDefinitions: { name: string; priority: number }[]
    rows: { cells: unknown[] }[]
  }
  expect(table.columnDefinitions.map(({ name, priority }) => `${name} ${priority}`)).toEqual([
    'Name 0',
    'Want 0',
    'Ready 0',
    'Age 1',
  ])
  expect(table.rows.map(({ cells }) => cells)).toEqual([['a', 1, 'True', '0s']])
})
