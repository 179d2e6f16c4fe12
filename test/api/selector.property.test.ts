import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fieldText, matchesFields, parseFieldSelector } from '../../api/field-selector.ts'
import {
  EVERYTHING,
  formatSelector,
  labelSelectorFrom,
  matches,
  parseLabelSelector,
  type Selector,
} from '../../api/selector.ts'
import { RUN } from './seed.ts'

const selector = (text: string): Selector => {
  const parsed = parseLabelSelector(text)
  if (parsed === null) throw new Error(`${text} is no selector`)
  return parsed
}

const web = { app: 'web', tier: '2', 'x.io/role': '' }

describe('a label selector', () => {
  const cases: readonly (readonly [text: string, matched: boolean])[] = [
    ['', true],
    ['app', true],
    ['!app', false],
    ['! canary', true],
    ['app=web', true],
    ['app == web', true],
    ['app!=web', false],
    ['canary!=web', true],
    ['app=web,tier=3', false],
    ['app in (db, web)', true],
    ['app in (db),tier', false],
    ['app notin (db)', true],
    ['canary notin (yes)', true],
    ['tier>1', true],
    ['tier<2', false],
    ['app>1', false],
    ['x.io/role=', true],
    ['x.io/role in (,a)', true],
    ['constructor', false],
  ]
  for (const [text, matched] of cases) {
    test(`${JSON.stringify(text)} ${matched ? 'takes' : 'leaves'} the web pod`, () => {
      expect(matches(selector(text), web)).toBe(matched)
    })
  }

  for (const text of [
    ',',
    'a,',
    'a=b=c',
    'a in',
    'a in (b',
    'a in b',
    'a b',
    '-a',
    'a/b/c',
    'a=b c',
    'a>x',
    'a=-',
    '!',
  ]) {
    test(`${JSON.stringify(text)} is none`, () => {
      expect(parseLabelSelector(text)).toBeNull()
    })
  }

  test('of a spec: labels and expressions all hold', () => {
    const written = { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['2'] }] }
    expect(matches(labelSelectorFrom(written), web)).toBe(true)
    expect(matches(labelSelectorFrom({ ...written, matchLabels: { app: 'db' } }), web)).toBe(false)
    expect(matches(labelSelectorFrom({}), web)).toBe(true)
  })

  test('of a spec: what is absent or cannot be understood matches nothing, never everything', () => {
    for (const written of [
      null,
      undefined,
      { matchExpressions: [{ key: 'tier', operator: 'Near' }] },
      { matchExpressions: [{ key: 'tier', operator: 'Gt', values: ['1'] }] },
      { matchExpressions: [{ key: 'tier', operator: 'In', values: [] }] },
      { matchExpressions: [{ key: 'tier', operator: 'toString' }] },
    ]) {
      expect(matches(labelSelectorFrom(written), web)).toBe(false)
    }
  })
})

const key = fc.constantFrom('app', 'tier', 'x.io/role')
const value = fc.constantFrom('web', 'db', '1', '2', '')
const labels = fc.dictionary(key, value)
const requirement = fc.oneof(
  key,
  key.map((one) => `!${one}`),
  fc.tuple(key, fc.constantFrom('=', '==', '!='), value).map((parts) => parts.join('')),
  fc
    .tuple(key, fc.constantFrom('in', 'notin'), fc.array(value, { minLength: 1, maxLength: 3 }))
    .map(([one, operator, values]) => `${one} ${operator} (${values.join(',')})`),
  fc.tuple(key, fc.constantFrom('>', '<'), fc.integer({ min: -3, max: 3 })).map((parts) => parts.join('')),
)

describe('any label selector', () => {
  test('printing and reading it again selects the same', () => {
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), labels, (parts, set) => {
        const once = selector(parts.join(','))
        expect(matches(selector(formatSelector(once) ?? 'none'), set)).toBe(matches(once, set))
      }),
      RUN,
    )
  })

  test('selects what each of its parts selects', () => {
    fc.assert(
      fc.property(fc.array(requirement, { minLength: 1, maxLength: 4 }), labels, (parts, set) => {
        expect(matches(selector(parts.join(',')), set)).toBe(parts.every((part) => matches(selector(part), set)))
      }),
      RUN,
    )
  })

  test('and its opposite share the world', () => {
    fc.assert(
      fc.property(key, value, labels, (one, other, set) => {
        const isIn = matches(selector(`${one} in (${other})`), set)
        expect(matches(selector(`${one} notin (${other})`), set)).toBe(!isIn)
        expect(matches(selector(one), set)).toBe(!matches(selector(`!${one}`), set))
      }),
      RUN,
    )
  })

  test('no text makes reading throw', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), labels, (text, set) => {
        matches(parseLabelSelector(text) ?? EVERYTHING, set)
      }),
      RUN,
    )
  })
})

describe('a field selector', () => {
  const pod = { metadata: { name: 'a', namespace: 'n' }, spec: { nodeName: 'x,y=z' }, status: {} }
  const cases: readonly (readonly [text: string, matched: boolean])[] = [
    ['', true],
    ['metadata.name=a', true],
    ['metadata.name==a,metadata.namespace!=m', true],
    ['metadata.name!=a', false],
    ['status.phase=', true],
    ['status.phase!=Failed', true],
    ['spec.nodeName=x\\,y\\=z', true],
  ]
  for (const [text, matched] of cases) {
    test(`${JSON.stringify(text)} ${matched ? 'takes' : 'leaves'} the pod`, () => {
      expect(matchesFields(parseFieldSelector(text) ?? [], pod)).toBe(matched)
    })
  }

  for (const text of ['metadata.name', '=a', 'a=b=c', 'a>b']) {
    test(`${JSON.stringify(text)} is none`, () => {
      expect(parseFieldSelector(text)).toBeNull()
    })
  }

  test('looks at fields of the object only', () => {
    expect(fieldText(pod, 'metadata.constructor.name')).toBe('')
  })
})
