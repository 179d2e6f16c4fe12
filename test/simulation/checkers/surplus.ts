import { attemptIn, groupsOf, isAlive, isMember, nodeOf } from '../facts.ts'
import type { Checker } from '../observer.ts'

/** DESIGN's rule 6: a surplus pod is bound when the minimum of every group is, as the PodGang was read last. */
export const surplus: Checker = {
  promise: 'surplus',
  sent({ kind, attempt, name, life }) {
    const sent = kind === 'bind' ? attemptIn(attempt) : null
    const gang = sent?.kind === 'surplus' ? life.mirror.gangs.get(sent.gangUid ?? '') : undefined
    if (gang === undefined) return null
    const isPlaced = (uid: string): boolean => (life.binds.get(uid) ?? []).some(({ status }) => status === 201)
    const short = groupsOf(gang).find((group) => {
      const members = [...life.mirror.pods.ofGang(gang.metadata.name)].filter(
        (pod) => isMember(gang, group, pod) && isAlive(pod),
      )
      return members.filter((pod) => nodeOf(pod) !== null || isPlaced(pod.metadata.uid)).length < group.minimum
    })
    return short === undefined ? null : `${name} was bound as surplus while ${short.name} has not its minimum`
  },
}
