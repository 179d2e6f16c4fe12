import type { KubeClient } from '../kube/client.ts'
import type { Clock } from '../kube/clock.ts'
import { eventRecorder } from '../kube/events/recorder.ts'
import type { Events } from './reconciler.ts'

export interface EventsOptions {
  readonly client: KubeClient
  readonly clock: Clock
}

const COMPONENT = 'espalier-operator'

/** Core events of the operator, behind everything else that it writes. */
export function operatorEvents({ client, clock }: EventsOptions): { events: Events; stop: () => Promise<void> } {
  const recorder = eventRecorder({ client, clock, component: COMPONENT })
  const events: Events = {
    event: (object, type, reason, message) => recorder.event(object, type, reason, message),
  }
  return { events, stop: () => recorder.stop() }
}
