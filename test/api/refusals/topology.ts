import {
  clique,
  DEPRECATED,
  type Fields,
  group,
  grouped,
  legacy,
  packed,
  pair,
  type RefusalCase,
  refused,
  set,
  taken,
} from './writing.ts'

/** What is said to topology constraints, and to bindings. */

export const topology: readonly RefusalCase[] = [
  taken('a required level', packed({ pack: { required: 'rack' } })),
  taken('only a spread', packed({ spread: { domain: 'rack' } })),
  refused(
    'a constraint that says nothing',
    packed({}),
    'topologyConstraint must specify pack or deprecated packDomain',
  ),
  refused('a pack that says nothing', packed({ pack: {} }), 'pack must specify at least one of required or preferred'),
  refused('a level with capitals', packed({ pack: { required: 'Rack' } }), 'pack.required'),
  refused('packDomain on a new set', packed(legacy), DEPRECATED),
  refused(
    'packDomain on a new clique',
    set({ cliques: [clique('a', {}, { topologyConstraint: legacy })] }),
    DEPRECATED,
  ),
  refused('packDomain on a new group', grouped({ topologyConstraint: legacy }), DEPRECATED),
  refused(
    'both spellings of a required level',
    packed({ ...legacy, pack: { required: 'rack' } }),
    'must not set both pack.required and deprecated packDomain',
    packed(legacy),
  ),
  refused('a spread over nothing', packed({ spread: { maxSkew: 1 } }), 'spread.domain'),
  refused('a skew of 0', packed({ spread: { domain: 'rack', maxSkew: 0 } }), 'spread.maxSkew'),
  refused(
    'minDomains of a soft spread',
    packed({ spread: { domain: 'rack', minDomains: 2, whenUnsatisfiable: 'ScheduleAnyway' } }),
    'minDomains needs whenUnsatisfiable DoNotSchedule',
  ),
  taken(
    'one topology, named once',
    set({
      cliques: [
        clique('a', {}, { topologyConstraint: { topologyName: 't', pack: { required: 'rack' } } }),
        clique('b', {}, { topologyConstraint: { pack: { required: 'rack' } } }),
      ],
    }),
  ),
  refused(
    'two topologies in the cliques',
    set({
      cliques: ['a', 'b'].map((name) =>
        clique(name, {}, { topologyConstraint: { topologyName: name, pack: { required: 'rack' } } }),
      ),
    }),
    'all topologyConstraints of a set must use the same topologyName',
  ),
  refused(
    'a group with another topology than its set',
    set({
      ...pair,
      topologyConstraint: { topologyName: 't', pack: { required: 'zone' } },
      podCliqueScalingGroups: [group({ topologyConstraint: { topologyName: 'u', pack: { required: 'rack' } } })],
    }),
    'all topologyConstraints of a set must use the same topologyName',
  ),
  refused(
    'a clique with another topology than its group',
    set({
      cliques: [
        clique('a', {}, { topologyConstraint: { topologyName: 't', pack: { required: 'rack' } } }),
        clique('b'),
      ],
      podCliqueScalingGroups: [group({ topologyConstraint: { topologyName: 'u', pack: { required: 'rack' } } })],
    }),
    'all topologyConstraints of a set must use the same topologyName',
  ),
]

const binding = (levels: Fields[], more: Fields = {}): Fields => ({
  apiVersion: 'grove.io/v1alpha1',
  kind: 'ClusterTopologyBinding',
  metadata: { name: 't' },
  spec: { levels, ...more },
})

const bound = (...schedulers: string[]): Fields =>
  binding([{ domain: 'rack', key: 'rack' }], {
    schedulerTopologyBindings: schedulers.map((schedulerName) => ({ schedulerName, topologyReference: 't' })),
  })

export const bindings: readonly RefusalCase[] = [
  taken(
    'a binding',
    binding([
      { domain: 'zone', key: 'topology.kubernetes.io/zone' },
      { domain: 'rack', key: 'rack' },
    ]),
  ),
  refused('a binding without levels', binding([]), 'spec.levels'),
  refused(
    'a domain twice',
    binding([
      { domain: 'a', key: 'x' },
      { domain: 'a', key: 'y' },
    ]),
    'domains must be unique',
  ),
  refused(
    'a key twice',
    binding([
      { domain: 'a', key: 'x' },
      { domain: 'b', key: 'x' },
    ]),
    'keys must be unique',
  ),
  taken('a key of more than 63 characters', binding([{ domain: 'rack', key: `${'a'.repeat(60)}.example.com/rack` }])),
  refused('a key that is no label key', binding([{ domain: 'a', key: 'x/y/z' }]), 'spec.levels[0].key'),
  taken('a topology of KAI that somebody else keeps', bound('kai-scheduler')),
  refused('a topology of a scheduler that nobody knows', bound('mine'), 'scheduler backend is not enabled in Grove'),
  refused(
    'a topology of a scheduler that knows of none',
    bound('default-scheduler'),
    'scheduler backend does not implement topology-aware scheduling',
  ),
  refused('two topologies of one scheduler', bound('kai-scheduler', 'kai-scheduler'), 'Duplicate value'),
]
