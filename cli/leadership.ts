/** One replica of each half acts: a half starts when its Lease is ours and stops when it is not any more. */
import { hostname } from 'node:os'
import { OPERATOR_LEASE, SCHEDULER_LEASE } from '../api/names.ts'
import { type LeaderElection, leaderElection } from '../kube/leader/lease.ts'
import { NAMESPACES } from '../kube/resources.ts'
import { type Halves, type Running, startHalves, type World } from './serve.ts'

/** Unlike any other candidate's, also when two run on one host. */
export const candidateName = (random: () => number): string =>
  `${hostname()}-${Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0')}`

function campaignFor(world: World, halves: Halves, lease: { namespace: string; name: string }): LeaderElection {
  let running: Running | null = null
  return leaderElection({
    ...world,
    lease,
    identity: candidateName(world.random),
    onStarted: () => {
      world.log.info('leading', { lease: lease.name })
      running = startHalves(world, halves)
    },
    onStopped: async () => {
      world.log.info('not leading any more', { lease: lease.name })
      await running?.stop()
      running = null
    },
    onTrouble: (message) => world.log.warn(message, { lease: lease.name }),
  })
}

/** A campaign for each half that is asked for. Creates the namespace of the Leases where it is missing and allowed. */
export async function campaign(world: World, halves: Halves, namespace: string): Promise<{ stop(): Promise<void> }> {
  await world.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  const campaigns = [
    ...(halves.operator
      ? [campaignFor(world, { ...halves, scheduler: false }, { namespace, name: OPERATOR_LEASE })]
      : []),
    ...(halves.scheduler
      ? [campaignFor(world, { ...halves, operator: false }, { namespace, name: SCHEDULER_LEASE })]
      : []),
  ]
  for (const each of campaigns) each.start()
  return {
    async stop() {
      await Promise.all(campaigns.map((each) => each.stop()))
    },
  }
}
