import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../../api/kinds/kubernetes.ts'
import type { WatchEvent } from '../../../kube/client.ts'
import { metadataOf, STATUS } from '../../../kube/protobuf/metadata.ts'
import type { Form, Message } from '../../../kube/protobuf/projection.ts'
import { protobufEvents, statusText } from '../../../kube/protobuf/watch-events.ts'
import { TransportError } from '../../../kube/transport.ts'
import { NODE_FIELDS } from '../../../scheduler/state/node-fields.ts'
import { projectNode } from '../../../scheduler/state/node-facts.ts'
import { projectPod } from '../../../scheduler/state/pod-facts.ts'
import { POD_FIELDS } from '../../../scheduler/state/pod-fields.ts'
import { RUN } from '../../api/seed.ts'
import { encodeEvent, encodeObject, MESSAGES } from './encode.ts'
import { objectsOf } from './sample.ts'

const KINDS = [
  { kind: 'Pod', model: 'core.v1.Pod', fields: POD_FIELDS, project: projectPod },
  { kind: 'Node', model: 'core.v1.Node', fields: NODE_FIELDS, project: projectNode },
] as const

/** Cut at the places given, so that heads, numbers and texts are split everywhere. */
async function* cut(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function eventsOf(bytes: Buffer, fields: Message, size = 64_000): Promise<WatchEvent[]> {
  const events: WatchEvent[] = []
  for await (const event of protobufEvents(cut(bytes, size), fields)) events.push(event)
  return events
}

describe.each(KINDS)('$kind', ({ kind, model, fields, project }) => {
  test('what the scheduler keeps is the same from protobuf as from JSON', () =>
    fc.assert(
      fc.asyncProperty(objectsOf(model, kind), fc.integer({ min: 1, max: 5_000 }), async (object, size) => {
        const [event] = await eventsOf(encodeEvent('ADDED', model, object), fields, size)
        expect(project(event?.object as KubeObject)).toEqual(project(object as KubeObject))
      }),
      { seed: RUN.seed, numRuns: 100 },
    ))

  test('every field that is read has the number and the form that Kubernetes gives it', () => {
    expect(faultsOf(fields, model)).toEqual([])
  })
})

/** Kubernetes 1.35 only; the table is that of 1.37. */
const GONE = new Set(['workloadRef'])

function faultsOf({ fields }: Message, model: string): string[] {
  return fields.flatMap((field, number) => {
    if (field === undefined || GONE.has(field.name)) return []
    const [name = '', type = ''] = MESSAGES[model]?.[number]?.split(' ') ?? []
    const where = `${model} ${number}`
    if (field.name !== '' && field.name !== name) return [`${where}: ${field.name}, not ${name}`]
    return formFaults(field.form, type, where)
  })
}

function formFaults(form: Form, type: string, where: string): string[] {
  if (form.kind === 'message') return faultsOf(form, type)
  if (form.kind === 'list') return type.startsWith('[]') ? formFaults(form.of, type.slice(2), where) : [where]
  if (form.kind === 'map') return type === `{}${form.value === 'text' ? 'string' : form.value}` ? [] : [where]
  if (form.kind === 'present') return MESSAGES[type] === undefined ? [where] : []
  const types = {
    text: 'string',
    id: 'string',
    flag: 'bool',
    int: 'int32',
    pointer: 'int',
    quantity: 'quantity',
    time: 'meta.v1.Time',
  }
  return type.startsWith(types[form.kind]) ? [] : [`${where}: ${form.kind}, not ${type}`]
}

test('Status and ObjectMeta have the numbers that Kubernetes gives them', () => {
  expect([...faultsOf(STATUS, 'meta.v1.Status'), ...faultsOf(metadataOf(), 'meta.v1.ObjectMeta')]).toEqual([])
})

const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', uid: 'u', resourceVersion: '7' } }

test('an ERROR event is a Status', async () => {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: 'too old',
    reason: 'Expired',
    code: 410,
  }
  const [event] = await eventsOf(encodeEvent('ERROR', 'meta.v1.Status', status), POD_FIELDS)
  expect(event).toEqual({ type: 'ERROR', object: status })
})

test('a refusal in protobuf form is read as a Status', () => {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    message: 'slow down',
    reason: 'TooManyRequests',
    code: 429,
    details: { retryAfterSeconds: 3 },
  }
  expect(JSON.parse(statusText(encodeObject('meta.v1.Status', status)))).toEqual(status)
  expect(statusText(Buffer.from('no object'))).toBe('')
})

test('what comes before a broken frame is told, and the break is a TransportError', async () => {
  const good = encodeEvent('ADDED', 'core.v1.Pod', POD)
  const bad = Buffer.concat([good, Buffer.from([0, 0, 0, 3, 0xff, 0xff, 0xff])])
  const told: WatchEvent[] = []
  const reading = (async () => {
    for await (const event of protobufEvents(cut(bad, 10), POD_FIELDS)) told.push(event)
  })()
  await expect(reading).rejects.toBeInstanceOf(TransportError)
  expect(told).toHaveLength(1)
})

test('a stream that ends in mid-frame is broken', async () => {
  const frame = encodeEvent('ADDED', 'core.v1.Pod', POD)
  await expect(eventsOf(frame.subarray(0, -1), POD_FIELDS)).rejects.toBeInstanceOf(TransportError)
})

test('any bytes end in events or in a TransportError, never otherwise', () =>
  fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const frame = Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes])
      await eventsOf(frame, POD_FIELDS).catch((error: unknown) => expect(error).toBeInstanceOf(TransportError))
    }),
    { seed: RUN.seed, numRuns: 2_000 },
  ))

test('a label named like an inherited property is a label', async () => {
  const labels = { constructor: 'a', toString: 'b', __proto__x: 'c' }
  const object = { ...POD, metadata: { ...POD.metadata, labels } }
  const [event] = await eventsOf(encodeEvent('ADDED', 'core.v1.Pod', object), POD_FIELDS)
  expect(event?.type === 'ADDED' && { ...event.object.metadata.labels }).toEqual(labels)
})
