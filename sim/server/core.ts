import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { Clock } from '../../kube/clock.ts'
import type { Random } from '../../kube/random.ts'
import type { PodStreams } from './pod-streams.ts'
import type { Store } from './store.ts'
import type { TypeRegistry } from './type-registry.ts'
import type { OpenWatches } from './watch.ts'

/** One write that happened, for tests and audits. */
export interface WriteRecord {
  readonly verb: 'create' | 'update' | 'patch' | 'apply' | 'delete' | 'bind' | 'evict'
  readonly collection: string
  readonly namespace: string
  readonly name: string
  readonly subresource: string
  /** The field manager, or the first word of the User-Agent. */
  readonly manager: string
  readonly before: KubeObject | null
  /** Null when the object is gone. */
  readonly after: KubeObject | null
}

/** What every part of the server shares. */
export interface Core {
  readonly store: Store
  readonly types: TypeRegistry
  readonly clock: Clock
  readonly random: Random
  readonly watches: OpenWatches
  /** Largest body that is read, in bytes. */
  readonly bodyLimit: number
  /** Events that wait for one slow watcher before it is cut. */
  readonly watchBuffer: number
  podStreams: PodStreams | null
  /** Whether it is written down who owns which field of a kind. */
  readonly keepsOwners: (collection: string) => boolean
  readonly onWrite: (record: WriteRecord) => void
}

const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

/** Five letters, as generateName appends them. */
export function randomSuffix(random: Random): string {
  let text = ''
  for (let i = 0; i < 5; i++) text += SUFFIX_LETTERS[Math.floor(random() * SUFFIX_LETTERS.length)]
  return text
}

/** A version 4 uuid from injected randomness. */
export function randomUid(random: Random): string {
  let hex = ''
  for (let i = 0; i < 32; i++) {
    const nibble = Math.floor(random() * 16)
    hex += (i === 12 ? 4 : i === 16 ? (nibble & 3) | 8 : nibble).toString(16)
  }
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
