/** Objects of built-in kinds in protobuf form, as kube-apiserver writes them: made from the table of all field numbers. */
import messages from '../../../sim/server/generated/protobuf.json' with { type: 'json' }
import { MODEL_FIELDS } from '../../../sim/server/model-shapes.ts'

export type Json = Record<string, unknown>
type Fields = Readonly<Record<string, string>>

export const MESSAGES: Readonly<Record<string, Fields | undefined>> = messages

/** Fields that JSON has not under that name are embedded structs: their fields belong to the holder. */
export const isEmbedded = (model: string, name: string, type: string): boolean =>
  MESSAGES[type] !== undefined && MODEL_FIELDS[model] !== undefined && MODEL_FIELDS[model][name] === undefined

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  do {
    const bits = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest === 0n ? bits : bits | 0x80)
  } while (rest !== 0n)
  return Buffer.from(bytes)
}

const keyed = (number: number, type: number): Buffer => varint(BigInt(number * 8 + type))

export const piece = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([keyed(number, 2), varint(BigInt(bytes.length)), bytes])

const INTEGERS = new Set(['int32', 'int64', 'uint32', 'uint64'])

function valueBytes(number: number, type: string, value: unknown): Buffer {
  if (type === 'bool') return Buffer.concat([keyed(number, 0), varint(value === true ? 1n : 0n)])
  if (INTEGERS.has(type)) return Buffer.concat([keyed(number, 0), varint(BigInt(value as number))])
  if (type === 'double') return Buffer.concat([keyed(number, 1), Buffer.alloc(8)])
  if (type === 'string' || type === 'bytes') return piece(number, Buffer.from(String(value)))
  if (type === 'quantity') return piece(number, piece(1, Buffer.from(String(value))))
  if (type === 'meta.v1.Time' || type === 'meta.v1.MicroTime') {
    return piece(number, valueBytes(1, 'int64', Date.parse(String(value)) / 1_000))
  }
  if (MESSAGES[type] === undefined) return piece(number, Buffer.from([0x08, 0x01])) // leaves that nobody reads
  return piece(number, encode(type, value as Json))
}

const entryBytes = (number: number, type: string, map: Json): Buffer[] =>
  Object.keys(map)
    .sort()
    .map((key) => piece(number, Buffer.concat([piece(1, Buffer.from(key)), valueBytes(2, type, map[key])])))

/** One message. What JSON has not is left out, as a pointer is that is nil. */
export function encode(model: string, object: Json): Buffer {
  const parts = Object.entries(MESSAGES[model] ?? {}).flatMap(([text, field]) => {
    const number = Number(text)
    const [name, type] = field.split(' ') as [string, string]
    if (isEmbedded(model, name, type)) return [piece(number, encode(type, object))]
    const value = object[name]
    if (value === undefined || value === null) return []
    if (type.startsWith('[]')) return (value as unknown[]).map((one) => valueBytes(number, type.slice(2), one))
    if (type.startsWith('{}')) return entryBytes(number, type.slice(2), value as Json)
    return [valueBytes(number, type, value)]
  })
  return Buffer.concat(parts)
}

/** With the four bytes and the envelope that every object has. */
export function encodeObject(model: string, object: Json): Buffer {
  const { apiVersion = 'v1', kind = '' } = object as { apiVersion?: string; kind?: string }
  const type = Buffer.concat([piece(1, Buffer.from(apiVersion)), piece(2, Buffer.from(kind))])
  return Buffer.concat([Buffer.from('k8s\0'), piece(1, type), piece(2, encode(model, object))])
}

/** One frame of a watch: its length, then WatchEvent {type, RawExtension {object}}. */
export function encodeEvent(type: string, model: string, object: Json): Buffer {
  const event = Buffer.concat([piece(1, Buffer.from(type)), piece(2, piece(1, encodeObject(model, object)))])
  const head = Buffer.alloc(4)
  head.writeUInt32BE(event.length)
  return Buffer.concat([head, event])
}
