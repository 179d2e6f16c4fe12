import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sentenceOf } from '../../api/field-error.ts'
import { checkSpread, formatSpread, parseGangSpread, parseSetSpread, spreadOf } from '../../api/spread.ts'
import { RUN } from './seed.ts'

const told = (text: string, side: 'set' | 'gang' = 'set'): string[] =>
  (side === 'set' ? parseSetSpread(text) : parseGangSpread(text)).errors.map(sentenceOf)
const at = 'metadata.annotations["espalier.io/spread"]'

describe('the spread annotation', () => {
  test('of a set names a level', () => {
    const { spread } = parseSetSpread('{"domain":"rack","maxSkew":2,"minDomains":3}')
    expect(spread).not.toBeNull()
    expect(spreadOf(spread ?? { domain: '' })).toEqual({
      over: 'rack',
      peers: null,
      maxSkew: 2,
      minDomains: 3,
      isHard: true,
    })
  })
  test('of a gang names a node label and its peers', () => {
    const { spread } = parseGangSpread('{"key":"x.io/rack","peers":"a","whenUnsatisfiable":"ScheduleAnyway"}')
    expect(spreadOf(spread ?? { key: '' })).toEqual({
      over: 'x.io/rack',
      peers: 'a',
      maxSkew: 1,
      minDomains: null,
      isHard: false,
    })
  })

  const cases: readonly (readonly [text: string, words: string])[] = [
    ['{', `${at}: found "{", want JSON: an object with domain, maxSkew, minDomains, whenUnsatisfiable`],
    ['[]', `${at}: found [], want an object with domain, maxSkew, minDomains, whenUnsatisfiable`],
    ['null', `${at}: found null, want an object with domain, maxSkew, minDomains, whenUnsatisfiable`],
    ['{}', `${at}.domain: found nothing, want the name of a level: lower-case letters, digits and dashes`],
    [
      '{"domain":"Rack"}',
      `${at}.domain: found "Rack", want the name of a level: lower-case letters, digits and dashes`,
    ],
    ['{"domain":"r","maxSkew":0}', `${at}.maxSkew: found 0, want a whole number of at least 1`],
    ['{"domain":"r","minDomains":"2"}', `${at}.minDomains: found "2", want a whole number of at least 1`],
    [
      '{"domain":"r","whenUnsatisfiable":"No"}',
      `${at}.whenUnsatisfiable: found "No", want "DoNotSchedule" or "ScheduleAnyway"`,
    ],
    ['{"domain":"r","key":"k"}', `${at}.key: found "k", want one of domain, maxSkew, minDomains, whenUnsatisfiable`],
    [
      '{"domain":"r","minDomains":2,"whenUnsatisfiable":"ScheduleAnyway"}',
      `${at}.minDomains: found 2, want none with whenUnsatisfiable ScheduleAnyway`,
    ],
  ]
  for (const [text, words] of cases) test(`${text} is refused, saying why`, () => expect(told(text)).toEqual([words]))

  test('of a gang is refused for a level, and for a key that is no label key', () => {
    expect(told('{"domain":"rack"}', 'gang')).toHaveLength(2)
    expect(told('{"key":"a/b/c"}', 'gang')).toEqual([`${at}.key: found "a/b/c", want the key of a node label`])
    expect(told('{"key":"a","peers":""}', 'gang')).toEqual([
      `${at}.peers: found "", want a text of 1 to 253 characters`,
    ])
  })

  test('reads back as it was written', () => {
    const spread = fc.record(
      {
        domain: fc.constantFrom('rack', 'zone'),
        maxSkew: fc.integer({ min: 1, max: 9 }),
        minDomains: fc.integer({ min: 1, max: 9 }),
      },
      { requiredKeys: ['domain'] },
    )
    fc.assert(
      fc.property(spread, (one) => {
        expect(parseSetSpread(formatSpread(one))).toEqual({ spread: one, errors: [] })
      }),
      RUN,
    )
  })

  test('no value makes the check throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('set' as const, 'gang' as const), (value, side) => {
        for (const error of checkSpread(value, side)) sentenceOf(error)
      }),
      RUN,
    )
  })
})
