import type { KubeObject } from '../../../api/kinds/kubernetes.ts'

/** A line of a watch, and whose it is. */
export interface Told {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: KubeObject
}

export const readLine = (line: string): Told => JSON.parse(line) as Told
export const writeLine = (told: Told): string => JSON.stringify(told)

const INITIAL_END = 'k8s.io/initial-events-end'

export const isListEnd = ({ type, object }: Told): boolean =>
  type === 'BOOKMARK' && object.metadata.annotations?.[INITIAL_END] === 'true'

export const listEnd = (resourceVersion: string, { apiVersion, kind }: KubeObject): Told => ({
  type: 'BOOKMARK',
  object: {
    apiVersion,
    kind,
    metadata: {
      name: '',
      uid: '',
      creationTimestamp: '',
      resourceVersion,
      annotations: { [INITIAL_END]: 'true' },
    },
  },
})
