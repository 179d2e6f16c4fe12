import { describe, expect, test } from 'vitest'
import { KINDS } from '../../api/kinds/all.ts'
import type { KindDefinition, Rule, Schema } from '../../api/schema.ts'
import { refusals } from './admission.ts'
import { REFUSAL_CASES } from './refusals/all.ts'

const kindOf = (name: string): KindDefinition => {
  const kind = KINDS.find((one) => one.kind === name)
  if (kind === undefined) throw new Error(`no kind ${name}`)
  return kind
}

describe('an API server', () => {
  for (const { name, kind, object, before, refused } of REFUSAL_CASES) {
    const what = `${before === undefined ? '' : 'an update to '}${name}`
    test(refused === null ? `takes ${what}` : `refuses ${what}, saying why`, () => {
      const told = refusals(kindOf(kind), object, before)
      if (refused === null) expect(told).toEqual([])
      else expect(told.join('\n')).toContain(refused)
    })
  }
})

describe('the rules', () => {
  const messages = (schema: Schema): string[] => {
    const own = (schema.rules ?? []).map((rule: Rule) => rule.message)
    if (schema.kind === 'list') return [...own, ...messages(schema.items)]
    if (schema.kind === 'map') return [...own, ...messages(schema.values)]
    return schema.kind === 'object' ? [...own, ...Object.values(schema.fields).flatMap(messages)] : own
  }

  test('each message is seen in some refusal', () => {
    const all = KINDS.flatMap((kind) => [...kind.rules.map(({ message }) => message), ...messages(kind.spec)])
    const told = REFUSAL_CASES.flatMap(({ kind, object, before }) => refusals(kindOf(kind), object, before)).join('\n')
    expect([...new Set(all)].filter((message) => !told.includes(message))).toEqual([])
  })

  test('PodGangSet is judged as PodCliqueSet is', () => {
    for (const one of REFUSAL_CASES.filter(({ kind }) => kind === 'PodCliqueSet')) {
      expect(refusals(kindOf('PodGangSet'), one.object, one.before)).toEqual(
        refusals(kindOf('PodCliqueSet'), one.object, one.before),
      )
    }
  })
})
