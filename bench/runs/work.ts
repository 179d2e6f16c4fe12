/** The objects of a scenario: nodes, and gangs of pods as a peer's adapter writes them. */
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE, SYSTEM_NAMESPACE, TOPOLOGY_CONFIG_KEY, TOPOLOGY_CONFIG_MAP } from '../../api/names.ts'
import type { Random } from '../../kube/random.ts'
import { shuffled } from '../shuffled.ts'
import type { Adapter, Gang, Group, Place, TypedObject } from '../peers/adapter.ts'
import { type ClusterShape, type GangWork, type Level, LEVEL_KEYS, nodesOf } from '../scenario/scenario.ts'

const digits = (i: number): string => String(i).padStart(5, '0')

/** Every domain's label value is its own in the whole cluster, so that a key alone names it for every scheduler. */
export function nodeObjects(shape: ClusterShape): NewObject[] {
  const { gpu, cpu, memoryGi, pods } = shape.node
  const amounts = {
    cpu: String(cpu),
    memory: `${memoryGi}Gi`,
    pods: String(pods),
    ...(gpu === 0 ? {} : { [GPU_RESOURCE]: String(gpu) }),
  }
  return Array.from({ length: nodesOf(shape) }, (_, i) => {
    const name = `node-${digits(i)}`
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { ...domainsOf(shape, i), [LEVEL_KEYS.host]: name } },
      status: { capacity: amounts, allocatable: amounts, conditions: [{ type: 'Ready', status: 'True' }] },
    }
  })
}

function domainsOf({ levels, nodes }: ClusterShape, i: number): Record<string, string> {
  let at = Math.floor(i / nodes)
  const labels: Record<string, string> = {}
  for (const { name, count } of levels.toReversed()) {
    labels[LEVEL_KEYS[name]] = `${name[0]}${digits(at)}`
    at = Math.floor(at / count)
  }
  return labels
}

/** What makes levels known to sets, by their own names. */
export function topologyObject(levels: readonly Level[]): NewObject {
  const named = [...levels, 'host' as const].map((name) => ({ name, key: LEVEL_KEYS[name] }))
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: TOPOLOGY_CONFIG_MAP, namespace: SYSTEM_NAMESPACE },
    data: { [TOPOLOGY_CONFIG_KEY]: JSON.stringify({ topologies: [{ name: 'default', levels: named }] }) },
  }
}

/** `prefix` keeps the names of several works apart. In an order by `random`: nobody is helped by names. */
export function gangsOf(work: readonly GangWork[], prefix: string, random: Random): Gang[] {
  const gangs = work.flatMap((kind) =>
    Array.from({ length: kind.count }, (_, i) => gangOf(kind, `${prefix}${kind.name}-${digits(i)}`)),
  )
  return shuffled(gangs, random)
}

function gangOf({ name: kind, groups, required, preferred, isSingle, fits }: GangWork, name: string): Gang {
  const written = groups.map((group) => ({
    ...group,
    pods: Array.from({ length: group.pods }, (_, i) => (isSingle ? name : `${name}-${group.name}-${i}`)),
  }))
  return { name, kind, groups: written, required, preferred, isSingle, fits }
}

/** What is created for a gang, in this order. */
export interface Written {
  readonly gang: Gang
  readonly objects: readonly TypedObject[]
  readonly pods: readonly NewObject[]
}

export const write = (gang: Gang, adapter: Adapter, place: Place): Written => ({
  gang,
  objects: adapter.objectsOf(gang, place),
  pods: gang.groups.flatMap((group) => group.pods.map((_, i) => podObject(gang, group, i, adapter, place))),
})

function podObject(gang: Gang, group: Group, index: number, adapter: Adapter, place: Place): NewObject {
  const { labels = {}, annotations, spec = {} } = adapter.marksOf(gang, group, index)
  const { gpu, cpu, memoryGi } = group
  const amounts = {
    ...(cpu === 0 ? {} : { cpu: `${Math.round(cpu * 1_000)}m` }),
    ...(memoryGi === 0 ? {} : { memory: `${Math.round(memoryGi * 1_024)}Mi` }),
    ...(gpu === 0 ? {} : { [GPU_RESOURCE]: String(gpu) }),
  }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: group.pods[index] ?? '',
      namespace: place.namespace,
      labels: { app: 'inference', ...labels },
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: {
      schedulerName: place.schedulerName,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'worker',
          image: 'registry.example/inference/worker:1.4.2',
          resources: { limits: amounts, requests: amounts },
        },
      ],
      ...spec,
    },
  }
}
