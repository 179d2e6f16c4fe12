import type { KubeObject, Pod } from '../../../api/kinds/kubernetes.ts'
import {
  AUTOSCALERS,
  BUDGETS,
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  POD_GANGS,
  PODS,
  type ResourceType,
  ROLE_BINDINGS,
  ROLES,
  SCALING_GROUPS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '../../../kube/resources.ts'
import { canonicalJson } from '../../../operator/expansion/hash.ts'
import type { Harness } from '../harness.ts'
import type { Done } from './operator-end.ts'

/** What a scenario comes to, by names that are the same in every run: pods go by their hostname. */
export interface Outcome {
  /** One line an object: what it is in the end. */
  readonly objects: readonly string[]
  /** `create Pod x-0`: how often it was carried out. */
  readonly writes: Readonly<Record<string, number>>
}

const KINDS: readonly ResourceType[] = [
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  SCALING_GROUPS,
  POD_GANGS,
  PODS,
  SERVICES,
  SERVICE_ACCOUNTS,
  ROLES,
  ROLE_BINDINGS,
  AUTOSCALERS,
  BUDGETS,
]

export async function outcomeOf(at: Harness, done: readonly Done[], before: readonly Pod[]): Promise<Outcome> {
  const hosts = hostsOf(done, before)
  const objects: string[] = []
  for (const type of KINDS) {
    for (const object of await at.list<KubeObject>(type)) objects.push(`${type.kind} ${normal(object, hosts)}`)
  }
  return { objects: objects.sort(), writes: countWrites(done, hosts) }
}

/** Name of a pod → its hostname. */
function hostsOf(done: readonly Done[], before: readonly Pod[]): ReadonlyMap<string, string> {
  const made = done
    .filter(({ method, path }) => method === 'POST' && /\/pods(\?|$)/.test(path))
    .map(({ requestBody }) => JSON.parse(requestBody) as Pod)
  return new Map([...before, ...made].map(({ metadata, spec }) => [metadata.name, spec.hostname ?? metadata.name]))
}

function countWrites(done: readonly Done[], hosts: ReadonlyMap<string, string>): Readonly<Record<string, number>> {
  const counts = new Map<string, number>()
  for (const { method, path, requestBody, status } of done) {
    if (status >= 300 || (method !== 'POST' && method !== 'DELETE')) continue
    const name = method === 'POST' ? (JSON.parse(requestBody) as KubeObject).metadata.name : nameIn(path)
    const kind = /\/namespaces\/[^/]+\/([^/?]+)/.exec(path)?.[1] ?? path
    const key = `${method === 'POST' ? 'create' : 'delete'} ${kind} ${hosts.get(name) ?? name}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}

const nameIn = (path: string): string => /\/([^/?]+)(\?|$)/.exec(path)?.[1] ?? path

/** What differs from run to run and says nothing: what the server gives, when it was, and where a pod came to lie. */
const VOLATILE: ReadonlySet<string> = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'observedGeneration',
  'managedFields',
  'nodeName',
  'hostIP',
  'hostIPs',
  'podIP',
  'podIPs',
  'containerID',
  'token',
])
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g

function normal(object: KubeObject, hosts: ReadonlyMap<string, string>): string {
  const clean = JSON.parse(JSON.stringify(object), (field, value: unknown) => {
    if (VOLATILE.has(field)) return undefined
    if (Array.isArray(value)) return value.toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1))
    return typeof value === 'string' ? (hosts.get(value) ?? value).replaceAll(TIME, 'TIME') : value
  }) as unknown
  return canonicalJson(clean)
}
