import type { PodClique } from '../../api/generated/kinds.ts'
import type { NewObject, PodSpec } from '../../api/kinds/kubernetes.ts'
import { GANG_GATE, POD_CLIQUE, POD_INDEX } from '../../api/names.ts'
import type { OperatorConfig } from '../config.ts'
import { APPLIED_KEYS } from './applied-keys.ts'
import { environmentOf, withEnvironment } from './environment.ts'
import type { CliqueIdentity } from './identity.ts'
import { controllerReference, managedLabels } from './metadata.ts'
import { podHostname, serviceName } from './names.ts'
import type { SetShape } from './shape.ts'
import { type Awaited, waiterContainer, waiterVolumes } from './waiter.ts'

/** What the pods of one PodClique have in common. */
export interface PodPlan {
  readonly shape: SetShape
  readonly identity: CliqueIdentity
  /** The object as it is: its pod spec and labels are what pods are made from. */
  readonly clique: PodClique
  readonly awaited: readonly Awaited[]
  readonly config: OperatorConfig
}

/** One pod. `suffix` ends its name as the API server would: random, and no part of its identity. */
export function expandPod(plan: PodPlan, index: number, suffix: string): NewObject {
  const { clique, shape } = plan
  const { name } = clique.metadata
  const annotations = podAnnotations(clique)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${name}-`,
      name: `${name}-${suffix}`,
      namespace: shape.namespace,
      labels: {
        app: name,
        ...managedLabels(shape.name),
        ...clique.metadata.labels,
        [POD_CLIQUE]: name,
        [POD_INDEX]: String(index),
      },
      ...(annotations === null ? {} : { annotations }),
      ownerReferences: [controllerReference(clique)],
    },
    spec: podSpecOf(plan, index),
  }
}

function podAnnotations(clique: PodClique): Record<string, string> | null {
  const { [APPLIED_KEYS]: _, ...annotations } = clique.metadata.annotations ?? {}
  return Object.keys(annotations).length === 0 ? null : annotations
}

function podSpecOf({ shape, identity, clique, awaited, config }: PodPlan, index: number): PodSpec {
  const asked = clique.spec.podSpec as PodSpec
  const environment = environmentOf(shape, identity, config.clusterDomain)
  const initContainers = (asked.initContainers ?? []).map((container) => withEnvironment(container, environment))
  const isWaiting = awaited.length > 0
  if (isWaiting) initContainers.push(waiterContainer(awaited, config))
  return {
    ...asked,
    schedulingGates: [{ name: GANG_GATE }, ...(asked.schedulingGates ?? []).filter(({ name }) => name !== GANG_GATE)],
    schedulerName: asked.schedulerName || (shape.schedulerName ?? config.schedulerName),
    containers: asked.containers.map((container) => withEnvironment(container, environment)),
    ...(initContainers.length === 0 ? {} : { initContainers }),
    ...(isWaiting ? { volumes: [...(asked.volumes ?? []), ...waiterVolumes(shape, config)] } : {}),
    hostname: podHostname(clique.metadata.name, index),
    subdomain: serviceName(shape.name, identity.index),
  }
}

/** The `count` lowest indices that nobody has. O(taken + count). */
export function freeIndices(taken: ReadonlySet<number>, count: number): number[] {
  const free: number[] = []
  for (let index = 0; free.length < count; index++) if (!taken.has(index)) free.push(index)
  return free
}
