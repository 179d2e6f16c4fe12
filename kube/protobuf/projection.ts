import { Records } from './records.ts'
import { PIECE, VARINT, Wire, WireError } from './wire.ts'

/**
 * What is read of a message, as the JSON form of the same object would have it. Fields that a projection does not name
 * are passed over without being looked at, which is what makes it cheap: most of a node or a pod is passed over.
 *
 * Go writes fields that are no pointers even where they are empty; JSON leaves them out, and so do `text`, `flag` and
 * `int`. `pointer` keeps a zero that somebody set.
 */
export type Form =
  | Readonly<{ kind: 'text' | 'id' | 'flag' | 'int' | 'pointer' | 'quantity' | 'time' | 'present' }>
  | Readonly<{ kind: 'map'; value: 'text' | 'quantity'; only: ReadonlySet<string> | null }>
  | Readonly<{ kind: 'list'; of: Form }>
  | Message

export interface Field {
  readonly name: string
  readonly form: Form
}

/**
 * Fields by number. `isShared`: it recurs from object to object, byte for byte (resources, tolerations); it is read once
 * then, and is one object wherever it stands.
 */
export interface Message {
  readonly kind: 'message'
  readonly fields: readonly (Field | undefined)[]
  readonly isShared: boolean
}

export const TEXT: Form = { kind: 'text' }
/** A text that no two objects share. */
export const ID: Form = { kind: 'id' }
export const FLAG: Form = { kind: 'flag' }
export const INT: Form = { kind: 'int' }
export const POINTER: Form = { kind: 'pointer' }
export const QUANTITY: Form = { kind: 'quantity' }
export const TIME: Form = { kind: 'time' }
/** Only that it is there: an empty object. */
export const PRESENT: Form = { kind: 'present' }
export const TEXTS: Form = { kind: 'map', value: 'text', only: null }
export const QUANTITIES: Form = { kind: 'map', value: 'quantity', only: null }
export const textsOf = (...keys: readonly string[]): Form => ({ kind: 'map', value: 'text', only: new Set(keys) })
export const listOf = (form: Form): Form => ({ kind: 'list', of: form })

/** `{1: ['metadata', METADATA]}`. A field without a name is an embedded struct: its fields belong to the holder. */
export function message(fields: Readonly<Record<number, readonly [name: string, form: Form]>>): Message {
  const byNumber: (Field | undefined)[] = []
  for (const [number, [name, form]] of Object.entries(fields)) byNumber[Number(number)] = { name, form }
  return { kind: 'message', fields: byNumber, isShared: false }
}

/** As the message, where many objects hold the same bytes. Nobody may change what is read. */
export const shared = (form: Message): Message => ({ ...form, isShared: true })

export type Json = Record<string, unknown>

/** One message from the wire's position to `end`. Throws WireError. */
export function readMessage({ fields }: Message, wire: Wire, end: number, into: Json = {}): Json {
  while (wire.at < end) {
    const key = wire.uint32()
    const field = fields[key >>> 3]
    if (field === undefined) wire.skip(key & 7, end)
    else if (field.form.kind === 'map') readMap(field.name, field.form, key, wire, end, into)
    else readField(field, key & 7, wire, end, into)
  }
  if (wire.at > end) throw new WireError('a message is cut off')
  return into
}

function readField({ name, form }: Field, type: number, wire: Wire, end: number, into: Json): void {
  if (form.kind === 'flag' || form.kind === 'int' || form.kind === 'pointer') {
    if (type !== VARINT) throw new WireError(`${name} is no number`)
    const value = wire.int()
    if (form.kind === 'pointer' || value !== 0) into[name] = form.kind === 'flag' ? true : value
    return
  }
  if (type !== PIECE) throw new WireError(`${name} is no piece`)
  const pieceEnd = wire.pieceEnd(end)
  if (form.kind === 'list') listAt(into, name).push(readPiece(form.of, wire, pieceEnd))
  else if (form.kind === 'message' && name === '') readMessage(form, wire, pieceEnd, into)
  else {
    const value = readPiece(form, wire, pieceEnd)
    if (value !== '') into[name] = value
  }
}

