import type { Adapter } from './adapter.ts'
import { coscheduling } from './coscheduling.ts'
import { kai } from './kai.ts'
import { compositePodGroup, plainPods, podGroup, podGroupTopology } from './native.ts'
import { podGang } from './pod-gang.ts'
import { volcano } from './volcano.ts'

/** A scheduler with a way to tell it gangs. */
export interface Peer {
  readonly name: string
  readonly scheduler: 'espalier' | 'kube-scheduler'
  readonly adapter: Adapter
}

/** Those that a scenario may name: we start them ourselves, on a control plane of our own. */
export const PEERS: readonly Peer[] = [
  { name: 'espalier', scheduler: 'espalier', adapter: podGang },
  { name: 'kube-pods', scheduler: 'kube-scheduler', adapter: plainPods },
  { name: 'kube-podgroup', scheduler: 'kube-scheduler', adapter: podGroup },
  { name: 'kube-podgroup-topology', scheduler: 'kube-scheduler', adapter: podGroupTopology },
  { name: 'kube-composite', scheduler: 'kube-scheduler', adapter: compositePodGroup },
]
export const PEER_NAMES: readonly string[] = PEERS.map(({ name }) => name)

/** Those of `--against`: whatever scheduler runs in the cluster of a kubeconfig. */
export const ADAPTERS: readonly Adapter[] = [
  plainPods,
  podGroup,
  podGroupTopology,
  compositePodGroup,
  podGang,
  coscheduling,
  volcano,
  kai,
]
