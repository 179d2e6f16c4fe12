import type { PodClique } from '../../api/generated/kinds.ts'
import { isOutdated } from './adopt.ts'
import { cliqueIdentityOf } from './identity.ts'
import type { SetShape } from './shape.ts'

export type Strategy = 'RollingRecreate' | 'OnDelete'

/** Which version of its template a set's objects are being brought to. */
export interface Generation {
  /** What `currentPodCliqueSetGenerationHash` of a child is when it has arrived. */
  readonly hash: string
  /** False: the template is newer than what the set's status says, so its update has yet to be begun. */
  readonly isBegun: boolean
  readonly strategy: Strategy
}

/**
 * A hash that another operator wrote stands for the template as long as every clique is made from it. O(1) at rest,
 * O(cliques) for such a set.
 */
export function generationOf(shape: SetShape, live: () => Iterable<PodClique>): Generation {
  const { status, spec } = shape.set
  const strategy = spec.updateStrategy?.type ?? 'RollingRecreate'
  const standing = status?.currentGenerationHash
  if (standing === undefined || standing === shape.generationHash) {
    return { hash: shape.generationHash, isBegun: true, strategy }
  }
  for (const clique of live()) {
    const identity = cliqueIdentityOf(shape, clique)
    if (identity !== null && isOutdated(identity.clique, clique)) return { hash: standing, isBegun: false, strategy }
  }
  return { hash: standing, isBegun: true, strategy }
}

/** The replica of the set that is being updated; null: an update has begun and no replica has its turn yet. */
export type Turn = Readonly<{ kind: 'any' } | { kind: 'one'; index: number | null }>

/** While a set is updated, only one of its replicas may be; else whatever is behind mends itself. */
export function turnOf({ set }: SetShape, { isBegun }: Generation): Turn {
  const progress = set.status?.updateProgress
  if (!isBegun) return { kind: 'one', index: null }
  if (progress?.updateStartedAt === undefined || progress.updateEndedAt !== undefined) return { kind: 'any' }
  return { kind: 'one', index: progress.currentlyUpdating?.[0]?.replicaIndex ?? null }
}

export const hasTurn = (turn: Turn, index: number): boolean => turn.kind === 'any' || turn.index === index
