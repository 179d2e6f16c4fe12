import { expect, test } from 'vitest'
import { tiesOf } from '../../scheduler/gang/ties.ts'
import type { GangFacts } from '../../scheduler/state/gang-facts.ts'
import { Desk } from './kept-world.ts'
import { gang, RACK } from './objects.ts'

/** Gangs of which each names the one before it, told from the last to the first; `onRead`: somebody looked at what one names. */
function chain(count: number, onRead: () => void): { desk: Desk; first: GangFacts } {
  const desk = new Desk()
  desk.setGang({ object: gang('g', []), uid: 'g' })
  const facts = desk.cluster.gangs.get('default/g')!
  const gangs = Array.from({ length: count }, (_, i): GangFacts => {
    const tie = i === 0 ? null : { podGang: `g${i - 1}`, key: RACK }
    const named = { ...facts, key: `default/g${i}`, name: `g${i}`, uid: `uid ${i}` }
    return Object.defineProperty(named, 'sameDomainAs', {
      get: () => {
        onRead()
        return tie
      },
    })
  })
  for (const each of gangs.toReversed()) desk.cluster.setGang(each)
  return { desk, first: gangs[0]! }
}

test('a long chain of ties is followed without going over all of it once for each of its gangs', () => {
  let reads = 0
  const { desk, first } = chain(500, () => reads++)
  reads = 0
  const [tie] = tiesOf(desk.cluster, first)
  expect(tie?.gangs.map(({ name }) => name).toSorted()).toEqual(
    Array.from({ length: 499 }, (_, i) => `g${i + 1}`).toSorted(),
  )
  expect(reads).toBeLessThan(10 * 500)
})
