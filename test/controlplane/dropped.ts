/** Takes one verb away from a half that runs, and gives it back. */
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { ResourceType } from '../../kube/resources.ts'
import { ROLES } from '../../kube/resources.ts'
import { userOf } from './audit.ts'
import type { HalfName, RbacWorld } from './rbac-world.ts'

export interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

export type Role = KubeObject & { readonly rules: readonly PolicyRule[] }

const CLUSTER_ROLES: ResourceType = { ...ROLES, plural: 'clusterroles', kind: 'ClusterRole', namespaced: false }

export interface Dropped {
  readonly group: string
  /** Plural, with the subresource after a slash. */
  readonly resource: string
  readonly verb: string
  /** Default: the ClusterRole. */
  readonly inSystem?: boolean
}

/** A verb of one resource less; what else stood in the same rule stays. */
const without =
  ({ group, resource, verb }: Dropped) =>
  (rule: PolicyRule): PolicyRule[] => {
    if (!rule.apiGroups.includes(group) || !rule.resources.includes(resource) || !rule.verbs.includes(verb))
      return [rule]
    const others = rule.resources.filter((each) => each !== resource)
    const verbs = rule.verbs.filter((each) => each !== verb)
    return [
      ...(others.length === 0 ? [] : [{ ...rule, resources: others }]),
      ...(verbs.length === 0 ? [] : [{ ...rule, resources: [resource], verbs }]),
    ]
  }

async function isAllowed(
  world: RbacWorld,
  account: string,
  { group, resource, verb, inSystem }: Dropped,
): Promise<boolean> {
  const [plural, subresource = ''] = resource.split('/')
  const namespace = inSystem === true ? SYSTEM_NAMESPACE : ''
  const resourceAttributes = {
    group,
    resource: plural,
    subresource,
    verb,
    namespace,
    name: inSystem === true ? account : '',
  }
  const answer = await world.transport.request({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: userOf(account), resourceAttributes },
    }),
    deadlineMs: 30_000,
  })
  return (JSON.parse(answer.body) as { status: { allowed: boolean } }).status.allowed
}

/** Runs `during` while the half lacks the verb, and gives it back whatever comes of that. */
export async function whileDropped(
  world: RbacWorld,
  half: HalfName,
  dropped: Dropped,
  during: () => Promise<void>,
): Promise<void> {
  const { account } = world.actor(half).permissions
  const [type, namespace] = dropped.inSystem === true ? [ROLES, SYSTEM_NAMESPACE] : [CLUSTER_ROLES, '']
  const { rules } = await world.get<Role>(type, namespace, account)
  const rest = rules.flatMap(without(dropped))
  if (JSON.stringify(rest) === JSON.stringify(rules)) throw new Error(`${account} lacks it anyway`)
  await world.patch(type, namespace, account, { rules: rest })
  try {
    await world.until('the verb to be gone', async () => !(await isAllowed(world, account, dropped)))
    await during()
  } finally {
    await world.patch(type, namespace, account, { rules })
  }
  await world.until('the verb to be back', () => isAllowed(world, account, dropped))
}
