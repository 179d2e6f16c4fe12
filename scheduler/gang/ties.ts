import type { CompiledLevel } from '../../topology/index.ts'
import type { ClusterState } from '../state/cluster.ts'
import { byBytes } from '../state/bytes.ts'
import type { GangFacts } from '../state/gang-facts.ts'
import type { PodFacts } from '../state/pod-facts.ts'
import { groupOf } from './members.ts'

/** Gangs that share a domain with this one: what it names, what names it, and what names the same. */
export interface Tie {
  readonly key: string
  readonly gangs: readonly GangFacts[]
}

/** One tie a key; symmetric, so that whichever gang is placed first decides for the others. */
export function tiesOf(cluster: ClusterState, gang: GangFacts): readonly Tie[] {
  if (gang.isPlain || (gang.sameDomainAs === null && !cluster.gangs.isAnyTyingIn(gang.namespace))) return NO_TIES
  const tying = cluster.gangs.tyingIn(gang.namespace)
  const keys = new Set<string>()
  for (const each of [gang, ...tying]) {
    if (each.sameDomainAs !== null && (each.uid === gang.uid || each.sameDomainAs.podGang === gang.name)) {
      keys.add(each.sameDomainAs.key)
    }
  }
  if (keys.size === 0) return NO_TIES
  const others = cluster.gangs.inNamespace(gang.namespace)
  return [...keys].sort().map((key) => ({ key, gangs: tied(gang, others, key) }))
}

const NO_TIES: readonly Tie[] = []

function tied(gang: GangFacts, others: readonly GangFacts[], key: string): GangFacts[] {
  const root = gang.sameDomainAs?.key === key ? gang.sameDomainAs.podGang : gang.name
  return others.filter(
    (each) =>
      each.uid !== gang.uid &&
      (each.name === root || (each.sameDomainAs?.key === key && each.sameDomainAs.podGang === root)),
  )
}

/** The gang, what it names, and what names the same under the same key, in order of their names. */
export function tiedTogether(cluster: ClusterState, gang: GangFacts): GangFacts[] {
  const { key = '' } = gang.sameDomainAs ?? {}
  const all = [gang, ...tied(gang, cluster.gangs.inNamespace(gang.namespace), key)]
  return all.sort((a, b) => byBytes(a.name, b.name))
}

/** The reference, when it leads out of the namespace. */
export function foreignTie({ sameDomainAs, namespace }: GangFacts): string | null {
  const [before, after] = sameDomainAs?.podGang.split('/') ?? []
  return after === undefined || before === namespace ? null : (sameDomainAs?.podGang ?? null)
}

/** Domains of the level in which tied gangs have pods. Pods that are terminating or finished pin nothing. */
export function pinnedDomains(
  cluster: ClusterState,
  tie: Tie,
  level: CompiledLevel,
  ixOf: ReadonlyMap<string, number>,
): number[] {
  const domains = new Set<number>()
  for (const pod of tiedPods(cluster, tie)) {
    const node = cluster.nodeOf(pod)
    const domain = node === null ? -1 : (level.domainOf[ixOf.get(node) ?? -1] ?? -1)
    if (domain >= 0) domains.add(domain)
  }
  return [...domains].sort((a, b) => a - b)
}

/** Pods of tied gangs that are still to come: room for them weighs in the choice of domain. */
export const tiedPending = (cluster: ClusterState, ties: readonly Tie[]): PodFacts[] => {
  const seen = new Map<string, PodFacts>()
  for (const tie of ties) {
    for (const pod of tiedPods(cluster, tie)) {
      if (cluster.nodeOf(pod) === null && cluster.isOurs(pod) && pod.unsupported === null) seen.set(pod.uid, pod)
    }
  }
  return [...seen.values()].sort((a, b) => (a.uid < b.uid ? -1 : 1))
}

function tiedPods(cluster: ClusterState, tie: Tie): PodFacts[] {
  return tie.gangs.flatMap((gang) =>
    [...cluster.gangs.podsOf(gang.key)].filter(
      (pod) => !pod.isTerminating && !pod.isFinished && groupOf(gang, pod) !== null,
    ),
  )
}
