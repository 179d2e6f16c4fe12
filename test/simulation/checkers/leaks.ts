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

/** What API servers send in a minute at least; a watch that says nothing for longer is dead, and given up. */
const SILENT_MAX_MS = 80_000
const SOON_MS = 1_000

/** Asked before all watches are broken: one that was merely left open, or says nothing any more, ends then. */
export const leftOpen = ({ processes, clock }: World): string[] =>
  processes
    .filter(({ isRunning, isLeading }) => isRunning && isLeading)
    .flatMap(({ life, network: { streams } }) => {
      const silent = [...streams].filter(({ heardMs }) => clock.monotonicMs() - heardMs > SILENT_MAX_MS + SOON_MS)
      return [
        ...(!life.isOperator && streams.size > WATCHES_MAX
          ? [`${life.id} has ${streams.size} open watches, at most ${WATCHES_MAX} are meant`]
          : []),
        ...silent.map(({ kept }) => `${life.id} has a watch of ${kept ?? 'another kind'} that said nothing for long`),
      ]
    })
