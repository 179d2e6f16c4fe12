import { describe, expect, test } from 'vitest'
import { Espalier } from '../../bench/occupancy/espalier.ts'
import { type Course, course } from '../../bench/occupancy/measure.ts'
import { blind, greedy, type Rival } from '../../bench/occupancy/rivals.ts'
import { gridOf, type StreamGang, streamOf } from '../../bench/occupancy/stream.ts'
import { nodesOf } from '../../bench/planner/objects.ts'
import type { Scenario } from '../../bench/planner/scenario.ts'

const NODES = 306
const HOUR_MS = 3_600_000

function smallCourse(load: number, backlog: number | null, judgedBy: Course['judgedBy']): Course {
  const nodes = nodesOf({ cluster: gridOf(NODES) } as unknown as Scenario).slice(0, NODES)
  const horizonMs = 8 * HOUR_MS
  const stream = streamOf(3, NODES, load, horizonMs)
  return { stream, nodes, horizonMs, warmUpMs: 2 * HOUR_MS, backlog, judgedBy }
}

describe('occupancy on a small cluster', () => {
  const nodes = smallCourse(1, null, null).nodes

  test('where packs are only preferred a full queue fills the cluster as a blind scheduler does', () => {
    const own = course(new Espalier(nodes, 'preferred'), smallCourse(12, 10, null))
    const other = course(blind(NODES), smallCourse(12, 10, null))
    expect(own.started).toBeGreaterThan(20)
    expect(own.occupancyPercent).toBeGreaterThan(other.occupancyPercent - 3)
    expect(own.domainsByFewest).toBeLessThan(other.domainsByFewest)
  })

  test('required packs are kept throughout, by us and by the greedy one', () => {
    for (const rival of [new Espalier(nodes, 'required'), greedy(NODES)]) {
      expect(course(rival, smallCourse(0.9, null, 'required')).ended).toBeGreaterThan(5)
    }
  })

  test('the judge finds a scheduler out that keeps no packs, and one that over-commits', () => {
    expect(() => course(blind(NODES), smallCourse(0.9, null, 'required'))).toThrow(/not .* in one/)
    const honest = blind(NODES)
    const crowding: Rival<StreamGang> = {
      name: 'crowding',
      offer: (gang) => honest.offer(gang),
      end: (gang) => honest.end(gang),
      nodesOf: (gang) => honest.nodesOf(gang),
      settle: (nowMs) => honest.settle(nowMs).map(({ gang, nodes: on }) => ({ gang, nodes: on.map(() => 0) })),
    }
    expect(() => course(crowding, smallCourse(0.9, null, null))).toThrow(/are used/)
  })
})
