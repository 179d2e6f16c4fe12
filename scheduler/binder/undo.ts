import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import type { PodGang } from '../../api/generated/kinds.ts'
import type { KubeClient } from '../../kube/client.ts'
import { POD_GANGS, PODS } from '../../kube/resources.ts'
import { boundOf, type GangSituation, isMinimumConfirmed } from '../gang/situation.ts'
import { conditionOf, gangFacts, PLACEMENT_COMPLETE } from '../state/gang-facts.ts'
import { podFacts, type PodFacts } from '../state/pod-facts.ts'
import { attemptOf } from './attempt.ts'

/** A gang that was never whole and cannot be completed is left alone for so long before its seats are given back. */
export const UNDO_AFTER_MS = 30_000

/** The first time it is tried again at once, whatever took its room may be gone; then after 30 s, doubling. */
const REST_FIRST_MS = 30_000
const REST_MAX_MS = 600_000

/**
 * How long a gang whose seats were given back so often rests before it is planned again. Counted by gang, since each
 * time a controller makes its pods anew.
 */
export const undoRestMs = (undos: number): number =>
  undos <= 1 ? 0 : Math.min(REST_MAX_MS, REST_FIRST_MS * 2 ** (undos - 2))

/** Part of the gang is bound, seen or answered for, and part of the minimum is not. */
export const isPartial = (situation: GangSituation): boolean =>
  !situation.gang.isPlain &&
  situation.boundCount > 0 &&
  situation.groups.some(({ bound }) => bound.some(({ isConfirmed }) => isConfirmed)) &&
  !isMinimumConfirmed(situation)

/**
 * The pods whose seats may be given back: all that are bound, or none. One that is Ready, that somebody else bound,
 * that no controller would replace, or that came with a repair makes the gang stay as it is. What somebody else bound
 * is a fact.
 */
export function undoable(situation: GangSituation): readonly PodFacts[] {
  const bound = boundOf(situation)
  const isOurs = bound.every(
    ({ pod, isConfirmed }) => isConfirmed && !pod.isReady && isFirstAttempt(situation.gang.uid, pod),
  )
  return isOurs ? bound.map(({ pod }) => pod) : []
}

function isFirstAttempt(gangUid: string, pod: PodFacts): boolean {
  const attempt = attemptOf(pod)
  return attempt?.gangUid === gangUid && attempt.kind === 'first' && pod.controller !== null
}

/**
 * Deletes them, each as it was just read: a pod that turned Ready in between has another resourceVersion and
 * survives. The PodGang is read first, because its condition may say that it was whole. Returns how many were deleted.
 */
export async function undo(client: KubeClient, situation: GangSituation, isStopped: () => boolean): Promise<number> {
  const { namespace, name, uid } = situation.gang
  const gang = await client.get<KubeObject>(POD_GANGS, { namespace, name })
  if (gang.kind === 'failure' || gang.value.metadata.uid !== uid) return 0
  const { status } = gangFacts(gang.value as PodGang)
  if (conditionOf(status, PLACEMENT_COMPLETE)?.status === 'True') return 0
  const read = await Promise.all(undoable(situation).map((pod) => client.get<KubeObject>(PODS, pod)))
  // One that cannot be read may be Ready.
  if (read.some((answer) => answer.kind === 'failure' && answer.status !== 404)) return 0
  const pods = read.flatMap((answer) => (answer.kind === 'ok' ? [answer.value as Pod] : []))
  const now = pods.map((pod) => ({ pod, facts: podFacts(pod) }))
  if (isStopped() || now.some(({ facts }) => facts.isReady || !isFirstAttempt(uid, facts))) return 0
  const deleted = await Promise.all(
    now
      .filter(({ facts }) => !facts.isTerminating && facts.node !== null)
      .map(({ pod: { metadata } }) =>
        client.delete(
          PODS,
          { namespace, name: metadata.name },
          { uid: metadata.uid, resourceVersion: metadata.resourceVersion },
        ),
      ),
  )
  return deleted.filter(({ kind }) => kind === 'ok').length
}
