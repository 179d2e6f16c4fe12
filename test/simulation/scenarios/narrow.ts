/** Small places in which one step too few shows; told by directed.ts. */
import { NODES, PODS } from '../../../kube/resources.ts'
import type { PodGang } from '../../../api/generated/kinds.ts'
import { conditionOf, NAMESPACE, nodeOf, RACK } from '../facts.ts'
import { isGangWrite } from '../history.ts'
import type { World } from '../world.ts'
import { gangOf, groupOf, later, nodesOf, plainOf, type Scenario, scenario } from './scenario.ts'

const placedBy = (world: World, name: string, ms: number): void =>
  later(world, ms, () => {
    const pod = [...world.history.pods.values()].find(({ metadata }) => metadata.name === name)
    if (pod === undefined || nodeOf(pod) === null) world.observer.report('scenario', `${name} has no node at ${ms} ms`)
  })

const deleteAt = (world: World, name: string, ms: number): void =>
  later(world, ms, () => world.chaos.delete(PODS, { namespace: NAMESPACE, name }, { gracePeriodSeconds: 0 }))

const givenBack: Scenario = scenario({
  name: 'what a pod leaves wakes what waits for it',
  nodes: nodesOf('r1: a1'),
  gangs: [plainOf('p', {}, { isOwned: false }), plainOf('q', {}, { arriveMs: 5_000 })],
  script: (world) => {
    deleteAt(world, 'p', 71_000)
    placedBy(world, 'q', 75_000)
  },
})

const relabelled: Scenario = scenario({
  name: 'a node that was moved to another rack counts there',
  nodes: nodesOf('r1: a1 b1 | r2: c1'),
  gangs: [
    gangOf('h', [groupOf('a', 2, { gpus: 0 })], { isInOneRack: true }),
    gangOf('g', [groupOf('a', 3)], { arriveMs: 20_000, isInOneRack: true }),
  ],
  script: (world) => {
    const metadata = { labels: { [RACK]: 'r1' } }
    later(world, 10_000, () => world.chaos.mergePatch(NODES, { namespace: '', name: 'c' }, { metadata }))
    placedBy(world, 'g-a-2', 25_000)
  },
})

const goneUnheard: Scenario = scenario({
  name: 'a pod of which a read says that it is gone, and later an event, leaves nothing',
  nodes: nodesOf('r1: a1'),
  gangs: [plainOf('p', {}, { isOwned: false })],
  script: (world) => {
    world.meddle.fateOf = (_, ticket) => {
      if (ticket?.kind !== 'bind') return null
      for (const { network } of world.processes) network.frozenUntilMs.set('pods', world.clock.monotonicMs() + 20_000)
      deleteAt(world, 'p', 0)
      return { kind: 'request-late', ms: 500 }
    }
  },
})

const repairUnderWay: Scenario = scenario({
  name: 'a gang that is repaired does not say that it is placed while the binding is on its way',
  nodes: nodesOf('r1: a1 b1'),
  gangs: [gangOf('g', [groupOf('a', 2)])],
  script: (world) => {
    deleteAt(world, 'g-a-1', 20_000)
    world.meddle.fateOf = (_, ticket) =>
      ticket?.kind === 'bind' && world.clock.monotonicMs() > 20_000 ? { kind: 'request-late', ms: 4_000 } : null
    world.history.listen((write) => {
      if (!isGangWrite(write) || conditionOf(write.after as PodGang, 'Scheduled') !== 'True') return
      const bound = [...world.history.pods.values()].filter((pod) => nodeOf(pod) !== null).length
      const wasPlaced = conditionOf(write.before as PodGang, 'Scheduled') === 'True'
      if (bound < 2 && !wasPlaced) world.observer.report('scenario', `g says Scheduled with ${bound} of 2 pods`)
    })
  },
})

/** Both racks have the 10 GPUs that are asked for; in the first a pod of 4 leaves room for two of the others only. */
const secondRack: Scenario = scenario({
  name: 'a gang that no order seats in the first rack is seated in the second',
  nodes: nodesOf('r1: a5 b5 | r2: c6 d4'),
  gangs: [gangOf('g', [groupOf('a', 3, { gpus: 2 }), groupOf('b', 1, { gpus: 4 })], { isInOneRack: true })],
  script: (world) => placedBy(world, 'g-b-0', 20_000),
})

