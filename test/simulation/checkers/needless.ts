import type { KubeObject, Pod } from '../../../api/kinds/kubernetes.ts'
import { POD_TEMPLATE_HASH } from '../../../api/names.ts'
import { groupName, isAlive, isReady, isTerminating, RECREATED_FOR } from '../facts.ts'
import { STOMPED } from '../faults/sets.ts'
import { CLIQUES, type History, isPodWrite, SCALINGS, type Write } from '../history.ts'
import type { Life } from '../life.ts'
import type { Checker } from '../observer.ts'
import { imageOf, named, setsOf, type WantedClique, wantedOf } from '../sets/wanted.ts'
import type { Ticket } from '../ticket.ts'

/** Per delete of a pod: the pods that lived then by all that its sender had been told, but for those it had deleted. */
const believed = new WeakMap<Ticket, ReadonlySet<string>>()
/** Uids of pods that a process has sent deletes of. */
const ownDeletes = new WeakMap<Life, Set<string>>()

/**
 * The operator deletes no Ready pod for nothing, nor what such pods hang on: only what was not asked for within the last
 * minute, is of an older template, or belongs to a copy of a scaling group that is made anew for one. A pod that is gone
 * counts as long as nobody has told the operator.
 */
export const needless: Checker = {
  promise: 'needless',
  sent(ticket) {
    if (ticket.kind === 'delete' && ticket.life.isOperator) noteBelieved(ticket)
    return null
  },
  written(write, ticket, { history }) {
    const { verb, before, name, collection } = write
    if (ticket === null || !ticket.life.isOperator || verb !== 'delete' || before === null) return null
    const what = `${ticket.life.id} deleted ${name}`
    if (isPodWrite(write))
      return isNeeded(history, before as Pod, ticket) ? `${what}, which was Ready and asked for` : null
    const isAskedFor = collection === CLIQUES ? isCliqueWanted : collection === SCALINGS ? isScalingWanted : null
    return isAskedFor?.(history, write) === true ? `${what} (${collection}), which is asked for` : null
  },
}

/** What was asked for all the time. */
const lasting =
  (history: History) =>
  ({ metadata }: KubeObject): number =>
    history.fewestAsked(metadata.uid)

function wantedCliques(history: History): WantedClique[] {
  return setsOf(history).flatMap((set) =>
    wantedOf(history, set, lasting(history)).gangs.flatMap((gang) => gang.cliques),
  )
}

const isCliqueWanted = (history: History, { name }: Write): boolean =>
  wantedCliques(history).some((clique) => clique.name === name)

const isScalingWanted = (history: History, { name }: Write): boolean =>
  setsOf(history).some((set) => wantedOf(history, set, lasting(history)).scalings.includes(name))

function isNeeded(history: History, pod: Pod, ticket: Ticket): boolean {
  if (!isReady(pod) || isTerminating(pod)) return false
  const name = groupName(pod)
  const wanted = wantedCliques(history).find((each) => each.name === name)
  const object = named(history, CLIQUES, name ?? '')
  if (wanted === undefined || object === undefined || isTerminating(object)) return false
  if (pod.spec.containers[0]?.image !== imageOf(wanted)) return false
  if (pod.metadata.labels?.[POD_TEMPLATE_HASH] === STOMPED) return false // made of a clique that somebody had written over
  if (wanted.scaling !== null && isRenewed(pod, object)) return false
  const others = new Set(believed.get(ticket))
  for (const other of history.pods.values()) {
    if (groupName(other) === name && isAlive(other)) others.add(other.metadata.uid)
  }
  others.delete(pod.metadata.uid) // it is told as it was before
  return others.size + 1 <= history.fewestAsked(object.metadata.uid)
}

function noteBelieved(ticket: Ticket): void {
  const { life, name } = ticket
  const deleted = ownDeletes.get(life) ?? new Set<string>()
  ownDeletes.set(life, deleted)
  const pods = [...life.mirror.pods.values()]
  const pod = pods.find(({ metadata }) => metadata.name === name)
  if (pod === undefined) return
  const alive = pods.filter((other) => groupName(other) === groupName(pod) && isAlive(other))
  believed.set(ticket, new Set(alive.map(({ metadata }) => metadata.uid).filter((uid) => !deleted.has(uid))))
  deleted.add(pod.metadata.uid)
}

/** A copy of a scaling group goes whole, when one of its cliques is updated. */
const isRenewed = (pod: Pod, clique: KubeObject): boolean =>
  (pod.metadata.annotations?.[RECREATED_FOR] ?? '') !== (clique.metadata.annotations?.[RECREATED_FOR] ?? '')
