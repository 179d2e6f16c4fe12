import type { KubeClient } from '../../kube/client.ts'
import type { Clock } from '../../kube/clock.ts'
import { silentLog } from '../../kube/log.ts'
import { Loop } from '../../scheduler/loop.ts'
import { NO_METRICS } from '../../scheduler/counted.ts'
import { plan } from '../../scheduler/planner/plan.ts'
import { Book } from '../../scheduler/queue/book.ts'
import { Gather } from '../../scheduler/queue/gather.ts'
import { STEPS_MAX } from '../../scheduler/scheduler.ts'
import { ClusterState } from '../../scheduler/state/cluster.ts'
import type { NodeFacts } from '../../scheduler/state/node-facts.ts'
import type { TopologyDeclaration } from '../../topology/index.ts'

/** The scheduler's own state, queue, loop and planner. What it binds is assumed, and so seen at once. */
export interface CutOffLoop {
  readonly cluster: ClusterState
  readonly book: Book
  readonly loop: Loop
}

/** The scheduler with its two ends cut off: no feeds in front, no API server behind. Time comes from `clock` alone. */
export function createCutOffLoop(
  clock: Clock,
  nodes: readonly NodeFacts[],
  declaration: TopologyDeclaration,
): CutOffLoop {
  const cluster = new ClusterState(['espalier'])
  cluster.setDeclarations([declaration])
  for (const node of nodes) cluster.setNode(node)
  const book = new Book({ cluster, isSuspended: () => false, stopped: () => null, onEnd: () => undefined })
  const loop = new Loop({
    metrics: NO_METRICS,
    clock,
    client: null as unknown as KubeClient, // only an undo would ask it, and nothing stays half bound here
    log: { ...silentLog, error: (message, facts) => fail(`${message} ${JSON.stringify(facts)}`) },
    cluster,
    book,
    gather: new Gather(0),
    binder: { bind: (orders) => cluster.assumeAll(orders) },
    status: { touch: () => undefined },
    surplus: { look: () => undefined },
    plan,
    defaultPack: 'narrowest',
    maxSteps: STEPS_MAX,
  })
  return { cluster, book, loop }
}

/** Turns wait in a list and are not put off to gather notes; what only looks after things (the 60 s round) never comes. */
export const turnClock = (turns: (() => void)[]): Clock => ({
  nowMs: () => 0,
  monotonicMs: () => performance.now(),
  after(_delayMs, kind, wake) {
    if (kind === 'work') turns.push(wake)
    return { cancel: () => undefined }
  },
})

function fail(message: string): never {
  throw new Error(message)
}