const turnedAwayStatus: Scenario = scenario({
  name: 'a status that was turned away is not sent again when it is true no more',
  nodes: nodesOf('r1: a1'),
  gangs: [gangOf('g', [groupOf('a', 1)], { isOwned: false })],
  script: (world) => {
    let isTurnedAway = false
    world.meddle.fateOf = (_, ticket) => {
      if (isTurnedAway || ticket?.kind !== 'gang-status') return null
      isTurnedAway = true
      deleteAt(world, 'g-a-0', 500)
      return { kind: 'refused', status: 429, reason: 'TooManyRequests', retryAfterSeconds: 2 }
    }
  },
  judge: ({ observer }) => (observer.tickets.some(({ status }) => status === 429) ? [] : ['nothing was turned away']),
})

/** Another scheduler binds a pod which then goes, all unheard; a read finds it gone, and later comes how it was bound. */
const goneComesBack: Scenario = scenario({
  name: 'a pod that a read has found gone makes no gang whole when an event tells how it was bound',
  nodes: nodesOf('r1: a1 b1'),
  gangs: [gangOf('g', [groupOf('a', 2)], { isOwned: false })],
  script: (world) => {
    const cordon = (is: true | null) => () =>
      ['a', 'b'].map((name) => world.chaos.mergePatch(NODES, { namespace: '', name }, { spec: { unschedulable: is } }))
    later(world, 0, cordon(true))
    later(world, 3_000, () => {
      for (const { network } of world.processes) network.frozenUntilMs.set('pods', 40_000)
    })
    later(world, 5_000, () => {
      const pod = [...world.history.pods.values()].find(({ metadata }) => metadata.name === 'g-a-1')
      const metadata = { name: 'g-a-1', namespace: NAMESPACE, uid: pod?.metadata.uid ?? '', annotations: {} }
      const target = { apiVersion: 'v1', kind: 'Node', name: 'b' } as const
      return world.foreign.bind({ apiVersion: 'v1', kind: 'Binding', metadata, target })
    })
    deleteAt(world, 'g-a-1', 6_000)
    later(world, 10_000, cordon(null))
    world.meddle.lineFateOf = (kept, line) =>
      kept === 'pods' && world.clock.monotonicMs() === 40_000 && line().includes('"type":"DELETED"')
        ? { kind: 'late', ms: 3_000 }
        : null
  },
  judge: ({ history }) => (history.everWhole.size === 0 ? [] : ['g is said to have been whole']),
})

/** It is told that its pod is going while the PodGang is read for the status, and the turn in which it would look comes late. */
const statusBeforeLook: Scenario = scenario({
  name: 'a status is not written when its gang has lost its minimum and nobody has looked yet',
  nodes: nodesOf('r1: a1'),
  gangs: [gangOf('g', [groupOf('a', 1)], { isOwned: false })],
  script: (world) => {
    const lateBy = (ms: number): void => {
      for (const { clock } of world.processes) clock.lateMs = ms
    }
    let isLate = false
    world.meddle.fateOf = ({ method, path }) => {
      const isPlaced = [...world.history.pods.values()].some((pod) => nodeOf(pod) !== null)
      if (isLate || !isPlaced || method !== 'GET' || !path.includes('/podgangs/g')) return null
      isLate = true
      lateBy(1_000)
      later(world, 100, () => world.chaos.delete(PODS, { namespace: NAMESPACE, name: 'g-a-0' }))
      later(world, 5_000, () => lateBy(0))
      return { kind: 'reply-late', ms: 400 }
    }
  },
  judge: ({ history }) => ([...history.pods.values()].length === 0 ? [] : ['its pod did not go']),
})

export const NARROW: readonly Scenario[] = [
  givenBack,
  relabelled,
  goneUnheard,
  repairUnderWay,
  secondRack,
  turnedAwayStatus,
  statusBeforeLook,
  goneComesBack,
]
