import { kubeClient } from '../../kube/kube-client.ts'
import { seededRandom } from '../../kube/random.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import type { Delta, Reflector, ReflectorOptions } from '../../kube/reflector/types.ts'
import { CONFIG_MAPS } from '../../kube/resources.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { afterEach, expect } from 'vitest'
import { VirtualClock } from '../../sim/clock.ts'
import { type HttpAnswer, TransportError } from '../../kube/transport.ts'
import { ScriptedServer, statusBody, valueOf } from './scripted-server.ts'

export interface Stage {
  readonly server: ScriptedServer
  readonly clock: VirtualClock
  readonly reflector: Reflector<KubeObject>
  /** `added a=1`, `updated a=2 (was 1)`, `deleted a=2`, in the order told. */
  readonly told: string[]
  readonly deltas: Delta<KubeObject>[]
  readonly troubles: string[]
  /** What the cache holds: `a=1 b=2`. */
  readonly cached: () => string
  /** Lets promises settle and retries pass. */
  readonly quiet: () => Promise<void>
}

export const sentenceOf = (delta: Delta<KubeObject>): string => {
  const now = `${delta.kind} ${delta.object.metadata.name}=${valueOf(delta.object)}`
  return delta.kind === 'updated' ? `${now} (was ${valueOf(delta.before)})` : now
}

/** A reflector on a virtual clock before a scripted server; not started yet. */
export function stage(options: Partial<ReflectorOptions<KubeObject>> = {}): Stage {
  const server = new ScriptedServer()
  const clock = new VirtualClock()
  const deltas: Delta<KubeObject>[] = []
  const told: string[] = []
  const troubles: string[] = []
  const made = reflector<KubeObject>({
    client: kubeClient(server),
    type: CONFIG_MAPS,
    clock,
    random: seededRandom(7),
    onDelta: (delta) => {
      deltas.push(delta)
      told.push(sentenceOf(delta))
    },
    onTrouble: (message) => troubles.push(message),
    ...options,
  })
  const cached = (): string =>
    [...made.cache.values()]
      .map((object) => `${object.metadata.name}=${valueOf(object)}`)
      .sort()
      .join(' ')
  const quiet = async (): Promise<void> => {
    const { isSettled } = await clock.runUntilSettled({ maxVirtualMs: 600_000 })
    if (!isSettled) throw new Error('the reflector did not come to rest within ten minutes')
  }
  return { server, clock, reflector: made, told, deltas, troubles, cached, quiet }
}

/** Stages of this test file: stopped after each test. */
export const running: Stage[] = []
afterEach(async () => {
  for (const { reflector: started } of running.splice(0)) await started.stop()
})

/** Started, with a=1 and b=1 told and forgotten. */
export async function begun(options: Partial<ReflectorOptions<KubeObject>> = {}, streams = true): Promise<Stage> {
  const made = stage(options)
  made.server.streams = streams
  made.server.put('a', '1')
  made.server.put('b', '1')
  running.push(made)
  made.reflector.start()
  await made.quiet()
  expect(made.told.splice(0)).toEqual(['added a=1', 'added b=1'])
  made.deltas.length = 0
  return made
}

export const broken: TransportError = new TransportError('connection', 'refused by the script')

export const refused = (status: number, reason: string, headers: Record<string, string> = {}): HttpAnswer => ({
  status,
  headers,
  body: statusBody(status, reason),
})
