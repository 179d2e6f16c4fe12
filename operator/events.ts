import type { KubeClient } from '../kube/client.ts'
import type { Clock } from '../kube/clock.ts'
import type { Log } from '../kube/log.ts'
import type { Events } from './reconciler.ts'

export interface EventsOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly log: Log
}

/** Events of the operator, told to the log until a recorder writes them. */
export function operatorEvents({ log }: EventsOptions): { events: Events; stop: () => Promise<void> } {
  const events: Events = {
    event: (object, type, reason, message) => log.debug(message, { type, reason, name: object.metadata.name }),
  }
  return { events, stop: () => Promise.resolve() }
}
