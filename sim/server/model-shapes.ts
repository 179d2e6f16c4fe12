import models from './generated/models.json' with { type: 'json' }
import type { ListShape, Shape, StructShape } from './shape.ts'

const MODELS: Readonly<Record<string, Readonly<Record<string, string>> | undefined>> = models

const made = new Map<string, StructShape>()

export const isModel = (name: string): boolean => MODELS[name] !== undefined

/** Fields that a model must have. */
export function requiredOf(name: string): readonly string[] {
  const fields = Object.entries(MODELS[name] ?? {})
  return fields.filter(([, text]) => text.split(' ').includes('req')).map(([field]) => field)
}

function listShape(item: Shape, flags: readonly string[]): ListShape {
  const listType = flags.find((flag) => flag.startsWith('list='))?.slice(5) ?? ''
  const merge = flags.find((flag) => flag.startsWith('merge='))
  return {
    kind: 'list',
    item,
    listType: listType.startsWith('map:') ? 'map' : listType === 'set' ? 'set' : 'atomic',
    keys: listType.startsWith('map:') ? listType.slice(4).split(',') : [],
    mergeKey: merge === undefined ? null : merge.slice(6),
    isInline: flags.includes('req'),
  }
}

const LEAVES: Readonly<Record<string, Shape>> = {
  any: { kind: 'any' },
  string: { kind: 'scalar', type: 'string', format: '' },
  byte: { kind: 'scalar', type: 'string', format: 'byte' },
  time: { kind: 'scalar', type: 'string', format: 'date-time' },
  'micro-time': { kind: 'scalar', type: 'string', format: 'micro-time' },
  boolean: { kind: 'scalar', type: 'boolean', format: '' },
  number: { kind: 'scalar', type: 'number', format: 'double' },
  int32: { kind: 'scalar', type: 'integer', format: 'int32' },
  int64: { kind: 'scalar', type: 'integer', format: 'int64' },
  'int-or-string': { kind: 'scalar', type: 'int-or-string', format: '' },
  quantity: { kind: 'scalar', type: 'int-or-string', format: 'quantity' },
}

/** The shape of a field's type and flags, as the generator wrote them. */
function fieldShape(text: string): Shape {
  const [type = 'any', ...flags] = text.split(' ')
  if (type.startsWith('[]')) return listShape(fieldShape(type.slice(2)), flags)
  if (type.startsWith('{}'))
    return { kind: 'map', value: fieldShape(type.slice(2)), isAtomic: flags.includes('atomic') }
  const leaf = LEAVES[type]
  if (leaf !== undefined) return leaf
  const struct = modelShape(type)
  if (flags.includes('atomic')) return { ...struct, isAtomic: true }
  return flags.includes('inline') ? { ...struct, isInline: true } : struct
}

/** Fields read on first use: models name each other, also themselves. */
class LazyFields extends Map<string, Shape> {
  readonly #texts: Readonly<Record<string, string>>
  constructor(texts: Readonly<Record<string, string>>) {
    super()
    this.#texts = texts
  }
  override get(field: string): Shape | undefined {
    const known = super.get(field)
    if (known !== undefined || field === '' || !Object.hasOwn(this.#texts, field)) return known
    const text = this.#texts[field]
    if (text === undefined) return undefined
    const shape = fieldShape(text)
    super.set(field, shape)
    return shape
  }
}

/** The shape of a built-in model. */
export function modelShape(name: string): StructShape {
  const known = made.get(name)
  if (known !== undefined) return known
  const texts = MODELS[name] ?? {}
  const shape: StructShape = {
    kind: 'struct',
    name: name.split('.').at(-1)!,
    fields: new LazyFields(texts),
    isAtomic: texts[''] === 'atomic',
    isOpen: MODELS[name] === undefined,
  }
  made.set(name, shape)
  return shape
}

/** Field → text of all models, for OpenAPI. */
export const MODEL_FIELDS: Readonly<Record<string, Readonly<Record<string, string>> | undefined>> = MODELS
