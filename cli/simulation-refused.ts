/** What of the input the API took and the operator or the scheduler then turned down: it has no effect either. */
import type { KubeObject } from '../api/kinds/kubernetes.ts'
import { SYSTEM_NAMESPACE, TOPOLOGY_CONFIG_MAP } from '../api/names.ts'
import type { KubeClient } from '../kube/client.ts'
import type { Manifest } from './input.ts'
import { ResourceFinder } from './resource-of.ts'
import { type Ignored, ignoredLine } from './simulation-input.ts'

interface Told extends KubeObject {
  readonly status?: { readonly conditions?: readonly { type: string; status: string; message?: string }[] }
}

/** Kinds whose condition `Stalled` says that nothing can be made of them as they are. */
const MAY_STALL: ReadonlySet<string> = new Set(['PodCliqueSet', 'PodGangSet', 'DynamoGraphDeployment'])

/** What is wrong with a topology file of the input; null: nothing, or it is none. */
function topologyFault({ object: { kind, metadata } }: Manifest, topologyErrors: readonly string[]): string | null {
  if (kind !== 'ConfigMap' || metadata.name !== TOPOLOGY_CONFIG_MAP) return null
  if (metadata.namespace !== SYSTEM_NAMESPACE) return `a topology is read from the namespace ${SYSTEM_NAMESPACE} alone`
  return topologyErrors.length > 0 ? topologyErrors.join('; ') : null
}

async function stalled(client: KubeClient, finder: ResourceFinder, { object }: Manifest): Promise<string | null> {
  const { apiVersion, kind, metadata } = object
  const type = MAY_STALL.has(kind) ? await finder.find(apiVersion, kind) : null
  if (type === null) return null
  const key = { namespace: metadata.namespace ?? 'default', name: metadata.name ?? '' }
  const answer = await client.get<Told>(type, key)
  const conditions = answer.kind === 'ok' ? answer.value.status?.conditions : undefined
  return conditions?.find((condition) => condition.type === 'Stalled' && condition.status === 'True')?.message ?? null
}

/** One line for each manifest that was turned down, with what it was told. */
export async function refusedInput(
  client: KubeClient,
  manifests: readonly Manifest[],
  topologyErrors: readonly string[],
): Promise<Ignored[]> {
  const finder = new ResourceFinder(client)
  const lines: Ignored[] = []
  for (const manifest of manifests) {
    const message = topologyFault(manifest, topologyErrors) ?? (await stalled(client, finder, manifest))
    if (message !== null) lines.push(ignoredLine(manifest, message))
  }
  return lines
}
