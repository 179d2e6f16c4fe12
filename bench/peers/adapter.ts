import type { NewObject } from '../../api/kinds/kubernetes.ts'
import type { ResourceType } from '../../kube/resources.ts'
import type { Level } from '../scenario/scenario.ts'

/** One gang of the work, with its pods by name. */
export interface Gang {
  readonly name: string
  readonly groups: readonly Group[]
  readonly required: Level | null
  readonly preferred: Level | null
  readonly isSingle: boolean
  readonly fits: boolean
  /** The kind of gang in the scenario. */
  readonly kind: string
}

export interface Group {
  readonly name: string
  readonly pods: readonly string[]
  readonly gpu: number
  readonly cpu: number
  readonly memoryGi: number
  readonly required: Level | null
}

/** Where a gang is written. */
export interface Place {
  readonly namespace: string
  readonly schedulerName: string
}

export interface TypedObject {
  readonly type: ResourceType
  readonly object: NewObject
}

/** What is added to a pod so that it belongs to its gang. */
export interface PodMarks {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: Readonly<Record<string, unknown>>
}

/** What a scheduler can be told of a gang. The checker judges by it: nobody is blamed for what he was not asked. */
export interface Words {
  /** All or nothing. */
  readonly gang: boolean
  /** A required level: of nothing, of the gang, of each group too. */
  readonly required: 'nothing' | 'gang' | 'groups'
  readonly preferred: boolean
}

/** How a gang is written for one scheduler. */
export interface Adapter {
  readonly name: string
  readonly summary: string
  /** It has been run against its scheduler; else only its texts are tested. */
  readonly isTried: boolean
  readonly schedulerName: string
  readonly words: Words
  /** What must be served by the cluster. */
  readonly types: readonly ResourceType[]
  /** Objects that all gangs share: a queue, a topology. `nodes`: those of the cluster. */
  shared(place: Place, gangs: readonly Gang[], nodes: readonly NewObject[]): readonly TypedObject[]
  /** None for a gang that is only pods. */
  objectsOf(gang: Gang, place: Place): readonly TypedObject[]
  marksOf(gang: Gang, group: Group, index: number): PodMarks
}

export const podCount = ({ groups }: Gang): number => groups.reduce((sum, { pods }) => sum + pods.length, 0)

export const type = (
  group: string,
  version: string,
  plural: string,
  kind: string,
  namespaced = true,
): ResourceType => ({ group, version, plural, kind, namespaced })

export const typed = (of: ResourceType, metadata: NewObject['metadata'], spec: object): TypedObject => ({
  type: of,
  object: { apiVersion: of.group === '' ? of.version : `${of.group}/${of.version}`, kind: of.kind, metadata, spec },
})
