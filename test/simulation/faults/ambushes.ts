import type { Pod } from '../../../api/kinds/kubernetes.ts'
import { CONFIG_MAPS, NODES, POD_GANGS, PODS } from '../../../kube/resources.ts'
import { RETRY_AFTER_MS } from '../checkers/manners.ts'
import type { DrawnGang } from '../draw.ts'
import { gangName, groupsOf, isAlive, isMember, NAMESPACE, nodeOf } from '../facts.ts'
import { keyOf } from '../kubelets.ts'
import type { Kept } from '../mirror.ts'
import type { Fate } from '../network.ts'
import { BROKEN_TOPOLOGIES, podName, TOPOLOGY, TOPOLOGY_FILE } from '../objects.ts'
import type { Process } from '../process.ts'
import { between, oneOf } from '../random.ts'
import type { World } from '../world.ts'
import type { AmbushFault } from './kinds.ts'
import { pauseFor, victim } from './processes.ts'
import type { Strike } from './strike.ts'

const on =
  (strike: (world: World, process: Process) => unknown) =>
  async (world: World): Promise<boolean> => {
    const found = victim(world)
    return found !== null && !found.life.isOperator && (await strike(world, found)) !== false
  }

const breakOff = ({ network }: Process, kept: Kept | null = null): void => {
  for (const stream of [...network.streams]) if (kept === null || stream.kept === kept) stream.breakOff()
}

/** Nobody is told any more of what has happened so far: only a list tells how it ended. */
const forgetAll = ({ history, server }: World): void => server.compactTo(history.version)

const TURNED_AWAY: Fate = {
  kind: 'refused',
  status: 429,
  reason: 'TooManyRequests',
  retryAfterSeconds: RETRY_AFTER_MS / 1_000,
}
const BARRED: Fate = { kind: 'refused', status: 409, reason: 'Conflict', retryAfterSeconds: null, message: 'barred' }

/** What needs two things at once, and so would hardly ever come by chance. */
export const ambushes: Readonly<Record<AmbushFault, Strike>> = {
  /** Nothing reaches it while pods go and are made again under their names. */
  unheard: on((world, process) => {
    const { network } = process
    network.isCut = true
    breakOff(process)
    const bound = [...world.history.pods.values()].filter((pod) => isAlive(pod) && nodeOf(pod) !== null)
    if (bound.length > 0) void world.chaos.delete(PODS, keyOf(oneOf(world.random, bound)), { gracePeriodSeconds: 0 })
    world.clock.after(between(world.random, 2_000, 8_000), 'work', () => {
      forgetAll(world)
      network.isCut = false
    })
  }),
  /** It asks a server that lags. */
  'list-older': on((world, process) => {
    const kept = oneOf<Kept>(world.random, ['pods', 'nodes', 'podgangs'])
    const sinceMs = world.clock.monotonicMs() - between(world.random, 5_000, 40_000)
    process.network.olderList.set(kept, world.history.writes.filter(({ atMs }) => atMs < sinceMs).length)
    forgetAll(world)
    breakOff(process, kept)
  }),
  /** What it was to try again is overtaken by a pause in which it loses its lease. */
  'woken-late': on((world, process) => {
    world.lieInWait((asked, _, ticket) => {
      if (asked !== process || ticket?.kind !== 'bind') return null
      world.clock.after(500, 'work', () => {
        if (!world.areFaultsOver) pauseFor(world, process, between(world.random, 11_000, 30_000))
      })
      return { fate: TURNED_AWAY, isOver: true }
    })
  }),
  /** What it is to try again goes to a node that takes no pods meanwhile. */
  'cordoned-in-wait': on((world, process) => {
    const cordon = (name: string, is: true | null): Promise<unknown> =>
      world.chaos.mergePatch(NODES, { namespace: '', name }, { spec: { unschedulable: is } })
    world.lieInWait((asked, _, ticket) => {
      if (asked !== process || ticket?.kind !== 'bind') return null
      world.clock.after(500, 'work', () => void cordon(ticket.node, true))
      world.clock.after(between(world.random, 5_000, 20_000), 'work', () => void cordon(ticket.node, null))
      return { fate: TURNED_AWAY, isOver: true }
    })
  }),
  /** A pod changes, is bound, the answer is lost, a read tells of the binding, and then comes the event of the change. */
  'bind-heard-late': on((world, process) => {
    world.lieInWait((asked, _, ticket) => {
      if (asked !== process || ticket?.kind !== 'bind') return null
      const { name } = ticket
      process.network.lateNews = { name, ms: between(world.random, 15_000, 40_000) }
      void world.chaos.mergePatch(PODS, { namespace: NAMESPACE, name }, { metadata: { labels: { note: 'late' } } })
      return { fate: { kind: 'reply-lost', afterMs: 50 }, isOver: true }
    })
  }),
  /** The minimum rises to all that there are while the gang's watch says nothing, and a pod is made again. */
  'minimum-raised-unheard': on(async (world, { network }) => {
    const { history, random, chaos, clock } = world
    const found = [...history.gangs.values()].flatMap((gang) =>
      groupsOf(gang).flatMap((group) => {
        const bound = boundOf(world, gang.metadata.name).filter((pod) => isMember(gang, group, pod))
        return bound.length > group.minimum ? [{ gang, group, bound }] : []
      }),
    )
    if (found.length === 0) return false
    const { gang, group, bound } = oneOf(random, found)
    network.frozenUntilMs.set('podgangs', clock.monotonicMs() + between(random, 20_000, 60_000))
    const podgroups = gang.spec.podgroups.map((each) =>
      each.name === group.name ? { ...each, minReplicas: bound.length } : each,
    )
    await chaos.mergePatch(POD_GANGS, { namespace: NAMESPACE, name: gang.metadata.name }, { spec: { podgroups } })
    await chaos.delete(PODS, keyOf(oneOf(random, bound)), { gracePeriodSeconds: 0 })
    return true
  }),
  /** One pod of a gang can go nowhere, and the others do not get Ready, or just when they are given back. */
  'gang-barred': (world) => {
    const nowMs = world.clock.monotonicMs()
    const gangs = world.drawn.gangs.filter(
      (gang) => !gang.isPlain && gang.isOwned && gang.arriveMs > nowMs && minimumOf(gang) > 1,
    )
    if (gangs.length === 0) return false
    bar(world, oneOf(world.random, gangs))
    return true
  },
  /** Somebody edits it for the worse, or back. */
  'topology-broken': async (world) => {
    if (world.drawn.hasTopology !== true) return false
    const text = oneOf(world.random, [TOPOLOGY, ...BROKEN_TOPOLOGIES])
    await world.chaos.mergePatch(CONFIG_MAPS, TOPOLOGY_FILE, { data: { 'topology.yaml': text } })
    return true
  },
}

