import { describe, expect, test } from 'vitest'
import { simulateManifests } from '../../cli/simulation.ts'
import { breachesOf, manifestsOf, placementCases } from './placement-cases.ts'

/** Later features, by the reason why a case cannot hold yet. */
const WAITING: Readonly<Record<string, RegExp>> = {
  'preemption is a later feature': /^(PRE-|BEY-21|BEY-23)/,
  'inter-pod affinity is refused as UnsupportedPredicate': /^AFF-/,
  'minGroups cannot be expressed by a PodGang': /^SUB-11$/,
}
const waitsFor = (id: string): string | undefined => Object.keys(WAITING).find((why) => WAITING[why]?.test(id))

const cases = placementCases()

describe('placement cases, through simulate', () => {
  for (const placement of cases.filter(({ id }) => waitsFor(id) === undefined)) {
    test(`${placement.id}: ${placement.title}`, async () => {
      const manifests = manifestsOf(placement).map((object) => ({ object, at: placement.id }))
      const result = await simulateManifests(manifests)
      expect(result.ignored).toEqual([])
      expect(breachesOf(placement, result.pods)).toEqual([])
      for (const pod of result.pods) {
        if (pod.node === null) expect(pod.reason, `${pod.name} stays pending and says why`).not.toBeNull()
      }
    })
  }

  test('the cases that wait are the ones said to, and no other', () => {
    const waiting = cases.filter(({ id }) => waitsFor(id) !== undefined).map(({ id }) => id)
    expect(waiting.length).toBe(cases.length - 41)
  })
})
