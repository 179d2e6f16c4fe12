import fc, { type Arbitrary } from 'fast-check'
import { isEmbedded, type Json, MESSAGES } from './encode.ts'

/** Any object of a model, every field of it there or not, in the JSON form that an API server gives it. */

const WORDS = ['', 'a', 'In', 'Always', 'gpu', 'ü', 'Failed', 'True', 'Ready', 'metadata.name', 'x'.repeat(80)]
const words: Arbitrary<string> = fc.constantFrom(...WORDS)
const amounts: Arbitrary<string> = fc.constantFrom('1', '500m', '2Gi', '1500M', '0')
const times: Arbitrary<string> = fc
  .integer({ min: 0, max: 2_000_000_000 })
  .map((seconds) => `${new Date(seconds * 1_000).toISOString().slice(0, 19)}Z`)
const DEPTH_MAX = 7

function valueOf(type: string, depth: number): Arbitrary<unknown> {
  if (type.startsWith('[]')) return fc.array(valueOf(type.slice(2), depth), { minLength: 1, maxLength: 2 })
  if (type.startsWith('{}')) return fc.dictionary(words, valueOf(type.slice(2), depth), { minKeys: 1, maxKeys: 3 })
  if (type === 'bool') return fc.boolean()
  if (type === 'int32') return fc.integer()
  if (type === 'int64' || type === 'uint32') return fc.nat()
  if (type === 'quantity') return amounts
  if (type === 'meta.v1.Time' || type === 'meta.v1.MicroTime') return times
  if (MESSAGES[type] !== undefined) return depth > DEPTH_MAX ? fc.constant({}) : fieldsOf(type, depth + 1)
  return type === 'string' ? words : fc.constant('x')
}

/** JSON leaves out what is empty; protobuf has no empty lists and maps to begin with. */
const isEmpty = (value: unknown): boolean => value === '' || value === false || value === 0

function fieldsOf(model: string, depth: number): Arbitrary<Json> {
  const parts = Object.values(MESSAGES[model] ?? {}).map((field): Arbitrary<Json> => {
    const [name, type] = field.split(' ') as [string, string]
    if (isEmbedded(model, name, type)) return fieldsOf(type, depth)
    const there = valueOf(type, depth).map((value): Json => (isEmpty(value) ? {} : { [name]: value }))
    return fc.oneof({ arbitrary: fc.constant({}), weight: 1 }, { arbitrary: there, weight: 2 })
  })
  return fc.tuple(...parts).map((all) => Object.assign({}, ...all) as Json)
}

/** An object as it is stored: with a name, a uid and a version. */
export const objectsOf = (model: string, kind: string): Arbitrary<Json> =>
  fc.tuple(fieldsOf(model, 0), fc.uuid(), fc.nat()).map(([object, uid, version]) => ({
    ...object,
    apiVersion: 'v1',
    kind,
    metadata: {
      creationTimestamp: '2026-01-02T03:04:05Z',
      ...(object['metadata'] as object | undefined),
      name: `n-${uid}`,
      uid,
      resourceVersion: String(version + 1),
    },
  }))
