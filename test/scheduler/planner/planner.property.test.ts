import { assert, nat, property } from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { plan } from '../../../scheduler/planner/plan.ts'
import type { PlanGroup, Verdict } from '../../../scheduler/planner/request.ts'
import { type Assignment, bestByTryingAll, breaches, compareLists, firstCriterion } from './oracle.ts'
import { type Situation, situation } from './situations.ts'

// `situation(n)` replays the number that a failure prints; SEED draws other ones.
const RUNS = 2_500
const run = { numRuns: RUNS, seed: Number(process.env['SEED'] ?? 1) }

function assignmentOf({ request }: Situation, verdict: Extract<Verdict, { kind: 'plan' }>): Assignment {
  let next = 0
  return request.groups.map(({ seats }) => seats.map(() => verdict.seats[next++]!.node as number))
}

const planned = (of: Situation): Verdict => plan(of.request, of.view)

describe('safety', () => {
  const broken = new Map<string, number[]>(Object.keys(breaches).map((name) => [name, []]))
  beforeAll(() => {
    assert(
      property(nat(), (n) => {
        const of = situation(n)
        const verdict = planned(of)
        if (verdict.kind !== 'plan') return
        const assignment = assignmentOf(of, verdict)
        for (const [name, breach] of Object.entries(breaches)) {
          if (breach(of, assignment).length > 0) broken.get(name)!.push(n)
        }
      }),
      run,
    )
  }, 120_000)

  test.each(Object.keys(breaches))('a plan never %s', (name) => {
    expect(broken.get(name)).toEqual([])
  })

  test('the view and the request are left as they were', () => {
    assert(
      property(nat(), (n) => {
        const of = situation(n)
        const before = structuredClone([of.view.free, of.view.classes, of.request])
        planned(of)
        expect([of.view.free, of.view.classes, of.request]).toEqual(before)
      }),
      { ...run, numRuns: 200 },
    )
  })
})

describe('against every assignment tried', () => {
  const tally = { fit: 0, refused: 0, undecided: 0, wrongRefusals: [] as number[], notBest: [] as number[] }
  beforeAll(() => {
    assert(
      property(nat(), (n) => {
        const of = situation(n)
        const best = bestByTryingAll(of)
        const verdict = planned(of)
        if (best === null) tally.refused++
        else tally.fit++
        if (verdict.kind === 'undecided') tally.undecided++
        else if (verdict.kind === 'unplaceable' && best !== null) tally.wrongRefusals.push(n)
        else if (verdict.kind === 'plan' && best !== null) {
          if (compareLists(firstCriterion(of, assignmentOf(of, verdict)), best) !== 0) tally.notBest.push(n)
        }
      }),
      run,
    )
  }, 120_000)

  test('situations of both kinds are common', () => {
    expect(tally.fit / RUNS).toBeGreaterThan(0.25)
    expect(tally.refused / RUNS).toBeGreaterThan(0.25)
  })
  test('liveness: what can be seated is seated', () => {
    expect(tally.wrongRefusals).toEqual([])
  })
  test('at most one in a thousand stays undecided', () => {
    expect(tally.undecided).toBeLessThanOrEqual(RUNS / 1_000)
  })
  test('the first criterion is met as well as it can be', () => {
    expect(tally.notBest).toEqual([])
  })
})

test('the verdict follows the question alone: asked again, it is the same', () => {
  assert(
    property(nat(), (n) => {
      expect(planned(situation(n))).toEqual(planned(situation(n)))
    }),
    { ...run, numRuns: 500 },
  )
})

test('whether a gang fits does not depend on the order of its groups', () => {
  assert(
    property(nat(), (n) => {
      const of = situation(n)
      const turned = { ...of, request: { ...of.request, groups: of.request.groups.toReversed() as PlanGroup[] } }
      const [here, there] = [planned(of), planned(turned)]
      if (here.kind === 'undecided' || there.kind === 'undecided') return
      expect(there.kind).toBe(here.kind)
      if (here.kind === 'plan' && there.kind === 'plan') expect(there.placementScore).toBe(here.placementScore)
    }),
    { ...run, numRuns: 1_000 },
  )
})
