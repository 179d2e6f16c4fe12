import {
  clique,
  DEPRECATED,
  explicit,
  type Fields,
  grouped,
  IMMUTABLE,
  legacy,
  packed,
  pair,
  pod,
  type RefusalCase,
  refused,
  set,
  taken,
} from './writing.ts'

/** What may be changed in a PodCliqueSet, and what may not. */

const update = (name: string, now: Fields, before: Fields): RefusalCase => refused(name, now, IMMUTABLE, before)
const one = (spec: Fields, more: Fields = {}): Fields => set({ cliques: [clique('a', spec, more)] })

const mnnvl = (group: string): Fields => ({ annotations: { 'grove.io/mnnvl-group': group } })

/** As they are stored where somebody wrote them out; typed clients leave them out when they write back. */
const empties: Fields = {
  cliques: [clique('a', { startsAfter: [] }, { resourceSharing: [] }), clique('b')],
  podCliqueScalingGroups: [],
  resourceClaimTemplates: [],
  resourceSharing: [],
}

export const updates: readonly RefusalCase[] = [
  taken(
    'more replicas, another image, another delay',
    set({ cliques: [clique('a', { replicas: 5 })], terminationDelay: '1h' }),
    one({}),
  ),
  update('a clique more', set(pair), one({})),
  update('a clique less', one({}), set(pair)),
  update('a renamed clique', set({ cliques: [clique('x', { roleName: 'a' })] }), one({})),
  taken('another order of cliques that start in any order', set({ cliques: [clique('b'), clique('a')] }), set(pair)),
  update(
    'another order of cliques that start in order',
    set({ cliqueStartupType: 'CliqueStartupTypeInOrder', cliques: [clique('b'), clique('a')] }),
    set({ cliqueStartupType: 'CliqueStartupTypeInOrder', ...pair }),
  ),
  update('another role', one({ roleName: 'x' }), one({})),
  update('another minAvailable', one({ minAvailable: 1 }), one({ minAvailable: 2 })),
  update('a minAvailable where none was', one({ minAvailable: 1 }), one({})),
  taken('the minAvailable that was meant where none was', one({ minAvailable: 2 }), one({})),
  taken('no minAvailable where it was all of replicas', one({}), one({ minAvailable: 2 })),
  update('no minAvailable where it was not all of replicas', one({}), one({ minAvailable: 1 })),
  update('another start order', explicit({ a: ['b'] }), explicit({ b: ['a'] })),
  update('another MNNVL group', one({}, mnnvl('b')), one({}, mnnvl('a'))),
  update('an MNNVL group of a group where none was', grouped(mnnvl('a')), grouped()),
  taken('another annotation', one({}, { annotations: { x: 'y' } }), one({})),
  taken('no list where an empty one was', set(pair), set(empties)),
  taken('empty lists where none were', set(empties), set(pair)),
  update('a list where an empty one was', explicit({ a: ['b'] }), explicit({ a: [] })),
  update('another scheduler', one({ podSpec: pod({ schedulerName: 'x' }) }), one({})),
  refused('a nodeName that comes later', one({ podSpec: pod({ nodeName: 'n' }) }), 'nodeName must not be set', one({})),
  update('another start-up type', set({ ...pair, cliqueStartupType: 'CliqueStartupTypeInOrder' }), set(pair)),
  update('a scaling group more', grouped(), set(pair)),
  update('other members', grouped({ cliqueNames: ['a'] }), grouped()),
  update('another minAvailable of a group', grouped({ replicas: 2, minAvailable: 2 }), grouped({ replicas: 2 })),
  taken('more copies of a group', grouped({ replicas: 4 }), grouped()),
  update('a constraint more', packed({ pack: { required: 'rack' } }), set(pair)),
  update('another required level', packed({ pack: { required: 'rack' } }), packed({ pack: { required: 'zone' } })),
  update('another preferred level', packed({ pack: { preferred: 'rack' } }), packed({ pack: { preferred: 'host' } })),
  update('another spread', packed({ spread: { domain: 'rack' } }), packed({ spread: { domain: 'zone' } })),
  taken('packDomain that stood there before', packed(legacy), packed(legacy)),
  taken(
    'pack.required in place of the same packDomain',
    packed({ topologyName: 't', pack: { required: 'rack' } }),
    packed(legacy),
  ),
  update(
    'pack.required in place of another packDomain',
    packed({ topologyName: 't', pack: { required: 'zone' } }),
    packed(legacy),
  ),
  taken('a missing topologyName beside the same packDomain', packed(legacy), packed({ packDomain: 'rack' })),
  update('another topologyName', packed({ ...legacy, topologyName: 'u' }), packed(legacy)),
  refused(
    'packDomain in place of pack.required',
    packed({ packDomain: 'rack' }),
    DEPRECATED,
    packed({ pack: { required: 'rack' } }),
  ),
]
