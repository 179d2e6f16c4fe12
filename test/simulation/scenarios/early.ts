/** Timers that come a little early, as they may: what waits for a moment waits on, and does not for ever; told by directed.ts. */
import { NODES } from '../../../kube/resources.ts'
import { NAMESPACE, nodeOf } from '../facts.ts'
import { isPodWrite } from '../history.ts'
import type { Pod } from '../../../api/kinds/kubernetes.ts'
import type { World } from '../world.ts'
import { gangOf, groupOf, later, nodesOf, plainOf, refused, type Scenario, scenario } from './scenario.ts'

const EARLY_MS = 0.9

const comeEarly = (world: World): void =>
  later(world, 0, () => {
    for (const { clock } of world.processes) clock.lateMs = -EARLY_MS
  })

const podNamed = ({ history }: World, name: string): Pod | undefined =>
  [...history.pods.values()].find(({ metadata }) => metadata.name === name)

const placedBy = (world: World, name: string, ms: number): void =>
  later(world, ms, () => {
    const pod = podNamed(world, name)
    if (pod === undefined || nodeOf(pod) === null) world.observer.report('scenario', `${name} has no node at ${ms} ms`)
  })

const rivalGone: Scenario = scenario({
  name: 'a namespace is served again after another scheduler, though a timer came early',
  nodes: nodesOf('r1: a4'),
  gangs: [plainOf('p', {}, { arriveMs: 6_000 }), plainOf('q', {}, { arriveMs: 7_000 })],
  forMs: 400_000,
  script: (world) => {
    const cordon = (is: true | null) => () =>
      world.chaos.mergePatch(NODES, { namespace: '', name: 'a' }, { spec: { unschedulable: is } })
    comeEarly(world)
    later(world, 5_000, cordon(true))
    later(world, 10_000, () => {
      const metadata = {
        name: 'p',
        namespace: NAMESPACE,
        uid: podNamed(world, 'p')?.metadata.uid ?? '',
        annotations: {},
      }
      const target = { apiVersion: 'v1', kind: 'Node', name: 'a' } as const
      return world.foreign.bind({ apiVersion: 'v1', kind: 'Binding', metadata, target })
    })
    later(world, 11_000, cordon(null))
    placedBy(world, 'q', 315_000)
  },
  judge: ({ observer }) => {
    const [bound] = observer.tickets.filter(({ kind, name }) => kind === 'bind' && name === 'q')
    return bound !== undefined && bound.sentMs > 300_000 ? [] : ['q was not left alone']
  },
})

const rested: Scenario = scenario({
  name: 'a gang whose seats were given back twice is tried again after its rest, though a timer came early',
  nodes: nodesOf('r1: a1 b1'),
  gangs: [gangOf('g', [groupOf('a', 2)])],
  forMs: 250_000,
  script: (world) => {
    comeEarly(world)
    world.history.listen((write) => {
      if (isPodWrite(write) && write.verb === 'bind') world.kubelets.stuck.add(nodeOf(write.after as Pod) ?? '')
    })
    world.meddle.fateOf = (_, ticket) => {
      const isBarred = world.clock.monotonicMs() < 80_000
      return isBarred && ticket?.kind === 'bind' && ticket.name === 'g-a-1' ? refused('no') : null
    }
    placedBy(world, 'g-a-1', 200_000)
  },
  judge: ({ history }) => {
    const given = history.writes.filter(({ verb, sender }) => verb === 'delete' && sender.startsWith('scheduler'))
    return given.length === 2 ? [] : [`its seats were given back ${given.length} times`]
  },
})

export const EARLY: readonly Scenario[] = [rivalGone, rested]
