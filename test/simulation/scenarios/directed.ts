/** What chance meets too seldom, each made for a class of bugs; `mutants/list.ts` plants those. */
import type { NewObject, Pod } from '../../../api/kinds/kubernetes.ts'
import { CONFIG_MAPS, NODES, POD_GANGS, PODS } from '../../../kube/resources.ts'
import { conditionOf, GPU, NAMESPACE, nodeOf, RACK } from '../facts.ts'
import { isPodWrite } from '../history.ts'
import type { Fate } from '../network.ts'
import { nodeObject, podObject } from '../objects.ts'
import type { World } from '../world.ts'
import { DELICATE } from './delicate.ts'
import { EARLY } from './early.ts'
import { notKept } from './kept.ts'
import { NARROW } from './narrow.ts'
import { OF_SETS } from './of-sets.ts'
import { gangOf, groupOf, later, nodesOf, plainOf, refused, type Scenario, scenario } from './scenario.ts'

const key = (name: string): { namespace: string; name: string } => ({ namespace: NAMESPACE, name })
const isPlaced = ({ history }: World, name: string): boolean =>
  [...history.pods.values()].some((pod) => pod.metadata.name === name && nodeOf(pod) !== null)

/** Asked then, and not in the end: what comes late has come too late. */
const placedBy = (world: World, name: string, ms: number): void =>
  later(world, ms, () => {
    if (!isPlaced(world, name)) world.observer.report('scenario', `${name} has no node at ${ms} ms`)
  })

const newestVersion = ({ history }: World): number =>
  Number(history.writes.at(-1)?.after?.metadata.resourceVersion ?? 0)

const refusedByKubelets = ({ kubelets }: World): string[] =>
  [...kubelets.refusals.keys()].map((node) => `the kubelet of ${node} had to refuse a pod`)

const raisedUnheard: Scenario = scenario({
  name: 'a minimum rises unheard, and a pod comes that looks like surplus',
  nodes: nodesOf('r1: a2'),
  gangs: [gangOf('g', [groupOf('a', 2, { pods: 3 })])],
  script: (world) => {
    later(world, 20_000, () => {
      for (const { network } of world.processes) network.frozenUntilMs.set('podgangs', 80_000)
    })
    later(world, 25_000, () => {
      const [gang] = world.history.gangs.values()
      const podgroups = (gang?.spec.podgroups ?? []).map((group) => ({ ...group, minReplicas: 3 }))
      return world.chaos.mergePatch(POD_GANGS, key('g'), { spec: { podgroups } })
    })
    later(world, 26_000, () => world.chaos.delete(PODS, key('g-a-2'), { gracePeriodSeconds: 0 }))
    later(world, 30_000, () => world.addNode(nodeObject({ name: 'b', rack: 'r1', gpus: 2, cpus: 64 })))
  },
})

const uncordoned: Scenario = scenario({
  name: 'a node that is uncordoned wakes what waits',
  nodes: nodesOf('r1: a1 b1'),
  gangs: [gangOf('g', [groupOf('a', 2)], { arriveMs: 5_000 })],
  script: (world) => {
    const cordon = (is: boolean | null) => () =>
      world.chaos.mergePatch(NODES, { namespace: '', name: 'b' }, { spec: { unschedulable: is } })
    later(world, 1_000, cordon(true))
    later(world, 71_000, cordon(null))
    placedBy(world, 'g-a-1', 75_000)
  },
})

const olderList: Scenario = scenario({
  name: 'a list from before what is known does not undo it',
  nodes: nodesOf('r1: a1'),
  gangs: [plainOf('p', { gpus: 4 }, { arriveMs: 20_000 })],
  latencyMs: 20,
  script: (world) => {
    let writesThen = 0
    later(world, 5_000, () => world.addNode(nodeObject({ name: 'b', rack: 'r1', gpus: 4, cpus: 64 })))
    later(world, 9_000, () => void (writesThen = world.history.writes.length))
    later(world, 15_000, () => {
      const status = { allocatable: { [GPU]: '1' } }
      return world.chaos.mergePatch(NODES, { namespace: '', name: 'b' }, { status }, { subresource: 'status' })
    })
    later(world, 40_000, () => {
      world.server.compactTo(newestVersion(world))
      for (const { network } of world.processes) {
        network.olderList.set('nodes', writesThen)
        for (const stream of [...network.streams]) stream.breakOff()
      }
    })
  },
  judge: refusedByKubelets,
})

