import type { PodClique } from '../../api/generated/kinds.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { RECREATED_FOR } from '../../api/names.ts'
import { writeAll } from '../batches.ts'
import { isTerminating } from '../observed-pod.ts'
import type { OperatorContext } from '../reconciler.ts'
import type { World } from '../world.ts'

const WRITES_AT_ONCE = 16

export interface RecoveryPlan {
  /** All whose pods are made anew. */
  readonly cliques: readonly PodClique[]
  /** Those whose breach it is: written last, so that the breach stands until everything else is written. */
  readonly broken: ReadonlySet<string>
  /** Names the breach. */
  readonly reason: string
}

/**
 * Notes on the cliques for what they are made anew; pods without that note go. Written again it changes nothing. True:
 * something was written.
 */
export async function markRecovery(
  { writer }: Pick<OperatorContext, 'writer'>,
  { cliques: store }: World,
  { cliques, broken, reason }: RecoveryPlan,
): Promise<boolean> {
  const left = cliques.filter((clique) => !isTerminating(clique) && reasonOf(clique) !== reason)
  const mark = async (clique: PodClique): Promise<void> => {
    await writer.patch(store, clique, { metadata: { annotations: { [RECREATED_FOR]: reason } } })
  }
  const isLast = ({ metadata }: PodClique): boolean => broken.has(metadata.name)
  await writeAll(
    left.filter((clique) => !isLast(clique)),
    WRITES_AT_ONCE,
    mark,
  )
  await writeAll(left.filter(isLast), WRITES_AT_ONCE, mark)
  return left.length > 0
}

const reasonOf = ({ metadata }: KubeObject): string | undefined => metadata.annotations?.[RECREATED_FOR]
