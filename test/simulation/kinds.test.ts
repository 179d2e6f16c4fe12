import { expect, test } from 'vitest'
import { ALL_KINDS, isMoment, isWatch, isWire } from './faults/kinds.ts'

test.each(ALL_KINDS.map(({ kind }) => kind))('whoever draws %s knows how it strikes', (kind) => {
  expect([isWire(kind), isWatch(kind), isMoment(kind)].filter(Boolean)).toHaveLength(1)
})
