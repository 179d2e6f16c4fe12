import { gangName, isOurs } from '../facts.ts'
import type { World } from '../world.ts'

/** An object that a fault put into the stream: what was heard once stays until a list. */
const MALFORMED = 1
const WATCHES_MAX = 6

/** Nothing is kept of what is gone: no seat assumed, no request open, no more watches and timers than a quiet process has. */
export function leaks({ processes, history, drawn }: World): string[] {
  const isMalformed = drawn.faults.some(({ kind }) => kind === 'line-malformed')
  const malformed = isMalformed ? MALFORMED : 0
  const pods = [...history.pods.values()]
  return processes.flatMap(({ isRunning, scheduler, life, network, clock, errors }) => {
    const wrong: string[] = []
    const more = (what: string, count: number, most: number): void => {
      if (count > most) wrong.push(`${life.id} holds ${count} ${what}, at most ${most} are meant`)
    }
    const told = errors.filter((error) => !error.startsWith('not allowed to bind')) // RBAC was revoked
    for (const error of told) wrong.push(`${life.id} said: ${error.slice(0, 300)}`)
    if (!isRunning || scheduler === null) return wrong
    const { kept } = scheduler.audit()
    const keys = new Set(pods.filter(isOurs).map((pod) => gangName(pod) ?? pod.metadata.uid))
    more('assumed seats', kept.assumed, 0)
    more('bindings under way', kept.bindings, 0)
    more('suspended pods', kept.suspended, 0)
    more('pods', kept.pods, pods.length + malformed)
    more('gangs', kept.gangs, history.gangs.size + malformed)
    more(
      'entries',
      kept.entries,
      new Set([...keys, ...[...history.gangs.values()].map(({ metadata }) => metadata.name)]).size + malformed,
    )
    more('memories of what was told', kept.told, 3 * kept.entries)
    more('nodes', kept.nodes, history.nodes.size + malformed)
    more('requests under way', network.inFlight, 1)
    more('open watches', network.streams.size, WATCHES_MAX)
    more('timers', clock.open, 40)
    return wrong
  })
}

/** Asked before all watches are broken: one that was merely left open ends then. */
export const leftOpen = ({ processes }: World): string[] =>
  processes
    .filter(
      ({ isRunning, scheduler, network }) => isRunning && scheduler !== null && network.streams.size > WATCHES_MAX,
    )
    .map(({ life, network }) => `${life.id} has ${network.streams.size} open watches, at most ${WATCHES_MAX} are meant`)
