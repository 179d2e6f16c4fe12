/** What a process keeps of what it is told. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Line } from '../network.ts'
import { podObject } from '../objects.ts'
import { groupOf, nodesOf, plainOf, type Scenario, scenario } from './scenario.ts'

/** Nobody else holds the copies that the process is handed, so what can still be reached is what it keeps. */
const handed: WeakRef<object>[] = []

function copyOf(line: Line): Line {
  if (typeof line === 'string' || line.type === 'BOOKMARK' || line.type === 'ERROR') return line
  const copy = structuredClone(line)
  handed.push(new WeakRef(copy.object))
  return copy
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}

const PODS = 300
/** The last of each watch may still be on its way. */
const ON_THE_WAY_MAX = 12

/** Most are of others and have failed long ago: what a cluster is full of after a year. */
export const notKept: Scenario = scenario({
  name: 'nothing of what is told is kept as it came',
  nodes: nodesOf('r1: a4 b4'),
  gangs: [plainOf('p', {}, { arriveMs: 5_000 })],
  forMs: 60_000,
  script: (world) => {
    handed.length = 0
    world.meddle.handedFor = (_, line) => copyOf(line)
    for (let at = 0; at < PODS; at++) {
      const form = podObject(plainOf(`f${at}`), groupOf('a', 1), 0)
      const spec = { ...(form['spec'] as object), schedulerName: 'default-scheduler', nodeName: 'a' }
      world.history.seed(world.server.seed({ ...form, spec, status: { phase: 'Failed', reason: 'Evicted' } }))
    }
  },
  judge: () => {
    collectGarbage()
    const kept = handed.filter((each) => each.deref() !== undefined).length
    if (handed.length < PODS) return [`only ${handed.length} objects were told`]
    return kept <= ON_THE_WAY_MAX ? [] : [`${kept} of ${handed.length} objects that were told are kept as they came`]
  },
})
