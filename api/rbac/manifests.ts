import type { NewObject } from '../kinds/kubernetes.ts'
import { MANAGED_BY, NAME, PART_OF, SYSTEM_NAMESPACE } from '../names.ts'
import type { Permissions, Rule } from './permissions.ts'

/** The objects that give a half its permissions. */

const RBAC = 'rbac.authorization.k8s.io'

export const systemNamespace = (): NewObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: SYSTEM_NAMESPACE },
})

export function accessOf({ account, everywhere, inSystem, toGrant }: Permissions): NewObject[] {
  const wide = { name: account, labels: labelsOf(account) }
  const near = { ...wide, namespace: SYSTEM_NAMESPACE }
  const subjects = [{ kind: 'ServiceAccount', name: account, namespace: SYSTEM_NAMESPACE }]
  const refer = (kind: string): object => ({ apiGroup: RBAC, kind, name: account })
  const apiVersion = `${RBAC}/v1`
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: near },
    { apiVersion, kind: 'ClusterRole', metadata: wide, rules: [...everywhere, ...toGrant].map(policyRule) },
    { apiVersion, kind: 'ClusterRoleBinding', metadata: wide, roleRef: refer('ClusterRole'), subjects },
    { apiVersion, kind: 'Role', metadata: near, rules: inSystem.map(policyRule) },
    { apiVersion, kind: 'RoleBinding', metadata: near, roleRef: refer('Role'), subjects },
  ]
}

const labelsOf = (account: string): Record<string, string> => ({
  [NAME]: account,
  [PART_OF]: 'espalier',
  [MANAGED_BY]: 'espalier',
})

const policyRule = ({ group, resources, verbs, names }: Rule): object => ({
  apiGroups: [group],
  resources: [...resources],
  ...(names !== undefined && { resourceNames: [...names] }),
  verbs: [...verbs],
})
