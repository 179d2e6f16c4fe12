/**
 * Judges what a scheduler made of the work, from API objects alone: it shares nothing with any scheduler, and every peer
 * is judged by it before a figure of his is shown.
 */
import type { NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { toMilli } from '../../api/quantity.ts'
import type { Gang, Words } from '../peers/adapter.ts'
import { LEVEL_KEYS, type Level, LEVELS } from '../scenario/scenario.ts'

export interface Judged {
  /** What is wrong, at most a few of each kind. */
  readonly faults: readonly string[]
  readonly boundPods: number
  /** Distinct domains of a level that a gang with all its pods bound uses, on average. */
  readonly domainsPerGang: Readonly<Partial<Record<Level, number>>>
  /** Gangs by the number of racks, or of domains of the narrowest level there is, that they use. */
  readonly domainCounts: Readonly<Record<string, number>>
  /** Of the gangs that state a preference, those that do not lie in one domain of that level. */
  readonly brokenPreferences: number
  /** Gangs of which some pods are bound and others are not. */
  readonly partialGangs: number
  /** Gangs that break a required level that this scheduler could not be told. */
  readonly brokenUntold: number
}

export interface Evidence {
  readonly nodes: readonly NewObject[]
  /** All pods of the cluster. */
  readonly pods: readonly Pod[]
  readonly namespace: string
  readonly gangs: readonly Gang[]
  readonly words: Words
}

const FAULTS_SHOWN = 5

export function judge(evidence: Evidence): Judged {
  const nodeOf = new Map<string, string>()
  for (const { metadata, spec } of evidence.pods) {
    const node = spec.nodeName ?? ''
    if (metadata.namespace === evidence.namespace && node !== '') nodeOf.set(metadata.name, node)
  }
  const labels = new Map(evidence.nodes.map(({ metadata }) => [metadata.name ?? '', metadata.labels ?? {}]))
  const where = { nodeOf, labels }
  const gangs = evidence.gangs.filter(({ isSingle }) => !isSingle)
  const partial = gangs.filter((gang) => isPartial(gang, nodeOf))
  const told = gangs.flatMap((gang) => scattered(gang, evidence.words, where))
  const all = gangs.filter((gang) => scattered(gang, { ...evidence.words, required: 'groups' }, where).length > 0)
  const faults = [
    ...[...nodeOf].flatMap(([pod, node]) => (labels.has(node) ? [] : [`${pod} is on ${node}, which is no node`])),
    ...overcommitted(evidence),
    ...(evidence.words.gang ? partial.map(({ name }) => `${name} is bound in part`) : []),
    ...told,
    ...touchedHopeless(evidence, nodeOf),
  ]
  return {
    faults: [
      ...faults.slice(0, FAULTS_SHOWN),
      ...(faults.length > FAULTS_SHOWN ? [`and ${faults.length - FAULTS_SHOWN} more`] : []),
    ],
    boundPods: evidence.gangs.flatMap(podsOf).filter((pod) => nodeOf.has(pod)).length,
    ...domainFigures(
      gangs.filter((gang) => podsOf(gang).every((pod) => nodeOf.has(pod))),
      where,
    ),
    partialGangs: partial.length,
    brokenUntold: all.length - new Set(told.map((fault) => fault.split(' ')[0])).size,
  }
}

interface Where {
  readonly nodeOf: ReadonlyMap<string, string>
  readonly labels: ReadonlyMap<string, Readonly<Record<string, string>>>
}

const podsOf = ({ groups }: Gang): readonly string[] => groups.flatMap(({ pods }) => pods)
const isTouched = (gang: Gang, nodeOf: ReadonlyMap<string, string>): boolean =>
  podsOf(gang).some((pod) => nodeOf.has(pod))
const isPartial = (gang: Gang, nodeOf: ReadonlyMap<string, string>): boolean =>
  isTouched(gang, nodeOf) && podsOf(gang).some((pod) => !nodeOf.has(pod))

/** One that was not told the level that a gang requires may find a place for it. */
const touchedHopeless = ({ gangs, words }: Evidence, nodeOf: ReadonlyMap<string, string>): string[] =>
  words.required === 'nothing'
    ? []
    : gangs.filter((gang) => !gang.fits && isTouched(gang, nodeOf)).map(({ name }) => `${name} is bound and cannot fit`)

/** What each node's pods ask for in sum, by what it has; the number of pods too. Pods that have ended ask for nothing. */
function overcommitted({ nodes, pods }: Evidence): string[] {
  const used = new Map<string, Map<string, number>>()
  for (const { spec, status } of pods) {
    const node = spec.nodeName ?? ''
    if (node === '' || status?.phase === 'Succeeded' || status?.phase === 'Failed') continue
    const sums = used.get(node) ?? new Map<string, number>()
    used.set(node, sums)
    sums.set('pods', (sums.get('pods') ?? 0) + 1_000)
    for (const { resources } of spec.containers)
      for (const [resource, amount] of Object.entries(resources?.requests ?? {}))
        sums.set(resource, (sums.get(resource) ?? 0) + toMilli(amount))
  }
  return nodes.flatMap(({ metadata: { name = '' }, status }) => {
    const has = (status as { allocatable?: Record<string, string> } | undefined)?.allocatable ?? {}
    return [...(used.get(name) ?? [])].flatMap(([resource, milli]) =>
      milli > toMilli(has[resource] ?? 0)
        ? [`${name} has ${has[resource] ?? 0} ${resource}, ${milli / 1_000} are used`]
        : [],
    )
  })
}

/** Domains of a level in which these pods lie; a node without the label is a domain of nobody. */
function domains(pods: readonly string[], level: Level, { nodeOf, labels }: Where): Set<string> {
  const key = LEVEL_KEYS[level]
  const nodes = pods.flatMap((pod) => nodeOf.get(pod) ?? [])
  return new Set(nodes.map((node) => labels.get(node)?.[key] ?? `none: ${node}`))
}

/** One line for each required level that was told and does not hold; each begins with the gang's name. */
function scattered(gang: Gang, { required }: Words, where: Where): string[] {
  const scopes = [
    ...(required === 'nothing' ? [] : [{ pods: podsOf(gang), level: gang.required, what: '' }]),
    ...(required === 'groups'
      ? gang.groups.map(({ name, pods, required: level }) => ({ pods, level, what: `'s group ${name}` }))
      : []),
  ]
  return scopes.flatMap(({ pods, level, what }) => {
    const count = level === null ? 1 : domains(pods, level, where).size
    return count > 1
      ? [`${gang.name} lies in ${count} domains of ${level}${what === '' ? '' : `, for its ${what.slice(3)}`}`]
      : []
  })
}

function domainFigures(
  gangs: readonly Gang[],
  where: Where,
): Pick<Judged, 'domainsPerGang' | 'domainCounts' | 'brokenPreferences'> {
  const present = LEVELS.filter((level) => [...where.labels.values()].some((labels) => LEVEL_KEYS[level] in labels))
  const countsAt = (level: Level): number[] => gangs.map((gang) => domains(podsOf(gang), level, where).size)
  const mean = (counts: readonly number[]): number =>
    Math.round((1_000 * counts.reduce((sum, count) => sum + count, 0)) / Math.max(1, counts.length)) / 1_000
  const narrowest = present.filter((level) => level !== 'host').at(-1) ?? 'host'
  const domainCounts: Record<string, number> = {}
  for (const count of countsAt(narrowest)) domainCounts[count] = (domainCounts[count] ?? 0) + 1
  return {
    domainsPerGang: Object.fromEntries(present.map((level) => [level, mean(countsAt(level))])),
    domainCounts,
    brokenPreferences: gangs.filter(
      ({ preferred, ...gang }) =>
        preferred !== null && domains(podsOf({ ...gang, preferred }), preferred, where).size > 1,
    ).length,
  }
}
