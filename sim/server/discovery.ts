import type { Core } from './core.ts'
import { byteOrder } from './json.ts'
import type { ServedType } from './served-type.ts'

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const

interface Subresource {
  readonly name: string
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly verbs: readonly string[]
}

/** Kinds and verbs of subresources that are not those of their object. */
const SPECIAL: Readonly<Record<string, Omit<Subresource, 'name'>>> = {
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] },
  binding: { group: '', version: 'v1', kind: 'Binding', verbs: ['create'] },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
  log: { group: '', version: 'v1', kind: 'Pod', verbs: ['get'] },
  portforward: { group: '', version: 'v1', kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
  exec: { group: '', version: 'v1', kind: 'PodExecOptions', verbs: ['create', 'get'] },
  attach: { group: '', version: 'v1', kind: 'PodAttachOptions', verbs: ['create', 'get'] },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
  finalize: { group: '', version: 'v1', kind: 'Namespace', verbs: ['update'] },
}

function subresourcesOf(type: ServedType): Subresource[] {
  return type.subresources.map((name) => ({
    name,
    ...(SPECIAL[name] ?? {
      group: type.group,
      version: type.version,
      kind: type.kind,
      verbs: ['get', 'patch', 'update'],
    }),
  }))
}

/** In the order in which the real server tells them: one for kinds of its own, one for those of definitions. */
const CUSTOM_VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'] as const

function verbsOf(type: ServedType): readonly string[] {
  if (type.crd !== null) return CUSTOM_VERBS
  if (type.isAsked) return ['create']
  return type.collection === '/namespaces' ? VERBS.filter((verb) => verb !== 'deletecollection') : VERBS
}

/** GET /api/v1 and /apis/group/version. */
export function resourceList(core: Core, group: string, version: string): unknown {
  const resources = core.types.typesOf(group, version).flatMap((type) => [
    {
      name: type.plural,
      singularName: type.singular,
      namespaced: type.namespaced,
      kind: type.kind,
      verbs: verbsOf(type),
      ...(type.shortNames.length > 0 ? { shortNames: type.shortNames } : {}),
      ...(type.categories.length > 0 ? { categories: type.categories } : {}),
    },
    ...subresourcesOf(type).map((sub) => ({
      name: `${type.plural}/${sub.name}`,
      singularName: '',
      namespaced: type.namespaced,
      ...(sub.group === type.group && sub.version === type.version ? {} : { group: sub.group, version: sub.version }),
      kind: sub.kind,
      verbs: sub.verbs,
    })),
  ])
  resources.sort((a, b) => byteOrder(a.name, b.name))
  const groupVersion = group === '' ? version : `${group}/${version}`
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources }
}

function aggregatedResource(type: ServedType): unknown {
  const scope = type.namespaced ? 'Namespaced' : 'Cluster'
  const subresources = subresourcesOf(type).map((sub) => ({
    subresource: sub.name,
    responseKind: { group: sub.group, version: sub.version, kind: sub.kind },
    verbs: sub.verbs,
  }))
  return {
    resource: type.plural,
    responseKind: { group: type.group, version: type.version, kind: type.kind },
    scope,
    singularResource: type.singular,
    verbs: verbsOf(type),
    ...(type.shortNames.length > 0 ? { shortNames: type.shortNames } : {}),
    ...(type.categories.length > 0 ? { categories: type.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  }
}

/** The aggregated form that kubectl asks for: one answer for /api, one for /apis. */
export function aggregated(core: Core, isCore: boolean): unknown {
  const groups = core.types.groups().filter(({ group }) => (group === '') === isCore)
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map((version) => ({
        version,
        resources: core.types.typesOf(group, version).map(aggregatedResource),
        freshness: 'Current',
      })),
    })),
  }
}

export function groupOf(core: Core, group: string): unknown {
  const found = core.types.groups().find((one) => one.group === group)
  if (found === undefined) return null
  const versions = found.versions.map((version) => ({ groupVersion: `${group}/${version}`, version }))
  return { name: group, versions, preferredVersion: versions[0] }
}

export function groupList(core: Core): unknown {
  const groups = core.types.groups().filter(({ group }) => group !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(({ group }) => groupOf(core, group)) }
}

export const CORE_VERSIONS: unknown = {
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1' }],
}

export const VERSION: unknown = {
  major: '1',
  minor: '33',
  emulationMajor: '1',
  emulationMinor: '33',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '32',
  gitVersion: 'v1.33.0-espalier',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: 'linux/amd64',
}
