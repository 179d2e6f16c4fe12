import type { PodGang } from '../../api/generated/kinds.ts'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { GANG_GATE } from '../../api/names.ts'
import { hasGate } from '../observed-pod.ts'

export interface GateView {
  /** Name of the PodClique. */
  readonly clique: string
  readonly pods: readonly Pod[]
  /** The gang that the pods are placed with. */
  readonly gang: PodGang | undefined
  /** For pods of a scaled gang the base gang, which must be placed first; null for a base gang; undefined: not there. */
  readonly base: PodGang | null | undefined
  /** Pods of a PodClique that have a node. */
  readonly scheduledOf: (clique: string) => number
}

/** Pods that may be placed from now on: their gang lists them, and the gang that goes first has its minimum placed. */
export function podsToUngate({ clique, pods, gang, base, scheduledOf }: GateView): Pod[] {
  const gated = pods.filter((pod) => hasGate(pod, GANG_GATE))
  if (gated.length === 0 || gang === undefined || base === undefined) return []
  if (base !== null && !base.spec.podgroups.every(({ name, minReplicas }) => scheduledOf(name) >= minReplicas))
    return []
  const group = gang.spec.podgroups.find(({ name }) => name === clique)
  const listed = new Set(group?.podReferences.map(({ name }) => name))
  return gated.filter(({ metadata }) => listed.has(metadata.name))
}
