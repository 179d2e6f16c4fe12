import { kubeClient } from '../../kube/kube-client.ts'
import { seededRandom } from '../../kube/random.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import type { Delta, Reflector, ReflectorOptions } from '../../kube/reflector/types.ts'
import { CONFIG_MAPS } from '../../kube/resources.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { VirtualClock } from '../../sim/clock.ts'
import { ScriptedServer, valueOf } from './scripted-server.ts'

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
