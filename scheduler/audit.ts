import type { ClusterState } from './state/cluster.ts'

/** The state as plain data, for an observer that recomputes it: reads only, and nothing of the scheduler decides by it. */
export interface SchedulerAudit {
  /** What counts as used on a node, assumed pods too: cpu in milli-cpu, memory in bytes. */
  used(node: string, resource: string): number
  /** What the planner reads as free there, of the resources that somebody of ours has asked for. */
  free(node: string): readonly (readonly [string, number])[]
  readonly kept: Kept
}

/** How many of each thing are held in memory. */
export interface Kept {
  readonly pods: number
  readonly nodes: number
  readonly gangs: number
  /** Gangs and plain pods that have something of ours in them. */
  readonly entries: number
  readonly assumed: number
  readonly suspended: number
  readonly bindings: number
  /** Memories of what was told, up to three an entry. */
  readonly told: number
  /** Namespaces of which something is known beyond their objects. */
  readonly namespaces: number
}

export function auditOf(
  cluster: ClusterState,
  rest: Pick<Kept, 'entries' | 'suspended' | 'bindings' | 'told'>,
): SchedulerAudit {
  const { resources, ixOf, free } = cluster.nodes.read()
  return {
    used: (node, resource) => {
      const use = cluster.usage.find(node)
      return use === null ? 0 : cluster.usage.amount(use, cluster.usage.columnOf(resource))
    },
    free: (node) => {
      const first = (ixOf.get(node) ?? 0) * resources.length
      return ixOf.has(node) ? resources.map((resource, column) => [resource, free[first + column] ?? 0]) : []
    },
    kept: {
      pods: cluster.podCount,
      nodes: cluster.nodes.size,
      gangs: cluster.gangs.size,
      assumed: cluster.assumedCount,
      namespaces: cluster.namespacesKnown,
      ...rest,
    },
  }
}
