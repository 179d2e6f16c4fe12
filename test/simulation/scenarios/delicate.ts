/** What comes between a decision and its write; told by directed.ts. */
import type { Pod } from '../../../api/kinds/kubernetes.ts'
import { NODES, PODS } from '../../../kube/resources.ts'
import { NAMESPACE, nodeOf } from '../facts.ts'
import { isPodWrite } from '../history.ts'
import type { Fate } from '../network.ts'
import { nodeObject } from '../objects.ts'
import type { World } from '../world.ts'
import { gangOf, groupOf, later, nodesOf, plainOf, refused, type Scenario, scenario } from './scenario.ts'

const makeReady = (world: World, name: string): Promise<unknown> => {
  const status = { conditions: [{ type: 'Ready', status: 'True' }] }
  return world.chaos.strategicPatch(PODS, { namespace: NAMESPACE, name }, { status }, { subresource: 'status' })
}

/** The second pod of `g` is turned down for 100 s, and the first does not get Ready by itself. */
function halfBound(world: World, fateOf: (kind: string, name: string) => Fate | null = () => null): void {
  world.history.listen((write) => {
    if (isPodWrite(write) && write.verb === 'bind') world.kubelets.stuck.add(nodeOf(write.after as Pod) ?? '')
  })
  world.meddle.fateOf = (_, ticket) => {
    const isSecond = ticket?.kind === 'bind' && ticket.name === 'g-a-1' && world.clock.monotonicMs() < 100_000
    return isSecond ? refused('no') : ticket === null ? null : fateOf(ticket.kind, ticket.name)
  }
}

const nothingGivenBack = ({ history }: World): string[] => {
  const given = history.writes.filter(({ verb, sender }) => verb === 'delete' && sender.startsWith('scheduler'))
  return given.map(({ name }) => `${name} was given back`)
}

const undoRefused = ({ observer }: World): string[] =>
  observer.tickets.some(({ kind, name, status }) => kind === 'delete' && name === 'g-a-0' && status === 409)
    ? []
    : ['no undo of g-a-0 was tried and refused']

const readSince =
  (sinceMs: number) =>
  ({ observer }: World): string[] => {
    const binds = observer.tickets.filter(({ kind, name }) => kind === 'bind' && name === 'g-a-0')
    const isRead = binds.some(({ life, uid }) => (life.mirror.readMs.get(uid) ?? 0) > sinceMs)
    return isRead ? [] : [`g-a-0 was not read after ${sinceMs} ms`]
  }

const TWO = { nodes: nodesOf('r1: a1 b1'), gangs: [gangOf('g', [groupOf('a', 2)])], forMs: 200_000 }

const readyInUndo: Scenario = scenario({
  ...TWO,
  name: 'a pod that gets Ready while its undo is on its way stays',
  script: (world) =>
    halfBound(world, (kind, name) => {
      if (kind !== 'delete') return null
      later(world, 500, () => makeReady(world, name))
      return { kind: 'request-late', ms: 1_000 }
    }),
  judge: (world) => [...nothingGivenBack(world), ...undoRefused(world)],
})

const readyUnheard: Scenario = scenario({
  ...TWO,
  name: 'a pod of which nobody has told that it is Ready is read before its undo',
  script: (world) => {
    halfBound(world)
    later(world, 15_000, () => {
      for (const { network } of world.processes) network.frozenUntilMs.set('pods', 70_000)
    })
    later(world, 20_000, () => makeReady(world, 'g-a-0'))
  },
  judge: (world) => [...nothingGivenBack(world), ...readSince(20_000)(world)],
})

const manyWords: Scenario = scenario({
  name: 'a reason of which only the counts change is one event',
  nodes: nodesOf('r1: a1'),
  gangs: [gangOf('g', [groupOf('a', 12)])],
  script: (world) => {
    for (let at = 0; at < 8; at++) {
      const node = nodeObject({ name: `b${at}`, rack: 'r1', gpus: 1, cpus: 64 })
      later(world, 5_000 + at * 11_000, () => world.addNode(node)) // new counts are told every 10 s
    }
  },
  judge: ({ history }) => {
    const told = history.writes.filter(({ collection }) => collection.endsWith('/events')).length
    const words = history.writes.filter((write) => isPodWrite(write) && write.sender.startsWith('scheduler')).length
    return told === 12 && words > 60 ? [] : [`there were ${told} events of 12 pods whose reason changed ${words} times`]
  },
})

const cordonedMeanwhile: Scenario = scenario({
  name: 'what was turned away is not sent again to a node that was cordoned meanwhile',
  nodes: nodesOf('r1: a1 b2'),
  gangs: [plainOf('p', {}, { arriveMs: 5_000 })],
  script: (world) => {
    let isTurnedAway = false
    world.meddle.fateOf = (_, ticket) => {
      if (ticket?.kind !== 'bind' || isTurnedAway) return null
      isTurnedAway = true
      later(world, 500, () =>
        world.chaos.mergePatch(NODES, { namespace: '', name: ticket.node }, { spec: { unschedulable: true } }),
      )
      return { kind: 'refused', status: 429, reason: 'TooManyRequests', retryAfterSeconds: 2 }
    }
  },
})

const lateRead: Scenario = scenario({
  name: 'a read that is answered late takes nothing back that events have told since',
  nodes: nodesOf('r1: a1'),
  gangs: [gangOf('g', [groupOf('a', 1)])],
  script: (world) => {
    world.history.listen((write) => {
      if (isPodWrite(write) && write.verb === 'bind') world.kubelets.stuck.add(nodeOf(write.after as Pod) ?? '')
    })
    let reads = 0
    world.meddle.fateOf = ({ method, path }, ticket) => {
      if (ticket?.kind === 'bind') {
        const untilMs = world.clock.monotonicMs() + 12_000
        for (const { network } of world.processes) network.frozenUntilMs.set('pods', untilMs)
        return { kind: 'reply-lost' }
      }
      if (method !== 'GET' || !path.split('?', 1)[0]?.endsWith('/pods/g-a-0') || reads++ > 0) return null
      later(world, 1_000, () => makeReady(world, 'g-a-0'))
      return { kind: 'reply-late', ms: 20_000 }
    }
  },
  judge: ({ observer }) => (observer.lives.some(({ mirror }) => mirror.readMs.size > 0) ? [] : ['g-a-0 was not read']),
})

export const DELICATE: readonly Scenario[] = [lateRead, readyInUndo, readyUnheard, manyWords, cordonedMeanwhile]