const boundOf = ({ history }: World, gang: string): Pod[] =>
  [...history.pods.ofGang(gang)].filter((pod) => isAlive(pod) && nodeOf(pod) !== null)

const minimumOf = ({ groups }: DrawnGang): number => groups.reduce((sum, { minimum }) => sum + minimum, 0)

/** Until it is over, some 70 s after the gang came, no binding of its last pod is let through. */
function bar(world: World, gang: DrawnGang): void {
  const { clock, kubelets, random } = world
  const group = gang.groups.at(-1)!
  const barred = podName(gang, group, group.minimum - 1)
  const untilMs = gang.arriveMs + between(random, 40_000, 100_000)
  const readyAt = oneOf(random, ['read', 'delete', 'never'] as const)
  kubelets.holding.add(gang.name)
  world.lieInWait((_, { method, path }, ticket) => {
    if (clock.monotonicMs() > untilMs) {
      kubelets.holding.delete(gang.name)
      return { fate: null, isOver: true }
    }
    if (ticket?.kind === 'bind' && ticket.name === barred) return { fate: BARRED, isOver: false }
    const isThen = ticket === null ? method === 'GET' && readyAt === 'read' : ticket.kind === readyAt
    const pod = isThen ? boundOf(world, gang.name).find(({ metadata }) => isFor(path, metadata.name)) : undefined
    if (pod === undefined) return null
    void makeReady(world, pod)
    return { fate: { kind: 'request-late', ms: 300 }, isOver: false }
  })
}

const isFor = (path: string, pod: string): boolean => path.split('?', 1)[0]?.endsWith(`/pods/${pod}`) === true

function makeReady(world: World, pod: Pod): Promise<unknown> {
  const status = { conditions: [{ type: 'Ready', status: 'True' }] }
  world.kubelets.holding.delete(gangName(pod) ?? '')
  return world.chaos.strategicPatch(PODS, keyOf(pod), { status }, { subresource: 'status' })
}
