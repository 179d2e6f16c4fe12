import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ObjectCache } from '../../kube/reflector/cache.ts'
import { type Change, changesOfEvent, changesOfList, deltaOf, type Entry, isSame } from '../../kube/reflector/deltas.ts'
import { Listing } from '../../kube/reflector/listing.ts'

/** `a1@5=x`: the object of name a and uid a1, at version 5, with value x. */
function entry(text: string): Entry<string> {
  const [, name = '', uid = '', resourceVersion = '', object = ''] = /^(\w)(\d)@(\d+)=(\w*)$/.exec(text) ?? []
  return { uid: name + uid, namespace: 'default', name, resourceVersion, object }
}
const textOf = ({ kind, entry: { uid, object } }: Change<string>): string => `${kind} ${uid}=${object}`

function cacheOf(...texts: string[]): ObjectCache<string> {
  const cache = new ObjectCache<string>()
  for (const text of texts) cache.apply({ kind: 'added', entry: entry(text) })
  return cache
}

describe('an event', () => {
  const known = cacheOf('a1@5=x', 'b1@6=y')
  const cases: [string, string, boolean, string[]][] = [
    ['a new object', 'c1@7=z', false, ['added c1=z']],
    ['a change', 'a1@7=z', false, ['updated a1=z']],
    ['a change of nothing that is kept', 'a1@7=x', false, ['touched a1=x']],
    ['a repetition', 'a1@5=x', false, []],
    ['a late one', 'a1@4=w', false, []],
    ['a late one of an object that is gone', 'd1@5=w', false, []],
    ['another object of the same name', 'a2@7=z', false, ['deleted a1=x', 'added a2=z']],
    ['a deletion', 'a1@7=x', true, ['deleted a1=x']],
    ['a deletion that bears the last version', 'a1@5=x', true, ['deleted a1=x']],
    ['a late deletion of the one before', 'a0@7=x', true, []],
    ['a deletion from before the object was changed', 'a1@4=x', true, []],
  ]
  for (const [name, text, isGone, want] of cases) {
    test(name, () => expect(changesOfEvent(known, entry(text), isGone, '6').map(textOf)).toEqual(want))
  }
})

describe('a list', () => {
  const known = cacheOf('b1@6=y', 'a1@5=x', 'c1@4=z')
  const cases: [string, string[], boolean, string[]][] = [
    ['of the same', ['a1@5=x', 'b1@6=y', 'c1@4=z'], false, []],
    ['that is empty deletes all, by name', [], false, ['deleted a1=x', 'deleted b1=y', 'deleted c1=z']],
    ['with one recreated', ['a2@9=x', 'b1@6=y', 'c1@4=z'], false, ['deleted a1=x', 'added a2=x']],
    ['with one changed and one new', ['a1@8=w', 'b1@6=y', 'c1@4=z', 'd1@9=v'], false, ['updated a1=w', 'added d1=v']],
    ['with an older object', ['a1@3=w', 'b1@6=y', 'c1@4=z'], false, []],
    ['with an older object, of a restored server', ['a1@3=w', 'b1@6=y', 'c1@4=z'], true, ['updated a1=w']],
    [
      'that repeats an object and a name',
      ['a1@8=v', 'a1@8=v', 'b1@6=y', 'c1@4=z', 'c2@9=u'],
      false,
      ['deleted c1=z', 'updated a1=v', 'added c2=u'],
    ],
  ]
  for (const [name, list, mayGoBack, want] of cases) {
    test(name, () =>
      expect([...changesOfList(known, Listing.of(list.map(entry)), mayGoBack)].map(textOf)).toEqual(want),
    )
  }
})

test('the cache follows its changes, by uid and by name, and nobody is told of a touch', () => {
  const cache = cacheOf('a1@5=x')
  const changes = changesOfEvent(cache, entry('a2@7=z'), false, null)
  for (const change of changes) cache.apply(change)
  expect([cache.size, cache.get('default', 'a'), cache.byUid('a1'), cache.byUid('a2')]).toEqual([
    1,
    'z',
    undefined,
    'z',
  ])
  const touch = changesOfEvent(cache, entry('a2@8=z'), false, null)
  for (const change of touch) cache.apply(change)
  expect(touch.map(deltaOf)).toEqual([null])
  expect(cache.entryOfUid('a2')?.resourceVersion).toBe('8')
  cache.apply({ kind: 'deleted', entry: entry('a1@9=x'), before: entry('a1@5=x') }) // of a namesake: the new one stays
  expect(cache.get('default', 'a')).toBe('z')
  expect([...cache.values()]).toEqual(['z'])
})

describe('sameness', () => {
  const run = { numRuns: 1_000, seed: Number(process.env['SEED'] ?? 1) }
  test('is that of JSON, whatever the order of keys', () =>
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(isSame(a, structuredClone(a))).toBe(true)
        expect(isSame(a, b)).toBe(canonical(a) === canonical(b))
        expect(isSame({ a, b }, { b, a })).toBe(true)
        expect(isSame([a], [a, b])).toBe(false)
      }),
      run,
    ))
  test('of nested values costs no more than reading them', () => {
    let deep: unknown = 1
    for (let i = 0; i < 1_000; i++) deep = { next: deep }
    expect(isSame(deep, structuredClone(deep))).toBe(true)
  })
  test('an absent field equals an undefined one, and null equals neither', () => {
    expect(isSame({ a: 1 }, { a: 1, b: undefined })).toBe(true)
    expect(isSame({ a: 1, b: undefined }, { a: 1 })).toBe(true)
    expect(isSame({ a: null }, {})).toBe(false)
    expect(isSame({}, { a: null })).toBe(false)
    expect(isSame([], {})).toBe(false)
  })
})

function canonical(value: unknown): string {
  if (typeof value === 'number') return String(value + 0)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const parts = Object.entries(value).map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`)
  return `{${parts.sort().join()}}`
}
