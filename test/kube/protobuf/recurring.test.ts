import { expect, test } from 'vitest'
import {
  INT,
  listOf,
  message,
  type Message,
  QUANTITIES,
  readMessage,
  shared,
  TEXT,
  TEXTS,
  textsOf,
} from '../../../kube/protobuf/projection.ts'
import { Records } from '../../../kube/protobuf/records.ts'
import { SharedPieces } from '../../../kube/protobuf/shared-pieces.ts'
import { Wire } from '../../../kube/protobuf/wire.ts'
import { piece } from './encode.ts'

const text = (value: string): Buffer => Buffer.from(value)
const entry = (number: number, key: string, value: string): Buffer =>
  piece(number, Buffer.concat([piece(1, text(key)), piece(2, text(value))]))
const read = (form: Message, ...parts: Buffer[]): Record<string, unknown> => {
  const bytes = Buffer.concat(parts)
  return readMessage(form, new Wire(bytes), bytes.length)
}

const LABELS = message({ 1: ['labels', TEXTS], 2: ['name', TEXT], 3: ['notes', textsOf('wanted')] })

test('records of the same keys keep their own values, also of keys that every object has', () => {
  const of = (a: string, b: string): unknown =>
    read(LABELS, entry(1, 'constructor', a), entry(1, '__proto__', b))['labels']
  const first = of('1', '2')
  const second = of('3', '4')
  expect(Object.entries(first as object)).toEqual([
    ['constructor', '1'],
    ['__proto__', '2'],
  ])
  expect(Object.entries(second as object)).toEqual([
    ['constructor', '3'],
    ['__proto__', '4'],
  ])
  expect(Object.getPrototypeOf(first)).toBeNull()
})

test('a record may come in parts with other fields between, its later values count, and the parts before it stay', () => {
  const parts = [entry(1, 'a', '1'), entry(1, 'b', '2'), piece(2, text('n')), entry(1, 'b', '3'), entry(1, 'c', '4')]
  expect(read(LABELS, ...parts)).toEqual({ labels: { a: '1', b: '3', c: '4' }, name: 'n' })
  expect(read(LABELS, entry(1, 'a', '1'), entry(1, 'a', '2'))).toEqual({ labels: { a: '2' } })
})

test('of a record of which some keys are wanted the others are left out, wherever they stand', () => {
  const notes = [entry(3, 'x', '1'), entry(3, 'wanted', '2'), entry(3, 'y', '3')]
  expect(read(LABELS, ...notes)).toEqual({ notes: { wanted: '2' } })
  expect(read(LABELS, entry(3, 'x', '1'))).toEqual({ notes: {} })
})

test('records of more orders of keys than are kept are read as they are', () => {
  const records = new Records()
  for (let i = 0; i < 3_000; i++) {
    expect(records.of([`a${i}`, `b${i}`, 'c'], ['1', '2', String(i)], 3)).toEqual({
      [`a${i}`]: '1',
      [`b${i}`]: '2',
      c: String(i),
    })
  }
})

const INNER = { 1: ['amounts', QUANTITIES], 2: ['count', INT] } as const
const HOLDER = message({
  1: ['parts', listOf(shared(message(INNER)))],
  2: ['others', listOf(shared(message({ 2: ['other', INT] })))],
})
const amounts = (value: string): Buffer =>
  piece(1, Buffer.concat([piece(1, text('cpu')), piece(2, piece(1, text(value)))]))
const count = (value: number): Buffer => Buffer.from([0x10, value])

test('what recurs byte for byte is one object, and what differs in one byte is another', () => {
  const one = (value: string, number: number): Buffer => piece(1, Buffer.concat([amounts(value), count(number)]))
  const partsOf = (bytes: Buffer): unknown[] => read(HOLDER, bytes)['parts'] as unknown[]
  const [first] = partsOf(one('4', 1))
  expect(partsOf(one('5', 1))).toEqual([{ amounts: { cpu: '5' }, count: 1 }])
  expect(partsOf(one('4', 2))).toEqual([{ amounts: { cpu: '4' }, count: 2 }])
  const [again] = partsOf(one('4', 1))
  expect(again).toEqual({ amounts: { cpu: '4' }, count: 1 })
  expect(partsOf(one('4', 1))[0]).toBe(again)
  expect(first).toEqual(again)
})

test('the same bytes in another place are read in the form of that place', () => {
  const bytes = count(7)
  expect(read(HOLDER, piece(1, bytes), piece(2, bytes))).toEqual({ parts: [{ count: 7 }], others: [{ other: 7 }] })
})

test('what the reader goes on with stands behind a piece that was known', () => {
  const holder = message({ 1: ['part', shared(message(INNER))], 2: ['name', TEXT] })
  for (let i = 0; i < 2; i++) {
    expect(read(holder, piece(1, count(3)), piece(2, text('after')))).toEqual({ part: { count: 3 }, name: 'after' })
  }
})

test('of two pieces that fall into one slot, equally long, each is read for itself', () => {
  const pieces = new SharedPieces()
  const form = {}
  const numbered = (i: number): Buffer => Buffer.from(String(i).padStart(8, '0'))
  const slotOf = (i: number): number => pieces.slotOf(numbered(i), 0, 8)
  const twin = Array.from({ length: 100_000 }, (_, i) => i + 1).find((i) => slotOf(i) === slotOf(0)) ?? 0
  expect(twin).toBeGreaterThan(0)
  pieces.keep(slotOf(0), form, numbered(0), 'the first')
  expect(pieces.at(slotOf(0), form, numbered(0), 0, 8)).toBe('the first')
  expect(pieces.at(slotOf(twin), form, numbered(twin), 0, 8)).toBeUndefined()
})
