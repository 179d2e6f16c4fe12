import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE, HOSTNAME_LABEL, POD_CLIQUE, POD_GANG, POD_INDEX, SCHEDULER_NAME } from '../../api/names.ts'
import type { Random } from '../../kube/random.ts'
import { shuffled } from '../shuffled.ts'
import { type GangFacts, projectGang } from '../../scheduler/state/gang-facts.ts'
import { type NodeFacts, projectNode } from '../../scheduler/state/node-facts.ts'
import { type PodFacts, projectPod } from '../../scheduler/state/pod-facts.ts'
import type { TopologyDeclaration } from '../../topology/index.ts'
import type { GroupShape, Level, Scenario } from './scenario.ts'

export const KEYS: Readonly<Record<Level, string>> = {
  zone: 'topology.kubernetes.io/zone',
  rack: 'example.com/rack',
  pair: 'example.com/pair',
  host: HOSTNAME_LABEL,
}
export const NODE_GPUS = 8
export const NODE_CPUS = 128
export const NODE_PODS = 110

/** Nodes with 8 GPUs and the labels of all levels; two neighbours in a rack are a pair. */
export function nodesOf({ cluster: [zones, racks, perRack] }: Scenario): NodeFacts[] {
  const amounts = {
    cpu: String(NODE_CPUS),
    memory: '2Ti',
    pods: String(NODE_PODS),
    [GPU_RESOURCE]: String(NODE_GPUS),
  }
  return Array.from({ length: zones * racks * perRack }, (_, i) => {
    const rack = Math.floor(i / perRack)
    const name = `n${String(i).padStart(6, '0')}`
    const labels = {
      [KEYS.zone]: `z${Math.floor(rack / racks)}`,
      [KEYS.rack]: `r${rack % racks}`,
      [KEYS.pair]: `p${Math.floor((i % perRack) / 2)}`,
      [KEYS.host]: name,
    }
    const raw = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: CREATED, labels },
      spec: {},
      status: { capacity: amounts, allocatable: amounts },
    }
    return projectNode(raw as KubeObject).facts
  })
}

const CREATED = '2026-01-01T00:00:00Z'

/** What arrives: PodGangs with their pods, as a reflector hands them to the state. */
export interface Arrivals {
  readonly gangs: readonly GangFacts[]
  readonly pods: readonly PodFacts[]
}

/** `shapes`: how many different pod shapes the gangs take turns with; pods and gangs arrive in an order by `random`. */
export function arrivalsOf(scenario: Scenario, prefix: string, shapes: number, random: Random): Arrivals {
  const gangs: GangFacts[] = []
  const pods: PodFacts[] = []
  for (let g = 0; g < scenario.gangs; g++) {
    const name = `${prefix}${String(g).padStart(5, '0')}`
    if (!scenario.isPlain) gangs.push(gangOf(scenario, name))
    for (const group of scenario.groups) {
      for (let i = 0; i < group.pods; i++) {
        pods.push(podOf(scenario, name, group, i, g % shapes))
      }
    }
  }
  return { gangs: shuffled(gangs, random), pods: shuffled(pods, random) }
}

/** As it comes over the wire: no two objects share a string, and none is put together from others. */
const asRead = (raw: object): KubeObject => JSON.parse(JSON.stringify(raw)) as KubeObject

const pack = (required: Level | undefined, preferred?: Level): object =>
  required === undefined && preferred === undefined
    ? {}
    : {
        topologyConstraint: {
          packConstraint: {
            ...(required === undefined ? {} : { required: KEYS[required] }),
            ...(preferred === undefined ? {} : { preferred: KEYS[preferred] }),
          },
        },
      }

function gangOf({ groups, required, preferred }: Scenario, name: string): GangFacts {
  const raw = {
    apiVersion: 'scheduler.grove.io/v1alpha1',
    kind: 'PodGang',
    metadata: { name, namespace: 'bench', uid: name, resourceVersion: '1', creationTimestamp: CREATED },
    spec: {
      podgroups: groups.map((group) => ({
        name: group.name,
        minReplicas: group.pods,
        podReferences: Array.from({ length: group.pods }, (_, i) => ({
          namespace: 'bench',
          name: `${name}-${group.name}-${i}`,
        })),
        ...pack(group.required),
      })),
      ...pack(required, preferred),
    },
  }
  return projectGang(asRead(raw)).facts
}

function podOf({ isPlain }: Scenario, gang: string, group: GroupShape, index: number, shape: number): PodFacts {
  const name = isPlain ? gang : `${gang}-${group.name}-${index}`
  const gpus = group.gpus === 0 ? {} : { [GPU_RESOURCE]: String(group.gpus) }
  const requests = { cpu: `${group.cpu * 1_000 - shape}m`, memory: `${group.cpu}Gi`, ...gpus }
  const labels = isPlain ? {} : { [POD_GANG]: gang, [POD_CLIQUE]: group.name, [POD_INDEX]: String(index) }
  const raw = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'bench', uid: name, resourceVersion: '1', creationTimestamp: CREATED, labels },
    spec: { schedulerName: SCHEDULER_NAME, containers: [{ name: 'main', image: 'x', resources: { requests } }] },
    status: { phase: 'Pending' },
  }
  return projectPod(asRead(raw)).facts
}

export const declarationOf = (levels: readonly Level[]): TopologyDeclaration => ({
  name: 'default',
  levels: levels.map((name) => ({ name, key: KEYS[name], within: 'parent' as const })),
  nodes: [],
})