const lateEvent: Scenario = scenario({
  name: 'an event from before a binding of which a read has told comes late',
  nodes: nodesOf('r1: b0'),
  gangs: [plainOf('p', {}, { arriveMs: 2_000 })],
  script: (world) => {
    const isLate = (line: string): boolean => line.startsWith('{"type":"MODIFIED"') && line.includes('"note":"late"')
    world.meddle.lineFateOf = (kept, line) => (kept === 'pods' && isLate(line()) ? { kind: 'late', ms: 40_000 } : null)
    world.meddle.fateOf = (_, ticket) =>
      ticket?.kind === 'bind' && world.clock.monotonicMs() < 20_000 ? { kind: 'reply-lost' } : null
    later(world, 10_000, () => world.chaos.mergePatch(PODS, key('p'), { metadata: { labels: { note: 'late' } } }))
    later(world, 11_000, () => world.addNode(nodeObject({ name: 'a', rack: 'r1', gpus: 1, cpus: 64 })))
  },
})

const madeAgain: Scenario = scenario({
  name: 'a pod that is made again under its name while nobody hears of it is another pod',
  nodes: nodesOf('r1: a2'),
  gangs: [gangOf('g', [groupOf('a', 2)])],
  script: (world) => {
    const cut = (is: boolean): void => {
      for (const { network } of world.processes) {
        network.isCut = is
        for (const stream of [...network.streams]) stream.breakOff()
      }
    }
    later(world, 20_000, () => cut(true))
    later(world, 20_100, () => world.chaos.delete(PODS, key('g-a-1'), { gracePeriodSeconds: 0 }))
    later(world, 24_000, () => world.server.compactTo(newestVersion(world)))
    later(world, 25_000, () => cut(false))
  },
})

const silentWatch: Scenario = scenario({
  name: 'a watch that says nothing any more is given up within 90 s',
  nodes: nodesOf('r1: a2'),
  gangs: [plainOf('p'), plainOf('q', {}, { arriveMs: 22_000 })],
  script: (world) => {
    let isSilent = false
    world.meddle.lineFateOf = (kept) => {
      if (kept !== 'pods' || isSilent || world.clock.monotonicMs() < 20_000) return null
      isSilent = true
      return { kind: 'silent' }
    }
    placedBy(world, 'q', 112_000)
  },
})

/** More than is told in a few turns: 3,200 pods that fill every node, and 40 that wait. */
const FULL_NODES = nodesOf(`r1: ${Array.from({ length: 400 }, (_, at) => `${letters(at)}8`).join(' ')}`)
function letters(at: number): string {
  return `n${String.fromCharCode(97 + Math.floor(at / 26))}${String.fromCharCode(97 + (at % 26))}`
}

const fullCluster: Scenario = scenario({
  name: 'a scheduler that starts on a full cluster of many pods binds nothing',
  nodes: FULL_NODES,
  gangs: [],
  forMs: 60_000,
  script: (world) => {
    const seed = (name: string, nodeName: string | null): void => {
      const form = podObject(plainOf(name), groupOf('a', 1), 0, nodeName === null ? {} : { nodeName })
      world.history.seed(world.server.seed({ ...form, status: { phase: nodeName === null ? 'Pending' : 'Running' } }))
    }
    for (let at = 0; at < 40; at++) seed(`a${at}`, null)
    for (const { name } of FULL_NODES) for (let at = 0; at < 8; at++) seed(`z-${name}-${at}`, name)
  },
  judge: ({ history }) =>
    history.writes.some(({ verb }) => verb === 'bind') ? ['a pod was bound to a full node'] : [],
})

const slowRenewal: Scenario = scenario({
  name: 'one answer about the lease that never comes costs no leadership',
  nodes: nodesOf('r1: a1'),
  gangs: [plainOf('p')],
  script: (world) => {
    let sent = 0
    world.meddle.fateOf = (_, ticket) => (ticket?.kind === 'lease' && ++sent === 8 ? { kind: 'reply-lost' } : null)
  },
  judge: ({ observer }) => {
    const terms = observer.lives.flatMap(({ electedMs }) => electedMs).length
    return terms === 1 ? [] : [`there were ${terms} terms`]
  },
})

