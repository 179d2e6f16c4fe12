import messages from './generated/protobuf.json' with { type: 'json' }
import { badRequest } from './api-error.ts'
import { isRecord, recordAt, setOwn, type Json } from './json.ts'
import { modelOf } from './model-name.ts'
import { MODEL_FIELDS } from './model-shapes.ts'

const MESSAGES: Readonly<Record<string, Readonly<Record<string, string>> | undefined>> = messages

/** Every body in Kubernetes' protobuf form begins with these four bytes. */
const MAGIC = [0x6b, 0x38, 0x73, 0x00] as const

const broken = (): Error => badRequest('the protobuf body cannot be read')

/** Reads the wire format: keys, varints and pieces of known length. */
class Wire {
  readonly #bytes: Uint8Array
  #at = 0
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw broken()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw broken()
  }

  piece(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw broken()
    const piece = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return piece
  }

  /** The next field: its number and its raw value. */
  field(): { number: number; value: bigint | Uint8Array } {
    const key = Number(this.varint())
    const number = key >>> 3
    switch (key & 7) {
      case 0:
        return { number, value: this.varint() }
      case 1:
        return { number, value: this.piece(8) }
      case 2:
        return { number, value: this.piece(Number(this.varint())) }
      case 5:
        return { number, value: this.piece(4) }
      default:
        throw broken()
    }
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

function bytesOf(value: bigint | Uint8Array): Uint8Array {
  if (typeof value === 'bigint') throw broken()
  return value
}

/** Number → raw value of a message of scalars; the last one of a field counts. */
function plainFields(bytes: Uint8Array): Map<number, bigint | Uint8Array> {
  const wire = new Wire(bytes)
  const fields = new Map<number, bigint | Uint8Array>()
  while (!wire.isAtEnd) {
    const { number, value } = wire.field()
    fields.set(number, value)
  }
  return fields
}

function timeText(bytes: Uint8Array, isMicro: boolean): string | null {
  const fields = plainFields(bytes)
  const seconds = Number(BigInt.asIntN(64, (fields.get(1) as bigint | undefined) ?? 0n))
  const nanos = Number((fields.get(2) as bigint | undefined) ?? 0n)
  if (seconds <= 0 && nanos === 0) return null
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19)
  return isMicro ? `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z` : `${whole}Z`
}

function intOrString(bytes: Uint8Array): unknown {
  const fields = plainFields(bytes)
  const kind = (fields.get(1) as bigint | undefined) ?? 0n
  if (kind === 1n) return text(bytesOf(fields.get(3) ?? new Uint8Array()))
  return Number(BigInt.asIntN(32, (fields.get(2) as bigint | undefined) ?? 0n))
}

const rawJson = (bytes: Uint8Array): unknown => {
  const inner = plainFields(bytes).get(1)
  return inner === undefined ? null : (JSON.parse(text(bytesOf(inner))) as unknown)
}

function scalar(type: string, value: bigint | Uint8Array): unknown {
  switch (type) {
    case 'bool':
      return value === 1n
    case 'int32':
    case 'int64':
      return typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : 0
    case 'uint32':
    case 'uint64':
      return Number(value as bigint)
    case 'double':
      return Buffer.from(bytesOf(value)).readDoubleLE(0)
    case 'bytes':
      return Buffer.from(bytesOf(value)).toString('base64')
    default:
      return text(bytesOf(value))
  }
}

const SCALARS = new Set(['string', 'bool', 'bytes', 'int32', 'int64', 'uint32', 'uint64', 'double'])

function valueOf(type: string, value: bigint | Uint8Array): unknown {
  if (SCALARS.has(type)) return scalar(type, value)
  const bytes = bytesOf(value)
  if (type === 'quantity') return text(bytesOf(plainFields(bytes).get(1) ?? new Uint8Array()))
  if (type === 'int-or-string') return intOrString(bytes)
  if (type === 'raw') return rawJson(bytes)
  if (type === 'meta.v1.Time') return timeText(bytes, false)
  if (type === 'meta.v1.MicroTime') return timeText(bytes, true)
  if (type === 'meta.v1.FieldsV1') return rawJson(bytes)
  return messageOf(type, bytes)
}

/** Fields that JSON has not under that name are Go's embedded structs: their fields belong to the holder. */
function isEmbedded(message: string, field: string, type: string): boolean {
  const model = MODEL_FIELDS[message]
  return MESSAGES[type] !== undefined && model !== undefined && model[field] === undefined
}

function messageOf(message: string, bytes: Uint8Array): Json {
  const fields = MESSAGES[message]
  if (fields === undefined) throw broken()
  const object: Json = {}
  const wire = new Wire(bytes)
  while (!wire.isAtEnd) {
    const { number, value } = wire.field()
    const [name, type] = (fields[number]?.split(' ') ?? []) as [string?, string?]
    if (name === undefined || type === undefined) continue
    if (type.startsWith('[]')) {
      object[name] = [...((object[name] as unknown[] | undefined) ?? []), valueOf(type.slice(2), value)]
    } else if (type.startsWith('{}')) {
      const entry = plainFields(bytesOf(value))
      const map = recordAt(object, name)
      setOwn(
        map,
        text(bytesOf(entry.get(1) ?? new Uint8Array())),
        valueOf(type.slice(2), entry.get(2) ?? new Uint8Array()),
      )
      object[name] = map
    } else if (isEmbedded(message, name, type)) Object.assign(object, valueOf(type, value))
    else keep(object, name, type, valueOf(type, value))
  }
  return object
}

/** Go writes empty texts, zeros and empty structs for what was never set; JSON leaves them out. */
function keep(object: Json, name: string, type: string, value: unknown): void {
  if (value === '' || value === null || (name === 'generation' && value === 0)) return
  if (
    isRecord(value) &&
    Object.keys(value).length === 0 &&
    (name === 'status' || type.endsWith('Status') || name === 'metadata' || name === 'resources')
  )
    return
  object[name] = value
}

/** An object in Kubernetes' protobuf form, as JSON: typed clients of kubectl write no other. */
export function fromProtobuf(bytes: Uint8Array): Json {
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw broken()
  const envelope = plainFields(bytes.subarray(MAGIC.length))
  const type = plainFields(bytesOf(envelope.get(1) ?? new Uint8Array()))
  const apiVersion = text(bytesOf(type.get(1) ?? new Uint8Array()))
  const kind = text(bytesOf(type.get(2) ?? new Uint8Array()))
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion]
  const model = kind === 'DeleteOptions' ? 'meta.v1.DeleteOptions' : modelOf(group, version, kind)
  if (MESSAGES[model] === undefined) throw badRequest(`no kind "${kind}" is registered for version "${apiVersion}"`)
  return { apiVersion, kind, ...messageOf(model, bytesOf(envelope.get(2) ?? new Uint8Array())) }
}
