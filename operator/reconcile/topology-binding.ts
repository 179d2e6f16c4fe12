import type { ClusterTopologyBinding, SchedulerTopologyStatus } from '../../api/generated/kinds.ts'
import { TOPOLOGY_BINDINGS } from '../../kube/resources.ts'
import type { OperatorConfig } from '../config.ts'
import { type Finding, withFindings } from '../conditions.ts'
import { TOPOLOGY_DISABLED } from '../expansion/topology.ts'
import { isTerminating } from '../observed-pod.ts'
import { keyOf, type MakeReconciler, type Reconciler, splitKey, watch } from '../reconciler.ts'
import { isEdited } from './edited.ts'
import { findingContext, writeStatus } from './parts.ts'

/**
 * Tells in a binding's status who follows it. Espalier's own scheduler reads the binding itself; topology objects of
 * other schedulers are not made or compared by this version.
 */
export const topologyBindingReconciler: MakeReconciler = (context): Reconciler => {
  const bindings = context.view.observe<ClusterTopologyBinding>(TOPOLOGY_BINDINGS)

  async function reconcile(key: `${string}/${string}`): Promise<void> {
    const binding = bindings.get('', splitKey(key).name)
    if (binding === undefined || isTerminating(binding)) return
    const schedulers = schedulersOf(binding, context.config)
    const finding = context.config.isTopologyAware ? driftOf(schedulers) : DISABLED
    await writeStatus(context, bindings, binding, {
      observedGeneration: binding.metadata.generation ?? 1,
      schedulerTopologyStatuses: schedulers,
      conditions: withFindings(binding.status?.conditions, [finding], findingContext(context, binding)),
    })
  }

  return {
    name: 'clustertopologybinding',
    concurrency: 1,
    watches: [
      watch<ClusterTopologyBinding>(TOPOLOGY_BINDINGS, (binding, before, isGone) =>
        !isGone && isEdited(binding, before) ? [keyOf(binding)] : [],
      ),
    ],
    reconcile,
  }
}

const TYPE = 'SchedulerTopologyDrift'

/** No gang is told of a topology then, so that nobody follows one. */
const DISABLED: Finding = { type: TYPE, status: 'Unknown', ...TOPOLOGY_DISABLED }

/** Our own scheduler first, by the name that pods get from us, then those that are listed; it follows the binding under any name. */
function schedulersOf(
  { metadata, spec }: ClusterTopologyBinding,
  { schedulerName: own, servedNames, isTopologyAware }: OperatorConfig,
): SchedulerTopologyStatus[] {
  const ours = (schedulerName: string): SchedulerTopologyStatus => ({
    schedulerName,
    topologyReference: metadata.name,
    inSync: isTopologyAware,
    ...(isTopologyAware ? {} : { message: TOPOLOGY_DISABLED.message }),
    schedulerBackendTopologyObservedGeneration: metadata.generation ?? 1,
  })
  const others = (spec.schedulerTopologyBindings ?? []).filter(({ schedulerName }) => schedulerName !== own)
  return [
    ours(own),
    ...others.map(({ schedulerName, topologyReference }) =>
      servedNames.includes(schedulerName)
        ? ours(schedulerName)
        : {
            schedulerName,
            topologyReference,
            inSync: false,
            message: `the topology of ${schedulerName} is not compared by this version`,
          },
    ),
  ]
}

function driftOf(schedulers: readonly SchedulerTopologyStatus[]): Finding {
  const unknown = schedulers.filter(({ inSync }) => !inSync)
  if (unknown.length === 0)
    return { type: TYPE, status: 'False', reason: 'InSync', message: 'every scheduler follows this binding' }
  const message = unknown.map(({ message: said }) => said).join('; ')
  return { type: TYPE, status: 'Unknown', reason: 'TopologyNotFound', message }
}
