import type { PodClique, PodCliqueSet } from '../../api/generated/kinds.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { KubeError } from '../../kube/answers.ts'
import { isOutdated } from '../expansion/adopt.ts'
import { cliqueIdentityOf } from '../expansion/identity.ts'
import type { SetShape } from '../expansion/shape.ts'
import type { OperatorContext } from '../reconciler.ts'
import type { Store } from '../store.ts'
import { isEdited } from './edited.ts'

/** Who found that a view is behind looks again so much later: a view that does not take the answer costs a few reads a second. */
export const OUTDATED_REST_MS = 200

type Reading = Pick<OperatorContext, 'client' | 'view'>

/**
 * Whether an object asks at the server for what it asks for here. Who is about to delete what is too many looks first: each
 * kind has a watch of its own, so after a restart a view may know of what was made for a size before it knows of the size.
 * False: the store has the newest now, and all that followed from the other is to be thought again. One read; throws
 * KubeError.
 */
export async function isNewest<T extends KubeObject>(
  { client, view }: Reading,
  store: Store<T>,
  seen: T,
): Promise<boolean> {
  const { namespace = '', name, uid } = seen.metadata
  const answer = await client.get<T>(store.type, { namespace, name })
  if (answer.kind === 'failure' && answer.status !== 404) throw new KubeError(answer)
  if (answer.kind === 'failure' || answer.value.metadata.uid !== uid) {
    store.forget(uid)
    return false
  }
  if (!isEdited(answer.value, seen)) return true
  view.wrote(store as unknown as Store<KubeObject>, answer.value)
  return false
}

/**
 * Whether the template that cliques are about to be brought to is the set's newest; asked only where one of them has another:
 * a set that is seen as it was before an update would have its pods made anew twice. False as in `isNewest`. Throws KubeError.
 */
export async function isNewestTemplate(
  reading: Reading,
  store: Store<PodCliqueSet>,
  shape: SetShape,
  cliques: readonly PodClique[],
): Promise<boolean> {
  const isBehind = (clique: PodClique): boolean => {
    const identity = cliqueIdentityOf(shape, clique)
    return identity !== null && isOutdated(identity.clique, clique)
  }
  return !cliques.some(isBehind) || isNewest(reading, store, shape.set)
}

/** Whether what the store lacks is not at the server either. False: the store has it now. One read; throws KubeError. */
export async function isNowhere<T extends KubeObject>(
  { client, view }: Reading,
  store: Store<T>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<boolean> {
  const answer = await client.get<T>(store.type, { namespace, name })
  if (answer.kind === 'ok') view.wrote(store as unknown as Store<KubeObject>, answer.value)
  else if (answer.status !== 404) throw new KubeError(answer)
  return answer.kind === 'failure'
}
