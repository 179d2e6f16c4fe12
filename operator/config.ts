import type { DynamoConfig } from './expansion/dynamo/config.ts'

/** What an administrator sets; every field has a default, so `{}` is a configuration. */
export interface OperatorConfig {
  /** The DNS suffix of the cluster, in `GROVE_HEADLESS_SERVICE`. */
  readonly clusterDomain: string
  /** The image whose entry point is `espalier`, for the start-up waiter. */
  readonly waiterImage: string
  /** Written on pods whose template asks for no scheduler. */
  readonly schedulerName: string
  /** Names that our own scheduler serves, also adopted ones. */
  readonly servedNames: readonly string[]
  /** Where the topology ConfigMap lives. */
  readonly systemNamespace: string
  /** Lifetime of the waiter's projected token; kubelet renews it. Kubernetes refuses less than 600. */
  readonly waiterTokenSeconds: number
  /** One PodDisruptionBudget a clique. */
  readonly disruptionBudgets: boolean
  /** How many objects a reconciler looks at at once, by its name; its own number where it is not named. */
  readonly concurrentSyncs: Readonly<Record<string, number>>
  /** False: no topology is known, so sets that constrain by one wait, `Stalled`. */
  readonly isTopologyAware: boolean
  /** What differs from DYNAMO_DEFAULTS; the scheduler's name is that of above unless it is given here. */
  readonly dynamo: Partial<DynamoConfig>
}

export const DEFAULT_OPERATOR_CONFIG: OperatorConfig = {
  clusterDomain: 'cluster.local',
  waiterImage: 'espalier:latest',
  schedulerName: 'espalier',
  servedNames: ['espalier'],
  systemNamespace: 'espalier-system',
  waiterTokenSeconds: 3_600,
  disruptionBudgets: false,
  concurrentSyncs: {},
  isTopologyAware: true,
  dynamo: {},
}
