/**
 * The start-up rule where no container runs: kwok cannot run the waiter, so this applies the rule of `api/start-up.ts` and
 * annotates each waiting pod when its turn has come; a stage of kwok lets it run then.
 */
import type { Container, Pod } from '../../api/kinds/kubernetes.ts'
import type { KubeClient } from '../../kube/client.ts'
import { realClock, sleep } from '../../kube/clock.ts'
import { seededRandom } from '../../kube/random.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import type { Delta } from '../../kube/reflector/types.ts'
import { PODS } from '../../kube/resources.ts'
import { WAITER_CONTAINER } from '../../sim/nodes/pod-run.ts'
import { GangPods } from '../../sim/nodes/start-up.ts'
import { TURN } from './kwok-stages.ts'

const RETRY_MS = 500

export interface Turns {
  stop(): Promise<void>
}

const waiterOf = ({ spec }: Pod): Container | undefined =>
  spec.initContainers?.find(({ name }) => name === WAITER_CONTAINER)

const mayHaveTurn = ({ metadata, spec }: Pod): boolean =>
  metadata.annotations?.[TURN] === undefined && metadata.deletionTimestamp === undefined && (spec.nodeName ?? '') !== ''

/** Runs until it is stopped. `refused` hears of annotations that the server did not take. */
export async function startTurns(client: KubeClient, refused: (message: string) => void): Promise<Turns> {
  const gangs = new GangPods()
  const writes = new Set<Promise<void>>()
  let isStopped = false

  async function give({ metadata: { namespace = '', name, uid } }: Pod): Promise<void> {
    const patch = { metadata: { uid, annotations: { [TURN]: 'true' } } }
    while (!isStopped) {
      const answer = await client.mergePatch(PODS, { namespace, name }, patch)
      // Gone, or another of its name: it needs no turn any more.
      if (answer.kind === 'ok' || answer.status === 404 || answer.status === 409) return
      refused(`${namespace}/${name}: ${answer.message}`)
      if (!answer.retryable) return
      await sleep(realClock, RETRY_MS, 'background')
    }
  }

  function look(pod: Pod): void {
    const waiter = waiterOf(pod)
    if (waiter === undefined || !mayHaveTurn(pod) || !gangs.isStartUpMet(pod, waiter)) return
    const write: Promise<void> = give(pod).finally(() => writes.delete(write))
    writes.add(write)
  }

  function take(delta: Delta<Pod>): void {
    const gang = gangs.take(delta)
    if (delta.kind !== 'deleted') look(delta.object)
    if (gang !== null) for (const pod of gangs.of(gang)) look(pod)
  }

  const pods = reflector<Pod>({ client, type: PODS, clock: realClock, random: seededRandom(1), onDelta: take })
  pods.start()
  await pods.synced
  return {
    async stop() {
      isStopped = true
      await pods.stop()
      await Promise.all(writes)
    },
  }
}
