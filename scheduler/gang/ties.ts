import type { CompiledLevel } from '../../topology/index.ts'
import type { ClusterState } from '../state/cluster.ts'
import { byBytes } from '../state/bytes.ts'
import type { GangFacts } from '../state/gang-facts.ts'
import type { PodFacts } from '../state/pod-facts.ts'
import { groupOf } from './members.ts'

/** Gangs that share a domain with this one: what it names, what names it, and so on along every gang between. */
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
  return [...keys].sort().map((key) => ({ key, gangs: tied(cluster, gang, key) }))
}

const NO_TIES: readonly Tie[] = []

function tied(cluster: ClusterState, gang: GangFacts, key: string): GangFacts[] {
  const names = namesTied(gang, cluster.gangs.tyingIn(gang.namespace), key)
  return cluster.gangs.inNamespace(gang.namespace).filter(({ uid, name }) => uid !== gang.uid && names.has(name))
}

/** The gang's own name and all that references under the key lead to or come from, chains and rings too. O(`tying`). */
function namesTied(gang: GangFacts, tying: readonly GangFacts[], key: string): ReadonlySet<string> {
  const tiedTo = new Map<string, string[]>()
  const tie = (name: string, other: string): void => {
    const known = tiedTo.get(name)
    if (known === undefined) tiedTo.set(name, [other])
    else known.push(other)
  }
  for (const { name, sameDomainAs } of [gang, ...tying]) {
    if (sameDomainAs?.key !== key) continue
    tie(name, sameDomainAs.podGang)
    tie(sameDomainAs.podGang, name)
  }
  const names = new Set([gang.name])
  for (const name of names) for (const other of tiedTo.get(name) ?? []) names.add(other) // goes on over what is added
  return names
}

/** The gang and all that is tied to it under the key that it writes, in order of their names. */
export function tiedTogether(cluster: ClusterState, gang: GangFacts): GangFacts[] {
  const { key = '' } = gang.sameDomainAs ?? {}
  return [gang, ...tied(cluster, gang, key)].sort((a, b) => byBytes(a.name, b.name))
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
