/** One replica of each half acts: a half starts when its Lease is ours and stops when it is not any more. */
import { hostname } from 'node:os'
import { OPERATOR_LEASE, SCHEDULER_LEASE } from '../api/names.ts'
import type { Timing } from '../kube/leader/election.ts'
import { leaderClient } from '../kube/leader/leader-client.ts'
import { type LeaderElection, leaderElection } from '../kube/leader/lease.ts'
import { NAMESPACES } from '../kube/resources.ts'
import { freshMemory } from '../scheduler/memory.ts'
import { type Halves, type Running, startHalves, type World } from './serve.ts'

/** Unlike any other candidate's, also when two run on one host. */
export const candidateName = (random: () => number): string =>
  `${hostname()}-${Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0')}`

interface Candidate {
  readonly name: string
  readonly election: LeaderElection
  /** What runs while we lead. */
  readonly running: () => Running | null
}

/** Which Leases, and at what pace they are renewed. */
export interface Leases {
  readonly namespace: string
  readonly timing: Timing
}

function campaignFor(world: World, halves: Halves, name: string, { namespace, timing }: Leases): Candidate {
  let running: Running | null = null
  const lease = { namespace, name }
  const memory = freshMemory() // outlives a lease that is lost and won again
  const election: LeaderElection = leaderElection({
    ...world,
    client: world.leaseClient ?? world.client,
    lease,
    timing,
    identity: candidateName(world.random),
    onStarted: () => {
      world.log.info('leading', { lease: name })
      world.metrics?.leading(name, true)
      running = startHalves({ ...world, memory, client: leaderClient(world.client, election) }, halves)
    },
    onStopped: async () => {
      world.log.info('not leading any more', { lease: name })
      world.metrics?.leading(name, false)
      await running?.stop()
      running = null
    },
    makeNamespace: async () => {
      await world.client.create(NAMESPACES, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: lease.namespace },
      })
    },
    onTrouble: (message) => world.log.warn(message, { lease: lease.name }),
  })
  return { name, election, running: () => running }
}

/** Halves that come and go with their Leases, or run from the start. */
export interface Serving {
  /** What runs in this process now. */
  running(): readonly Running[]
  stop(): Promise<void>
}

/** Both halves at once, without a Lease. */
export function serveAlone(world: World, halves: Halves): Serving {
  const running = startHalves(world, halves)
  return { running: () => [running], stop: () => running.stop() }
}

/** A campaign for each half that is asked for. Creates the namespace of the Leases where it is missing and allowed. */
export function campaign(world: World, halves: Halves, leases: Leases): Serving {
  const campaigns = [
    ...(halves.operator !== null ? [campaignFor(world, { ...halves, scheduler: false }, OPERATOR_LEASE, leases)] : []),
    ...(halves.scheduler ? [campaignFor(world, { ...halves, operator: null }, SCHEDULER_LEASE, leases)] : []),
  ]
  for (const { election, name } of campaigns) {
    world.log.info('campaigning', { lease: name })
    election.start()
  }
  return {
    running: () => campaigns.map((candidate) => candidate.running()).filter((running) => running !== null),
    async stop() {
      await Promise.all(campaigns.map(({ election }) => election.stop()))
    },
  }
}
