/** What is done in a cluster from day to day: after every write of it the process that wrote may die. */
import type { Pod } from '../../../api/kinds/kubernetes.ts'
import { POD_GANGS, PODS } from '../../../kube/resources.ts'
import { NAMESPACE, nodeOf, RACK } from '../facts.ts'
import { isGangWrite, isPodWrite } from '../history.ts'
import type { Fate } from '../network.ts'
import type { World } from '../world.ts'
import { gangOf, groupOf, nodesOf, plainOf, type Scenario, scenario } from './scenario.ts'

const key = (name: string): { namespace: string; name: string } => ({ namespace: NAMESPACE, name })

/** `act` happens once, right after the `n`th binding by a scheduler. */
function afterBinding(world: World, n: number, act: () => unknown): void {
  let bound = 0
  world.history.listen((write) => {
    if (isPodWrite(write) && write.verb === 'bind' && write.sender.startsWith('scheduler') && ++bound === n) void act()
  })
}

const later = (world: World, ms: number, act: () => unknown): void =>
  void world.clock.after(ms, 'work', () => void act())
const inRack = { topologyConstraint: { packConstraint: { required: RACK } } }

const REFUSED: Fate = { kind: 'refused', status: 409, reason: 'Conflict', retryAfterSeconds: null }

export const CRASHING: readonly Scenario[] = [
  scenario({
    name: 'a gang is bound',
    nodes: nodesOf('r1: a2 b2'),
    gangs: [gangOf('g', [groupOf('a', 4)])],
  }),
  scenario({
    name: 'a gang with sub-groups in racks of their own, and surplus',
    nodes: nodesOf('r1: a2 b2 | r2: c2 d2'),
    gangs: [
      gangOf('g', [groupOf('a', 2, { pods: 3 }), groupOf('b', 2, { pods: 3 })], {
        spec: {
          topologyConstraintGroupConfigs: [
            { name: 'one', podGroupNames: ['g-a'], ...inRack },
            { name: 'two', podGroupNames: ['g-b'], ...inRack },
          ],
        },
      }),
    ],
  }),
  scenario({
    name: 'seats are given back after a refused binding, and taken again',
    nodes: nodesOf('r1: a1 b1 c1'),
    gangs: [gangOf('g', [groupOf('a', 3)])],
    script: (world) => {
      later(world, 60_000, () => {
        world.kubelets.stuck.clear()
        return Promise.all([...world.history.nodes.keys()].map((name) => world.kubelets.catchUp(name)))
      })
      const isEarly = (): boolean => world.clock.monotonicMs() < 45_000
      world.history.listen((write) => {
        const pod = isPodWrite(write) && write.verb === 'bind' ? (write.after as Pod) : null
        if (pod !== null && isEarly()) world.kubelets.stuck.add(nodeOf(pod) ?? '')
      })
      world.meddle.fateOf = (_, ticket) =>
        ticket?.kind === 'bind' && ticket.name === 'g-a-1' && isEarly() ? REFUSED : null
    },
    judge: ({ history }) =>
      history.writes.some(({ verb, sender }) => verb === 'delete' && sender.startsWith('scheduler'))
        ? []
        : ['no seat was given back'],
    forMs: 240_000,
  }),
  scenario({
    name: 'a pod of a whole gang is replaced',
    nodes: nodesOf('r1: a2 b2'),
    gangs: [gangOf('g', [groupOf('a', 3)])],
    script: (world) => later(world, 30_000, () => world.chaos.delete(PODS, key('g-a-1'))),
  }),
  scenario({
    name: 'a seat is kept for a replacement while another gang waits for room',
    nodes: nodesOf('r1: a2'),
    gangs: [gangOf('g', [groupOf('a', 2)]), gangOf('h', [groupOf('a', 1)], { arriveMs: 5_000 })],
    script: (world) => later(world, 30_000, () => world.chaos.delete(PODS, key('g-a-1'))),
  }),
  scenario({
    name: 'a PodGang is deleted while it is bound, and made again',
    nodes: nodesOf('r1: a2 b2'),
    gangs: [gangOf('g', [groupOf('a', 4)])],
    script: (world) => {
      afterBinding(world, 2, () => world.chaos.delete(POD_GANGS, key('g')))
      world.history.listen((write) => {
        if (isGangWrite(write) && write.after === null) later(world, 3_000, () => world.workload.remake('g'))
      })
    },
  }),
  scenario({
    name: 'a pod is deleted while its gang is bound',
    nodes: nodesOf('r1: a2 b2'),
    gangs: [gangOf('g', [groupOf('a', 4)])],
    latencyMs: 20,
    script: (world) => afterBinding(world, 1, () => world.chaos.delete(PODS, key('g-a-3'), { gracePeriodSeconds: 0 })),
  }),
  scenario({
    name: 'one leader hands over to another in the middle of a gang',
    nodes: nodesOf('r1: a2 b2'),
    gangs: [gangOf('g', [groupOf('a', 3, { pods: 4 })])],
    replicas: 2,
    latencyMs: 20,
    script: (world) =>
      afterBinding(world, 1, () => {
        const [leader] = world.processes.filter(({ scheduler, isRunning }) => isRunning && scheduler !== null)
        if (leader !== undefined) world.terminateAndRestart(leader)
      }),
  }),
  scenario({
    name: 'a node is lost under a gang',
    nodes: nodesOf('r1: a2 | r2: b2 c2'),
    gangs: [gangOf('g', [groupOf('a', 4)])],
    script: (world) => later(world, 30_000, () => world.deleteNode('b')),
    forMs: 200_000,
  }),
  scenario({
    name: 'a scaled gang follows its base gang to a rack',
    nodes: nodesOf('r1: a2 b2 | r2: c2 d2'),
    gangs: [
      gangOf('g', [groupOf('a', 2)], { isInOneRack: true }),
      gangOf('s', [groupOf('a', 2)], {
        isInOneRack: true,
        arriveMs: 200,
        spec: { sameDomainAs: { podGang: 'g', key: RACK } },
      }),
    ],
  }),
  scenario({
    name: 'a scheduler starts on a gang of which a part is bound',
    nodes: nodesOf('r1: a2 b2'),
    gangs: [gangOf('g', [groupOf('a', 4)])],
    latencyMs: 20,
    script: (world) =>
      afterBinding(world, 2, () =>
        world.processes.filter(({ isRunning }) => isRunning).forEach((each) => world.killAndRestart(each)),
      ),
  }),
  scenario({
    name: 'gates are lifted one by one while a gang departs that had the room',
    nodes: nodesOf('r1: a2 b2'),
    gangs: [
      gangOf('f', [groupOf('a', 3)], { departMs: 25_000 }),
      gangOf('g', [groupOf('a', 3, { pods: 4 })], { arriveMs: 2_000, gatedMs: 400 }),
    ],
  }),
  scenario({
    name: 'a minimum is raised and a pod comes with it',
    nodes: nodesOf('r1: a4'),
    gangs: [gangOf('g', [groupOf('a', 2, { pods: 3 })]), plainOf('p', {}, { arriveMs: 40_000 })],
    script: (world) =>
      later(world, 30_000, () => {
        const [gang] = world.history.gangs.values()
        const podgroups = (gang?.spec.podgroups ?? []).map((group) => ({ ...group, minReplicas: 3 }))
        return world.chaos.mergePatch(POD_GANGS, key('g'), { spec: { podgroups } })
      }),
  }),
].map((each) => ({ ...each, mayCrash: true }))
