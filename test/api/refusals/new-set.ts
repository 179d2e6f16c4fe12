import {
  clique,
  explicit,
  type Fields,
  group,
  grouped,
  pair,
  pod,
  type RefusalCase,
  refused,
  set,
  taken,
} from './writing.ts'

/** What is said to a new PodCliqueSet: cliques, pods, scaling and start orders. */

const claims: Fields = { name: 'x', templateSpec: { spec: { devices: { requests: [{ name: 'gpu' }] } } } }
const shared = (sharing: Fields): Fields =>
  set({ ...pair, resourceClaimTemplates: [claims], resourceSharing: [sharing] })

export const creation: readonly RefusalCase[] = [
  taken('a plain set', set(pair)),
  taken('replicas 0 in a template, which means 1', set({ cliques: [clique('a', { replicas: 0, minAvailable: 1 })] })),
  taken(
    'labels and annotations',
    set({ cliques: [clique('a', {}, { labels: { 'x.io/a': 'b', c: '' }, annotations: { d: 'any text' } })] }),
  ),
  refused('a label with a space', set({ cliques: [clique('a', {}, { labels: { a: 'b c' } })] }), 'cliques[0].labels'),
  refused(
    'a label key with two slashes',
    set({ cliques: [clique('a', {}, { labels: { 'a/b/c': 'd' } })] }),
    'keys must be a name',
  ),
  refused(
    'an annotation key that is too long',
    set({ cliques: [clique('a', {}, { annotations: { ['k'.repeat(64)]: 'd' } })] }),
    'keys must be a name',
  ),
  refused('no cliques', set({ cliques: [] }), 'spec.template.cliques'),
  refused(
    'a clique without a name',
    set({ cliques: [{ spec: clique('a')['spec'] }] }),
    'spec.template.cliques[0].name',
  ),
  refused('a clique name with capitals', set({ cliques: [clique('A')] }), 'spec.template.cliques[0].name'),
  refused('a clique name with a dot', set({ cliques: [clique('a.b')] }), 'spec.template.cliques[0].name'),
  refused('a set name with a dot', set(pair, 'a.b'), "the set's name must not contain a dot"),
  refused(
    'two cliques of one name',
    set({ cliques: [clique('a'), clique('a', { roleName: 'x' })] }),
    'Duplicate value',
  ),
  refused(
    'two cliques of one role',
    set({ cliques: [clique('a'), clique('b', { roleName: 'a' })] }),
    'roleName must be unique',
  ),
  refused('a negative number of replicas', set(pair, 'a', { replicas: -1 }), 'spec.replicas'),
  refused(
    'an unknown update strategy',
    set(pair, 'a', { updateStrategy: { type: 'Now' } }),
    'spec.updateStrategy.type',
  ),
  refused('minAvailable 0', set({ cliques: [clique('a', { minAvailable: 0 })] }), 'minAvailable'),
  refused(
    'minAvailable above replicas',
    set({ cliques: [clique('a', { minAvailable: 3 })] }),
    'minAvailable must not be greater than replicas',
  ),
  refused(
    'a pod without containers',
    set({ cliques: [clique('a', { podSpec: pod({ containers: [] }) })] }),
    'podSpec.containers',
  ),
  refused(
    'a container without an image',
    set({ cliques: [clique('a', { podSpec: { containers: [{ name: 'm' }] } })] }),
    'containers[0].image',
  ),
  refused(
    'a variable that stands twice',
    set({
      cliques: [
        clique('a', { podSpec: { containers: [{ name: 'm', image: 'i', env: [{ name: 'X' }, { name: 'X' }] }] } }),
      ],
    }),
    'Duplicate value',
  ),
  ...['1ST', 'A B', 'A=B', '.', '..A'].map((name) =>
    refused(
      `a variable named ${name}`,
      set({ cliques: [clique('a', { podSpec: { containers: [{ name: 'm', image: 'i', env: [{ name }] }] } })] }),
      'containers[0].env[0].name',
    ),
  ),
  refused(
    'nodeName in a pod',
    set({ cliques: [clique('a', { podSpec: pod({ nodeName: 'n' }) })] }),
    'nodeName must not be set',
  ),
  refused(
    'topologySpreadConstraints in a pod',
    set({ cliques: [clique('a', { podSpec: pod({ topologySpreadConstraints: [{}] }) })] }),
    'topologySpreadConstraints must not be set',
  ),
  taken(
    'schedulers that agree',
    set({ cliques: [clique('a', { podSpec: pod({ schedulerName: 'x' }) }), clique('b')] }),
  ),
  refused(
    'schedulers that differ',
    set({
      cliques: [
        clique('a', { podSpec: pod({ schedulerName: 'x' }) }),
        clique('b', { podSpec: pod({ schedulerName: 'y' }) }),
      ],
    }),
    'all cliques must use the same schedulerName',
  ),
  taken('names of 45 characters together', set({ cliques: [clique('c'.repeat(15))] }, 's'.repeat(30))),
  refused(
    'names of 46 characters together',
    set({ cliques: [clique('c'.repeat(16))] }, 's'.repeat(30)),
    'at most 45 characters',
  ),
  refused(
    'a set, group and member of 46 characters together',
    set(
      {
        cliques: [clique('c'.repeat(10))],
        podCliqueScalingGroups: [{ name: 'g'.repeat(10), cliqueNames: ['c'.repeat(10)] }],
      },
      's'.repeat(26),
    ),
    'at most 45 characters',
  ),
  refused(
    'a terminationDelay of 0',
    set({ ...pair, terminationDelay: '0h' }),
    'terminationDelay must be greater than 0',
  ),
  refused('a terminationDelay below 0', set({ ...pair, terminationDelay: '-1h' }), 'terminationDelay'),
  taken('a terminationDelay of parts', set({ ...pair, terminationDelay: '1h30m' })),
  refused('an unknown start-up type', set({ ...pair, cliqueStartupType: 'Any' }), 'cliqueStartupType'),
  refused(
    'a claim template without a request',
    set({ ...pair, resourceClaimTemplates: [{ name: 'x', templateSpec: { spec: { devices: { requests: [] } } } }] }),
    'resourceClaimTemplates[0].templateSpec.spec.devices.requests',
  ),
  taken(
    'shared claims',
    set({
      ...pair,
      resourceClaimTemplates: [{ name: 'x', templateSpec: { spec: { devices: { requests: [{ name: 'gpu' }] } } } }],
      resourceSharing: [{ name: 'x', scope: 'PerReplica', filter: { childCliqueNames: ['a'] } }],
    }),
  ),
  refused(
    'a filter of shared claims that names nothing',
    set({ ...pair, resourceSharing: [{ name: 'x', scope: 'PerReplica', filter: {} }] }),
    'filter must name something',
  ),
  refused(
    'shared claims of another namespace from a template of the set',
    shared({ name: 'x', scope: 'PerReplica', namespace: 'n' }),
    'namespace must be empty for a template of the set',
  ),
  taken('shared claims of a template in another namespace', shared({ name: 'y', scope: 'PerReplica', namespace: 'n' })),
  refused(
    'shared claims of an unknown clique',
    shared({ name: 'x', scope: 'PerReplica', filter: { childCliqueNames: ['x'] } }),
    'childCliqueNames must name cliques of the set',
  ),
  refused(
    'shared claims of an unknown group',
    shared({ name: 'x', scope: 'PerReplica', filter: { childScalingGroupNames: ['x'] } }),
    'childScalingGroupNames must name podCliqueScalingGroups of the set',
  ),
  refused(
    'shared claims in a group of a clique that is no member',
    grouped({
      cliqueNames: ['a'],
      resourceSharing: [{ name: 'x', scope: 'PerReplica', filter: { childCliqueNames: ['b'] } }],
    }),
    'childCliqueNames must name members of the group',
  ),
  refused(
    'claims in a group of another namespace from a template of the set',
    set({
      ...pair,
      resourceClaimTemplates: [claims],
      podCliqueScalingGroups: [group({ resourceSharing: [{ name: 'x', scope: 'PerReplica', namespace: 'n' }] })],
    }),
    'namespace must be empty for a template of the set',
  ),
  refused(
    'claims in a clique of another namespace from a template of the set',
    set({
      cliques: [clique('a', {}, { resourceSharing: [{ name: 'x', scope: 'PerReplica', namespace: 'n' }] })],
      resourceClaimTemplates: [claims],
    }),
    'namespace must be empty for a template of the set',
  ),
]

