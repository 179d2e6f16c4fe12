import type { Explanation } from '../../api/explanation.ts'
import { explainGang } from '../../scheduler/explanation/explain-gang.ts'
import { STEPS_MAX } from '../../scheduler/scheduler.ts'
import type { ClusterState } from '../../scheduler/state/cluster.ts'
import type { NodeFacts } from '../../scheduler/state/node-facts.ts'
import { createCutOffLoop, turnClock } from './cut-off-loop.ts'
import { type Arrivals, declarationOf } from './objects.ts'
import type { Level } from './scenario.ts'

/** The scheduler's state, queue and loop with the two ends cut off: no feeds in front, no API server behind. */
export interface Desk {
  readonly cluster: ClusterState
  /** Takes arrivals in and runs turns until everything was decided; gives the milliseconds from the first note on. */
  timed(arrivals: Arrivals, decisions: number): number
  /** Of a gang that has arrived, without a limit in time. */
  explain(key: string): Explanation
}

export function createDesk(nodes: readonly NodeFacts[], levels: readonly Level[]): Desk {
  const turns: (() => void)[] = []
  const { cluster, book, loop } = createCutOffLoop(turnClock(turns), nodes, declarationOf(levels))
  loop.start()
  for (let turn = turns.pop(); turn !== undefined; turn = turns.pop()) turn()
  return {
    cluster,
    timed({ gangs, pods }, decisions) {
      const until = loop.decisions + decisions
      const startMs = performance.now()
      for (const gang of gangs) cluster.setGang(gang)
      for (const pod of pods) cluster.setPod(pod)
      loop.notify()
      while (loop.decisions < until) (turns.pop() ?? (() => fail('it stopped before everything was decided')))()
      return performance.now() - startMs
    },
    explain(key) {
      const entry = book.get(key) ?? fail(`no gang ${key}`)
      const options = { defaultPack: 'narrowest', maxSteps: STEPS_MAX, nowMs: 0, isOver: () => false } as const
      return explainGang(cluster, entry, options)
    },
  }
}

function fail(message: string): never {
  throw new Error(message)
}
