import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { LEVEL_KEYS, type Level, LEVELS } from '../scenario/scenario.ts'
import { type Adapter, type Gang, podCount, type, typed, type TypedObject } from './adapter.ts'

const POD_GROUPS = type('scheduling.volcano.sh', 'v1beta1', 'podgroups', 'PodGroup')
const HYPER_NODES = type('topology.volcano.sh', 'v1alpha1', 'hypernodes', 'HyperNode', false)
const GROUP_LABEL = 'espalier.io/bench-group'

/** A host is tier 0 and no HyperNode; the narrowest level above it is tier 1. */
const tierOf = (level: Level): number => LEVELS.length - 1 - LEVELS.indexOf(level)

const hard = (level: Level | null): object =>
  level === null ? {} : { networkTopology: { mode: 'hard', highestTierAllowed: Math.max(1, tierOf(level)) } }
const soft = (level: Level | null): object => (level === null ? {} : { networkTopology: { mode: 'soft' } })

/** A HyperNode a domain: its nodes at the narrowest level, above it the HyperNodes below. */
function hyperNodes(nodes: readonly NewObject[]): TypedObject[] {
  const members = new Map<string, { tier: number; kind: 'Node' | 'HyperNode'; names: Set<string> }>()
  for (const { metadata } of nodes) {
    const domains = LEVELS.filter((level) => level !== 'host').flatMap((level) => {
      const value = metadata.labels?.[LEVEL_KEYS[level]]
      return value === undefined ? [] : [{ name: `${level}-${value}`, tier: tierOf(level) }]
    })
    for (const [i, { name, tier }] of domains.entries()) {
      const below = domains[i + 1]
      const own = members.get(name) ?? { tier, kind: below === undefined ? 'Node' : 'HyperNode', names: new Set() }
      own.names.add(below?.name ?? metadata.name ?? '')
      members.set(name, own)
    }
  }
  return [...members].map(([name, { tier, kind, names }]) =>
    typed(
      HYPER_NODES,
      { name },
      {
        tier,
        members: [...names].map((member) => ({ type: kind, selector: { exactMatch: { name: member } } })),
      },
    ),
  )
}

const policyOf = ({ groups }: Gang): object[] =>
  groups.map(({ name, pods, required }) => ({
    name,
    labelSelector: { matchLabels: { [GROUP_LABEL]: name } },
    matchLabelKeys: [GROUP_LABEL],
    subGroupSize: pods.length,
    minSubGroups: 1,
    ...hard(required),
  }))

/** Volcano's PodGroup with a HyperNode for each domain; it has one mode a group, so a preference beside a rule is lost. */
export const volcano: Adapter = {
  name: 'volcano',
  summary: 'PodGroup of scheduling.volcano.sh/v1beta1 (Volcano)',
  isTried: false,
  schedulerName: 'volcano',
  words: { gang: true, required: 'groups', preferred: true },
  types: [POD_GROUPS, HYPER_NODES],
  shared: (_place, _gangs, nodes) => hyperNodes(nodes),
  objectsOf(gang, { namespace }) {
    const spec = {
      minMember: podCount(gang),
      queue: 'default',
      ...(gang.required === null ? soft(gang.preferred) : hard(gang.required)),
      ...(gang.groups.some(({ required }) => required !== null) ? { subGroupPolicy: policyOf(gang) } : {}),
    }
    return [typed(POD_GROUPS, { name: gang.name, namespace }, spec)]
  },
  marksOf: (gang, group) => ({
    labels: { [GROUP_LABEL]: group.name },
    annotations: { 'scheduling.k8s.io/group-name': gang.name, 'scheduling.volcano.sh/group-name': gang.name },
  }),
}
