import type { KubeClient } from '../kube/client.ts'
import type { Clock } from '../kube/clock.ts'
import type { Log } from '../kube/log.ts'
import type { Random } from '../kube/random.ts'
import type { ClusterState } from './state/cluster.ts'

export interface TopologyFeedOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly cluster: ClusterState
  readonly onNote: () => void
}

export interface TopologyFeed {
  start(): void
  readonly synced: Promise<void>
  errors(): readonly string[]
  stop(): Promise<void>
}

export function createTopologyFeed(_options: TopologyFeedOptions): TopologyFeed {
  return { start: () => undefined, synced: Promise.resolve(), errors: () => [], stop: () => Promise.resolve() }
}
