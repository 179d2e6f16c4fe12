/** How refusal cases are written, and the objects that they are about. */

export type Fields = Record<string, unknown>

export interface RefusalCase {
  readonly name: string
  readonly kind: string
  /** What is stored already: makes the case an update. */
  readonly before?: Fields
  readonly object: Fields
  /** Words of the refusal; null: it is taken. */
  readonly refused: string | null
}

export const pod = (more: Fields = {}): Fields => ({ containers: [{ name: 'main', image: 'i' }], ...more })

export const clique = (name: string, spec: Fields = {}, more: Fields = {}): Fields => ({
  name,
  spec: { roleName: name, replicas: 2, podSpec: pod(), ...spec },
  ...more,
})

export const set = (template: Fields, name = 'a', spec: Fields = {}): Fields => ({
  apiVersion: 'grove.io/v1alpha1',
  kind: 'PodCliqueSet',
  metadata: { name, namespace: 'default' },
  spec: { replicas: 1, ...spec, template },
})

export const pair: Fields = { cliques: [clique('a'), clique('b')] }
export const group = (more: Fields = {}): Fields => ({ name: 'g', cliqueNames: ['a', 'b'], ...more })
export const grouped = (more: Fields = {}, cliques: unknown = pair['cliques']): Fields =>
  set({ cliques, podCliqueScalingGroups: [group(more)] })
export const explicit = (after: Record<string, string[]>): Fields =>
  set({
    cliqueStartupType: 'CliqueStartupTypeExplicit',
    cliques: ['a', 'b'].map((name) => clique(name, after[name] === undefined ? {} : { startsAfter: after[name] })),
  })
export const packed = (constraint: Fields): Fields => set({ ...pair, topologyConstraint: constraint })

export const taken = (name: string, object: Fields, before?: Fields): RefusalCase => ({
  name,
  kind: String(object['kind']),
  object,
  refused: null,
  ...(before === undefined ? {} : { before }),
})
export const refused = (name: string, object: Fields, words: string, before?: Fields): RefusalCase => ({
  ...taken(name, object, before),
  refused: words,
})

export const DEPRECATED: string = 'packDomain is deprecated and cannot be used on new workloads; use pack.required'
export const IMMUTABLE: string = 'field is immutable'
export const legacy: Fields = { topologyName: 't', packDomain: 'rack' }
