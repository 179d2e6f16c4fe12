import type { DynamoGraphDeployment, PodClique, PodCliqueScalingGroup } from '../../api/generated/kinds.ts'
import { KubeError } from '../../kube/answers.ts'
import { POD_CLIQUES, SCALING_GROUPS } from '../../kube/resources.ts'
import type { ScaledChild } from '../expansion/dynamo/translate.ts'
import type { OperatorContext } from '../reconciler.ts'

/** Brings a component to its number of replicas through its scale subresource: no template changes, nothing restarts. */
export async function scaleChild(
  { client, events }: OperatorContext,
  graph: DynamoGraphDeployment,
  child: ScaledChild,
  live: PodClique | PodCliqueScalingGroup | null,
): Promise<void> {
  const { replicas, kind, name, component } = child
  if (live === null || replicas === null || (live.spec.replicas ?? 1) === replicas) return
  const type = kind === 'PodClique' ? POD_CLIQUES : SCALING_GROUPS
  const key = { namespace: live.metadata.namespace ?? '', name }
  const patch = { metadata: { uid: live.metadata.uid }, spec: { replicas } }
  const answer = await client.mergePatch(type, key, patch, { subresource: 'scale' })
  if (answer.kind === 'failure') throw new KubeError(answer)
  const message = `${component}: ${kind} ${name} scaled from ${live.spec.replicas ?? 1} to ${replicas}`
  events.event(graph, 'Normal', `Scaled${kind}`, message)
}