const quietHour: Scenario = scenario({
  name: 'a quiet cluster is not listed again and sees no write',
  nodes: nodesOf('r1: a2'),
  gangs: [gangOf('g', [groupOf('a', 2)]), gangOf('h', [groupOf('a', 2)])],
  forMs: 1_200_000,
  script: (world) => {
    world.meddle.fateOf = ({ path }) => {
      const isList =
        /\/(pods|nodes|podgangs)\?/.test(path) && (!path.includes('watch') || path.includes('sendInitialEvents'))
      if (isList && world.clock.monotonicMs() > 60_000) world.observer.report('scenario', `listed again: ${path}`)
      return null
    }
    // What is older than two minutes is forgotten: bookmarks come every minute.
    const forget = (): void => {
      const version = newestVersion(world)
      world.clock.after(120_000, 'background', () => world.server.compactTo(version))
      world.clock.after(30_000, 'background', forget)
    }
    forget()
  },
  judge: ({ history, observer }) => {
    const late = history.writes.filter(({ atMs, collection }) => atMs > 120_000 && !collection.endsWith('/leases'))
    const moot = observer.tickets.filter(({ kind, status, state }) => {
      return kind === 'gang-status' && status === 200 && state === 'dead'
    })
    return [
      ...(late.length === 0 ? [] : [`${late.length} writes in 18 quiet minutes`]),
      ...(moot.length === 0 ? [] : [`${moot.length} statuses were written that said what stood there`]),
    ]
  },
})

const main = (requests: Readonly<Record<string, string>>): object => ({
  name: 'main',
  image: 'busybox',
  resources: { requests, limits: requests },
})
const written = (name: string, spec: object): NewObject => {
  const made = podObject(plainOf(name), groupOf('a', 1), 0)
  return { ...made, spec: { ...(made['spec'] as object), ...spec } }
}

const makeAt = (world: World, ms: number, object: NewObject): void =>
  later(world, ms, () => world.chaos.create(PODS, object))

const initContainers: Scenario = scenario({
  name: 'what starts first, runs beside and comes on top counts',
  nodes: nodesOf('r1: a4 b4'),
  gangs: [],
  forMs: 70_000,
  script: (world) => {
    const init = { ...main({ [GPU]: '4' }), name: 'init' }
    const sidecar = { ...main({ [GPU]: '3' }), name: 'sidecar', restartPolicy: 'Always' }
    makeAt(world, 1_000, written('p', { containers: [main({ [GPU]: '1' })], initContainers: [init] }))
    makeAt(world, 2_000, written('q', { containers: [main({ [GPU]: '1' })], initContainers: [sidecar] }))
    makeAt(world, 3_000, written('r', { containers: [main({ [GPU]: '1' })] }))
  },
  judge: (world) => [
    ...refusedByKubelets(world),
    ...['p', 'q'].filter((name) => !isPlaced(world, name)).map((name) => `${name} has no node`),
    ...(isPlaced(world, 'r') ? ['r was put where nothing is left'] : []),
  ],
})

const oddAmounts: Scenario = scenario({
  name: 'amounts are read as they are meant, however they are written',
  nodes: nodesOf('r1: a0'),
  gangs: [],
  forMs: 70_000,
  script: (world) => {
    for (const [at, cpu] of ['32000m', '3.1e1', '1'].entries())
      makeAt(world, 1_000 + at, written(`p${at}`, { containers: [main({ cpu })] }))
  },
  judge: (world) => ['p0', 'p1', 'p2'].filter((name) => !isPlaced(world, name)).map((name) => `${name} has no node`),
})

const TOPOLOGY = `topologies:\n  - name: ours\n    levels:\n      - {name: rack, key: ${RACK}}\n`

const brokenTopology: Scenario = scenario({
  name: 'a topology that cannot be read leaves the last good one in force',
  nodes: nodesOf('r1: a2 | r2: b2'),
  gangs: [gangOf('g', [groupOf('a', 2)], { arriveMs: 40_000, annotations: { 'grove.io/topology-name': 'ours' } })],
  script: (world) => {
    const metadata = { namespace: 'espalier-system', name: 'espalier-topology' }
    const file = (text: string): NewObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { 'topology.yaml': text },
    })
    later(world, 10_000, () => world.chaos.create(CONFIG_MAPS, file(TOPOLOGY)))
    later(world, 20_000, () =>
      world.chaos.mergePatch(CONFIG_MAPS, metadata, { data: { 'topology.yaml': 'topologies: 7\n' } }),
    )
  },
  judge: ({ history }) => {
    const isTold = history.writes.some(({ after }) => after?.['reason'] === 'InvalidTopology')
    const [gang] = history.gangs.values()
    const isWhole = gang !== undefined && conditionOf(gang, 'Scheduled') === 'True'
    return [...(isTold ? [] : ['nobody was told']), ...(isWhole ? [] : ['g is not placed'])]
  },
})