function listAt(into: Json, name: string): unknown[] {
  const list = (into[name] as unknown[] | undefined) ?? []
  into[name] = list
  return list
}

const RECORDS = new Records()
/** The row of entries that is read; reading one never leads into another. */
const KEYS: string[] = []
const VALUES: string[] = []

/** A row of entries, of which the key of the first field was read. The rest of the map may come after other fields. */
function readMap(name: string, form: Form & { kind: 'map' }, tag: number, wire: Wire, end: number, into: Json): void {
  if ((tag & 7) !== PIECE) throw new WireError(`${name} is no piece`)
  let count = 0
  do {
    if (readEntry(form, count, wire, wire.pieceEnd(end))) count++
  } while (wire.isNext(tag, end))
  const before = into[name] as Json | undefined
  const read = RECORDS.of(KEYS, VALUES, count)
  into[name] = before === undefined ? read : Object.assign(Object.create(null), before, read)
}

function readPiece(form: Form, wire: Wire, end: number): unknown {
  switch (form.kind) {
    case 'text':
      return wire.text(end)
    case 'id':
      return wire.uniqueText(end)
    case 'message':
      return form.isShared ? wire.shared(form, end, readWhole) : readMessage(form, wire, end)
    case 'quantity':
      return readQuantity(wire, end)
    case 'time':
      return readTime(wire, end)
    case 'present':
      wire.at = end
      return {}
    default:
      throw new WireError(`a ${form.kind} is no piece`)
  }
}

const readWhole = (form: Message, wire: Wire, end: number): Json => readMessage(form, wire, end)

const MAP_KEY = (1 << 3) | PIECE
const MAP_VALUE = (2 << 3) | PIECE

/** Into that place of the row; false: nobody asked for its key. */
function readEntry({ value: form, only }: Form & { kind: 'map' }, at: number, wire: Wire, end: number): boolean {
  let key = ''
  let value = form === 'text' ? '' : '0'
  while (wire.at < end) {
    const field = wire.uint32()
    if (field === MAP_KEY) key = wire.text(wire.pieceEnd(end))
    else if (field === MAP_VALUE && (only === null || only.has(key))) {
      const pieceEnd = wire.pieceEnd(end)
      value = form === 'text' ? wire.text(pieceEnd) : readQuantity(wire, pieceEnd)
    } else wire.skip(field & 7, end)
  }
  KEYS[at] = key
  VALUES[at] = value
  return only === null || only.has(key)
}

/** Quantity {1: text}. */
function readQuantity(wire: Wire, end: number): string {
  let value = '0'
  while (wire.at < end) {
    const field = wire.uint32()
    if (field === MAP_KEY) value = wire.text(wire.pieceEnd(end))
    else wire.skip(field & 7, end)
  }
  return value
}

const SECONDS = (1 << 3) | VARINT

/** Times that recur, by second: whole sets of objects were made in one. A table of fixed size: the later stays. */
const TIMES: ({ readonly seconds: number; readonly text: string } | undefined)[] = []
const TIMES_MAX = 1_024

/** Time {1: seconds, 2: nanoseconds}, as JSON has it: whole seconds. An empty one is none. */
function readTime(wire: Wire, end: number): string | null {
  let seconds: number | null = null
  while (wire.at < end) {
    const field = wire.uint32()
    if (field === SECONDS) seconds = wire.int()
    else wire.skip(field & 7, end)
  }
  if (seconds === null) return null
  const slot = Math.abs(seconds) % TIMES_MAX
  const known = TIMES[slot]
  if (known !== undefined && known.seconds === seconds) return known.text
  const text = `${new Date(seconds * 1_000).toISOString().slice(0, 19)}Z`
  TIMES[slot] = { seconds, text }
  return text
}