const scaled = (config: Fields): Fields =>
  set({ cliques: [clique('a', { minAvailable: 2, autoScalingConfig: config })] })

export const scaling: readonly RefusalCase[] = [
  taken('an autoscaled clique', scaled({ maxReplicas: 4 })),
  refused('an autoscaler without maxReplicas', scaled({ minReplicas: 2 }), 'maxReplicas'),
  refused(
    'minReplicas below minAvailable',
    scaled({ minReplicas: 1, maxReplicas: 4 }),
    'minReplicas must not be less than minAvailable',
  ),
  refused(
    'maxReplicas below minReplicas',
    scaled({ minReplicas: 5, maxReplicas: 4 }),
    'maxReplicas must not be less than minReplicas',
  ),
  refused(
    'maxReplicas below replicas',
    scaled({ minReplicas: 1, maxReplicas: 1 }),
    'maxReplicas must not be less than replicas',
  ),
  taken('a scaling group', grouped()),
  refused('a group without members', grouped({ cliqueNames: [] }), 'cliqueNames'),
  refused(
    'a group of unknown members',
    grouped({ cliqueNames: ['a', 'x'] }),
    'cliqueNames must name cliques of the set',
  ),
  refused('a group that names a member twice', grouped({ cliqueNames: ['a', 'a'] }), 'Duplicate value'),
  refused(
    'a clique in two groups',
    set({ ...pair, podCliqueScalingGroups: [group(), { name: 'h', cliqueNames: ['b'] }] }),
    'a clique may be in at most one podCliqueScalingGroup',
  ),
  refused(
    'a member with an autoscaler of its own',
    grouped({}, [clique('a', { autoScalingConfig: { maxReplicas: 3 } }), clique('b')]),
    'autoScalingConfig must not be set on a clique of a podCliqueScalingGroup',
  ),
  refused('no copies of a group', grouped({ replicas: 0 }), 'podCliqueScalingGroups[0].replicas'),
  refused(
    'more copies needed than there are',
    grouped({ replicas: 1, minAvailable: 2 }),
    'minAvailable must not be greater than replicas',
  ),
  refused(
    'a scaleConfig below minAvailable',
    grouped({ replicas: 2, minAvailable: 2, scaleConfig: { minReplicas: 1, maxReplicas: 3 } }),
    'scaleConfig.minReplicas',
  ),
  refused(
    'a scaleConfig that ends below replicas',
    grouped({ replicas: 3, scaleConfig: { minReplicas: 1, maxReplicas: 2 } }),
    'scaleConfig.maxReplicas',
  ),
  refused(
    'a scaleConfig that ends below its start',
    grouped({ scaleConfig: { minReplicas: 3, maxReplicas: 2 } }),
    'scaleConfig.maxReplicas must not be less than minReplicas',
  ),
  taken('a start order', explicit({ b: ['a'] })),
  refused('starting after oneself', explicit({ a: ['a'] }), 'startsAfter must not name the clique itself'),
  refused('starting after nobody known', explicit({ b: ['x'] }), 'startsAfter must name cliques of the set'),
  refused('starting twice after the same', explicit({ b: ['a', 'a'] }), 'Duplicate value'),
  taken('a senseless startsAfter in any order', set({ cliques: [clique('a', { startsAfter: ['a', 'x'] })] })),
]
