import type { Binding, Pod } from '../../../api/kinds/kubernetes.ts'
import { PODS } from '../../../kube/resources.ts'
import { between, oneOf } from '../random.ts'
import { isAlive, isGated, NAMESPACE, nodeOf } from '../facts.ts'
import { keyOf } from '../kubelets.ts'
import { FOREIGN_GATE } from '../objects.ts'
import type { World } from '../world.ts'
import type { Strike } from './strike.ts'

const some = ({ history, random }: World, test: (pod: Pod) => boolean): Pod | null => {
  const found = [...history.pods.values()].filter((pod) => isAlive(pod) && test(pod))
  return found.length === 0 ? null : oneOf(random, found)
}

const on =
  (test: (pod: Pod) => boolean, strike: (world: World, pod: Pod) => Promise<unknown>) =>
  async (world: World): Promise<boolean> => {
    const pod = some(world, test)
    if (pod !== null) await strike(world, pod)
    return pod !== null
  }

const isBound = (pod: Pod): boolean => nodeOf(pod) !== null
const isPending = (pod: Pod): boolean => nodeOf(pod) === null && !isGated(pod)

function foreignBinding(world: World, { metadata: { name, uid } }: Pod): Binding {
  const node = oneOf(world.random, [...world.history.nodes.keys()])
  return {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace: NAMESPACE, uid, annotations: {} },
    target: { apiVersion: 'v1', kind: 'Node', name: node },
  }
}

/** Pods that are still to be made are made with this form. */
const nextPod = (world: World, form: (world: World) => Parameters<World['workload']['forms']['set']>[1]): boolean => {
  const name = world.unmadePod()
  if (name !== null) world.workload.forms.set(name, form(world))
  return name !== null
}

type Kinds =
  | 'foreign-bind'
  | 'created-with-node'
  | 'gate-of-another'
  | 'attempt-forged'
  | 'pod-deleted'
  | 'pod-deleted-in-bind'
  | 'pod-force-deleted'
  | 'pod-failed'
  | 'quota-full'

export const podFaults: Readonly<Record<Kinds, Strike>> = {
  'foreign-bind': on(isPending, (world, pod) => {
    world.lastRivalMs = world.clock.monotonicMs()
    return world.foreign.bind(foreignBinding(world, pod))
  }),
  'created-with-node': (world: World): boolean =>
    nextPod(world, () => ({ nodeName: oneOf(world.random, [...world.history.nodes.keys()]) })),
  'gate-of-another': (world: World): boolean => nextPod(world, () => ({ gates: [FOREIGN_GATE] })),
  'attempt-forged': (world: World): boolean =>
    nextPod(world, () => ({
      annotations: { 'espalier.io/attempt': `${[...world.history.gangs.keys()][0] ?? 'x'}/7/first/3` },
    })),
  'pod-deleted': on(
    () => true,
    (world, pod) => world.chaos.delete(PODS, keyOf(pod)),
  ),
  /** Struck when the next bindings go out: World#onSend. */
  'pod-deleted-in-bind': (world: World): boolean => {
    world.deleteInBind++
    return true
  },
  /** For a while, pods that are made are refused; their controllers try again. */
  'quota-full': (world: World): boolean => {
    world.quotaFullUntilMs = world.clock.monotonicMs() + between(world.random, 2_000, 15_000)
    return true
  },
  'pod-force-deleted': on(isBound, (world, pod) => world.chaos.delete(PODS, keyOf(pod), { gracePeriodSeconds: 0 })),
  'pod-failed': on(isBound, (world, pod) =>
    world.chaos.strategicPatch(
      PODS,
      keyOf(pod),
      { status: { phase: 'Failed', reason: 'Evicted' } },
      { subresource: 'status' },
    ),
  ),
}
