import type { NewObject, PodSpec } from '../../api/kinds/kubernetes.ts'
import { metadataOf } from './metadata.ts'
import { roleName, serviceAccountName } from './names.ts'
import type { SetShape } from './shape.ts'
import { usesTokenSecret } from './waiter.ts'

/** What lets the start-up waiter see the pods of its gang: fixed rules, in the set's namespace only. */

export const expandServiceAccount = (shape: SetShape): NewObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: metadataOf(shape, shape.set, serviceAccountName(shape.name), 'pod-service-account'),
  automountServiceAccountToken: true,
})

export const expandRole = (shape: SetShape): NewObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: metadataOf(shape, shape.set, roleName(shape.name), 'pod-role'),
  rules: [{ apiGroups: [''], resources: ['pods', 'pods/status'], verbs: ['get', 'list', 'watch'] }],
})

export const expandRoleBinding = (shape: SetShape): NewObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: metadataOf(shape, shape.set, roleName(shape.name), 'pod-role-binding'),
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: roleName(shape.name) },
  subjects: waiterAccounts(shape).map((name) => ({ kind: 'ServiceAccount', name, namespace: shape.namespace })),
})

/**
 * The set's own account, and with projected tokens also the accounts of the pods that wait: such a token is always one
 * of the pod's own account, and which that is stays the user's choice.
 */
function waiterAccounts(shape: SetShape): string[] {
  const own = serviceAccountName(shape.name)
  if (usesTokenSecret(shape)) return [own]
  const waiting = shape.cliques.filter(({ startsAfter }) => startsAfter.length > 0)
  const accounts = waiting.map(({ podSpec }) => (podSpec as PodSpec).serviceAccountName || 'default')
  return [own, ...[...new Set(accounts)].filter((name) => name !== own).sort()]
}