const neverCompleted: Scenario = scenario({
  name: 'a gang that can never be completed is given back less and less often',
  nodes: nodesOf('r1: a1 b1'),
  gangs: [gangOf('g', [groupOf('a', 2)], { departMs: 600_000 })],
  forMs: 700_000,
  script: (world) => {
    world.history.listen((write) => {
      if (isPodWrite(write) && write.verb === 'bind') world.kubelets.stuck.add(nodeOf(write.after as Pod) ?? '')
    })
    world.meddle.fateOf = (_, ticket) => (ticket?.kind === 'bind' && ticket.name === 'g-a-1' ? refused('no') : null)
  },
  judge: ({ history }) => {
    const times = history.writes.filter(
      ({ verb, sender }) => verb === 'delete' && sender.startsWith('scheduler'),
    ).length
    return times >= 3 && times <= 8 ? [] : [`its seats were given back ${times} times in 10 minutes`]
  },
})

const longAnswer: Scenario = scenario({
  name: 'what a server says at length is told in short',
  nodes: nodesOf('r1: a1'),
  gangs: [plainOf('p')],
  script: (world) => {
    world.meddle.fateOf = (_, ticket) =>
      ticket?.kind === 'bind' && world.clock.monotonicMs() < 50_000 ? refused('so '.repeat(2_000)) : null
  },
  judge: ({ history }) => {
    const lengths = history.writes.flatMap(({ after }) =>
      ((after as Pod | null)?.status?.conditions ?? []).map(({ message }) => message?.length ?? 0),
    )
    const longest = Math.max(...lengths)
    return longest > 500 && longest <= 1_024 ? [] : [`the longest message has ${longest} characters`]
  },
})

const unreadable: Scenario = scenario({
  name: 'an object that cannot be read stands in no other’s way',
  nodes: nodesOf('r1: a4'),
  gangs: [gangOf('g', [groupOf('a', 2)]), gangOf('h', [groupOf('a', 2)], { arriveMs: 60_000 })],
  script: (world) => {
    world.meddle.lineFateOf = (kept, line) =>
      kept === 'pods' && line().startsWith('{"type":"ADDED"') ? { kind: 'malformed' } : null
    later(world, 20_000, () => world.processes.forEach((process) => world.killAndRestart(process)))
    placedBy(world, 'h-a-1', 65_000)
  },
})

const wokenUp: Scenario = scenario({
  name: 'what a leader was to try again is not sent when it wakes without its lease',
  nodes: nodesOf('r1: a1'),
  gangs: [plainOf('p', {}, { arriveMs: 20_000 })],
  script: (world) => {
    const turnedAway: Fate = { kind: 'refused', status: 429, reason: 'TooManyRequests', retryAfterSeconds: 2 }
    let isTurnedAway = false
    world.meddle.fateOf = (_, ticket) => {
      if (ticket?.kind !== 'bind' || isTurnedAway) return null
      isTurnedAway = true
      later(world, 500, () => world.processes.forEach(({ clock }) => clock.pause()))
      later(world, 20_500, () => world.processes.forEach(({ clock }) => clock.resume((held) => held)))
      return turnedAway
    }
    placedBy(world, 'p', 60_000)
  },
})

/** Of a list, so many objects are told before others have their turn; as many again may have come in between. */
const TOLD_AT_ONCE_MAX = 600

const longList: Scenario = scenario({
  name: 'a long list is told in parts, and others have their turn in between',
  nodes: nodesOf('r1: a0'),
  gangs: [],
  forMs: 100_000,
  script: (world) => {
    for (let at = 0; at < 1_100; at++) {
      const form = podObject(plainOf(`p${at}`), groupOf('a', 1), 0)
      world.history.seed(world.server.seed({ ...form, status: { phase: 'Pending' } }))
    }
    let told = 0
    const look = (turnsLeft: number): void => {
      const now = world.processes[0]?.scheduler?.audit().kept.pods ?? 0
      if (now - told > TOLD_AT_ONCE_MAX) world.observer.report('scenario', `${now - told} pods were told of at once`)
      told = now
      if (turnsLeft > 0) world.clock.after(0, 'work', () => look(turnsLeft - 1))
    }
    world.meddle.lineFateOf = (kept, line) => {
      if (kept === 'pods' && line().includes('initial-events-end')) look(100)
      return null
    }
  },
  judge: ({ processes }) => {
    const pods = processes[0]?.scheduler?.audit().kept.pods ?? 0
    return pods === 1_100 ? [] : [`it knows ${pods} pods of 1100`]
  },
})

export const DIRECTED: readonly Scenario[] = [
  raisedUnheard,
  uncordoned,
  olderList,
  lateEvent,
  madeAgain,
  silentWatch,
  fullCluster,
  slowRenewal,
  quietHour,
  initContainers,
  oddAmounts,
  brokenTopology,
  neverCompleted,
  longAnswer,
  unreadable,
  wokenUp,
  longList,
  notKept,
  ...DELICATE,
  ...NARROW,
  ...OF_SETS,
  ...EARLY,
]
