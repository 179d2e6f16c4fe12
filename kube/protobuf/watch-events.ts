import type { KubeObject, Status } from '../../api/kinds/kubernetes.ts'
import type { WatchEvent } from '../client.ts'
import { TransportError } from '../transport.ts'
import { STATUS } from './metadata.ts'
import { type Json, message, type Message, readMessage, TEXT } from './projection.ts'
import { PIECE, Wire, WireError } from './wire.ts'

/** What Kubernetes calls its protobuf form; a server that has it for a kind says so in the answer's content-type. */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf'

/** Every object begins with these four bytes: `k8s` and a zero. */
const MAGIC = 0x6b387300
const FRAME_HEAD = 4
/** Larger frames than any object can be (etcd takes 1.5 MB) mean that this is no watch. */
const FRAME_MAX = 64 * 1024 * 1024
const FIRST = (1 << 3) | PIECE
const SECOND = (2 << 3) | PIECE
const TYPE_META = message({ 1: ['apiVersion', TEXT], 2: ['kind', TEXT] })

/**
 * The events of a watch in protobuf form: frames, each with its length in four bytes before it. Throws TransportError
 * when the stream breaks or a frame cannot be read; what was read before it has been told.
 */
export async function* protobufEvents(
  chunks: AsyncIterable<Uint8Array>,
  projection: Message,
): AsyncGenerator<WatchEvent> {
  let waiting: Buffer[] = []
  let missing = FRAME_HEAD
  for await (const chunk of chunks) {
    waiting.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    missing -= chunk.byteLength
    if (missing > 0) continue
    const rest = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting)
    let at = 0
    for (let end = frameEnd(rest, at); end <= rest.length; end = frameEnd(rest, at)) {
      yield eventOf(rest.subarray(at + FRAME_HEAD, end), projection)
      at = end
    }
    missing = frameEnd(rest, at) - rest.length
    waiting = [rest.subarray(at)]
  }
  if (waiting.some((part) => part.length > 0)) throw new TransportError('connection', 'a watch ended in mid-frame')
}

/** Where the frame that begins at `at` ends; with an unknown length, where its head does. */
function frameEnd(bytes: Buffer, at: number): number {
  if (bytes.length - at < FRAME_HEAD) return at + FRAME_HEAD
  const length = bytes.readUInt32BE(at)
  if (length > FRAME_MAX) throw new TransportError('connection', `a watch frame of ${length} bytes`)
  return at + FRAME_HEAD + length
}

const EVENT_TYPES: ReadonlySet<string> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'])

function eventOf(frame: Buffer, projection: Message): WatchEvent {
  try {
    return readEvent(new Wire(frame), projection)
  } catch (error) {
    if (error instanceof WireError)
      throw new TransportError('connection', `a watch frame is no event: ${error.message}`)
    throw error
  }
}

/** WatchEvent {1: type, 2: RawExtension {1: the object}}. */
function readEvent(wire: Wire, projection: Message): WatchEvent {
  let type = ''
  let object: Json | null = null
  while (wire.at < wire.length) {
    const key = wire.uint32()
    if (key === FIRST) type = wire.text(wire.pieceEnd(wire.length))
    else if (key === SECOND) object = readRaw(wire, wire.pieceEnd(wire.length), type === 'ERROR' ? STATUS : projection)
    else wire.skip(key & 7, wire.length)
  }
  const metadata = object?.['metadata'] as { resourceVersion?: string } | undefined
  if (!EVENT_TYPES.has(type) || object === null) throw new WireError('neither a type nor an object')
  if (type === 'ERROR') return { type, object: object as unknown as Status }
  if (metadata?.resourceVersion === undefined) throw new WireError('an object without a version')
  return { type: type as 'ADDED', object: object as unknown as KubeObject }
}

function readRaw(wire: Wire, end: number, projection: Message): Json | null {
  let object: Json | null = null
  while (wire.at < end) {
    const key = wire.uint32()
    if (key === FIRST) object = readObject(wire, wire.pieceEnd(end), projection)
    else wire.skip(key & 7, end)
  }
  return object
}

/** Magic, then Unknown {1: TypeMeta {1: apiVersion, 2: kind}, 2: the object's own message}. */
function readObject(wire: Wire, end: number, projection: Message): Json {
  if (wire.magic() !== MAGIC) throw new WireError('an object that does not begin as one')
  const object: Json = {}
  while (wire.at < end) {
    const key = wire.uint32()
    if (key === FIRST) readMessage(TYPE_META, wire, wire.pieceEnd(end), object)
    else if (key === SECOND) readMessage(projection, wire, wire.pieceEnd(end), object)
    else wire.skip(key & 7, end)
  }
  return object
}

/** The Status that a server refuses with, in protobuf form, as JSON text; '' where it cannot be read. */
export function statusText(body: Buffer): string {
  try {
    const wire = new Wire(body)
    return JSON.stringify(readObject(wire, wire.length, STATUS))
  } catch (error) {
    if (error instanceof WireError) return ''
    throw error
  }
}
