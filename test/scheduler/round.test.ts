import { expect, test } from 'vitest'
import type { Node, Pod } from '../../api/kinds/kubernetes.ts'
import type { Plan } from '../../scheduler/planner/request.ts'
import { plan } from '../../scheduler/planner/plan.ts'
import { Book } from '../../scheduler/queue/book.ts'
import { Questions } from '../../scheduler/gang/questions.ts'
import { Due } from '../../scheduler/queue/due.ts'
import { Refused } from '../../scheduler/queue/refused.ts'
import { planRound, type RoundOptions, type RoundResult } from '../../scheduler/queue/round.ts'
import { ClusterState } from '../../scheduler/state/cluster.ts'
import { nodeFacts } from '../../scheduler/state/node-facts.ts'
import { podFacts } from '../../scheduler/state/pod-facts.ts'
import { asObject } from './facts.ts'
import { node, pod } from './objects.ts'

interface Desk {
  readonly cluster: ClusterState
  readonly placed: string[]
  readonly broken: string[]
  round(over?: Partial<RoundOptions> & { waitMs?: number }): RoundResult
  reasonOf(name: string): string | null
}

/** Plain pods `names` of 2 GPUs each, on a node of `gpus`. */
function desk(names: readonly string[], gpus: number, planner: Plan = plan): Desk {
  const cluster = new ClusterState(['espalier'])
  const placed: string[] = []
  const broken: string[] = []
  const book = new Book({ cluster, isSuspended: () => false, stopped: () => null, onEnd: () => {} })
  let waits = 0
  const due = new Due({ cluster, waitMs: () => waits })
  const kept = { questions: new Questions(cluster), refused: new Refused(cluster) }
  const look = (): void => {
    for (const key of cluster.gangs.takeDirty()) {
      const entry = book.refresh(key, 0)
      if (entry !== null) due.rest(entry)
    }
  }
  cluster.setNode(nodeFacts(asObject(node('n1', { gpus }), 'n1') as Node))
  for (const name of names) cluster.setPod(podFacts(asObject(pod(name, { gpus: 2 }), name) as Pod))
  return {
    cluster,
    placed,
    broken,
    round: ({ waitMs = 0, ...over } = {}) => {
      look()
      waits = waitMs
      return planRound(due, kept, {
        cluster,
        plan: planner,
        defaultPack: 'narrowest',
        maxSteps: 1_000,
        nowMs: 0,
        round: 0,
        onPlacement: ({ pods, seats }) => {
          for (const [i, { name: pod, uid }] of pods.entries()) {
            placed.push(pod)
            cluster.assume(uid, cluster.nodes.read().nodeNames[seats[i]!.node]!)
          }
          look()
        },
        lookAgain: () => false,
        onRefusal: () => undefined,
        onBroken: ({ situation }) => broken.push(situation.gang.name),
        isOver: () => false,
        ...over,
      })
    },
    reasonOf: (name) => book.get(`pod:${name}`)?.refusal?.reason.code ?? null,
  }
}

const grow = ({ cluster }: Desk, gpus: number): void =>
  cluster.setNode(nodeFacts(asObject(node('n1', { gpus }), 'n1') as Node))

test('what woke a gang is not forgotten when the round ends before its turn', () => {
  const made = desk(['p', 'q', 'r'], 1)
  made.round()
  expect(made.placed).toEqual([])
  grow(made, 6)
  expect(made.round({ isOver: () => true }).isCut).toBe(true)
  expect(made.placed).toEqual(['p'])
  made.round({ isOver: () => true })
  made.round({ isOver: () => true })
  expect(made.placed).toEqual(['p', 'q', 'r'])
})

test('what woke a gang is not forgotten while it gathers', () => {
  const made = desk(['p'], 1)
  made.round()
  grow(made, 2)
  expect(made.round({ waitMs: 500 }).waitMs).toBe(500)
  made.round()
  expect(made.placed).toEqual(['p'])
})

test('a search that ran out of steps is not begun again with everything that grows', () => {
  let searches = 0
  const made = desk(['p'], 4, () => {
    searches++
    return { kind: 'undecided', steps: 1 }
  })
  made.round()
  expect(made.reasonOf('p')).toBe('SearchBudgetExhausted')
  for (let gpus = 5; gpus < 10; gpus++) {
    grow(made, gpus)
    expect(made.round({ nowMs: 100 }).waitMs).toBe(9_900)
  }
  expect(searches).toBe(1)
  made.round({ nowMs: 10_000 })
  expect(searches).toBe(2)
})

test('a gang whose planning throws says so and stands in nobody’s way', () => {
  let plans = 0
  const made = desk(['p', 'q'], 4, (request, view) => {
    if (++plans === 1) throw new Error('defect')
    return plan(request, view)
  })
  made.round()
  expect(made.placed).toEqual(['q'])
  expect(made.broken).toEqual(['p'])
  expect(made.reasonOf('p')).toBe('PlanningFailed')
})
