import type { NewObject } from '../../../api/kinds/kubernetes.ts'
import * as names from '../../../api/names.ts'
import type { ComponentGraph } from './component.ts'
import type { DynamoConfig } from './config.ts'
import { discoveryOf } from './environment.ts'
import { discoveryAccountName, discoveryBindingName, discoveryRoleName, PLANNER_ACCOUNT } from './names.ts'
import { metaOf, shared } from './owned.ts'

const RBAC = 'rbac.authorization.k8s.io'

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

const READ = ['get', 'list', 'watch']

/** What a component reads to find its peers, and the record that it writes about itself. */
const DISCOVERY_RULES: readonly Rule[] = [
  { apiGroups: [''], resources: ['endpoints', 'pods'], verbs: READ },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
  {
    apiGroups: ['nvidia.com'],
    resources: ['dynamoworkermetadatas'],
    verbs: [...READ, 'create', 'update', 'patch', 'delete', 'deletecollection'],
  },
]

/** What a planner needs to see its graph and to change the number of its workers. */
const PLANNER_RULES: readonly Rule[] = [
  { apiGroups: ['nvidia.com'], resources: ['dynamographdeployments'], verbs: [...READ, 'update', 'patch'] },
  { apiGroups: [''], resources: ['pods'], verbs: READ },
]

/** Service accounts of the graph's pods, with what they may do. */
export function accessOf(graph: ComponentGraph, config: DynamoConfig): NewObject[] {
  const account = discoveryAccountName(graph.name)
  const discovery = {
    account,
    role: discoveryRoleName(graph.name),
    binding: discoveryBindingName(graph.name),
    rules: DISCOVERY_RULES,
  }
  const planner = {
    account: PLANNER_ACCOUNT,
    role: `${PLANNER_ACCOUNT}-role`,
    binding: `${PLANNER_ACCOUNT}-binding`,
    rules: PLANNER_RULES,
  }
  return [
    ...(discoveryOf(graph, config) === 'kubernetes' ? grant(graph, discovery) : []),
    ...(graph.components.some(({ type }) => type === 'planner') ? grant(graph, planner).map(shared) : []),
  ]
}

interface Grant {
  readonly account: string
  readonly role: string
  readonly binding: string
  readonly rules: readonly Rule[]
}

function grant(graph: ComponentGraph, { account, role, binding, rules }: Grant): NewObject[] {
  const labels = { [names.COMPONENT]: 'rbac', [names.MANAGED_BY]: names.DYNAMO_OPERATOR, [names.NAME]: account }
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metaOf(graph, account, labels) },
    { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: metaOf(graph, role, labels), rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata: metaOf(graph, binding, labels),
      roleRef: { apiGroup: RBAC, kind: 'Role', name: role },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace: graph.namespace }],
    },
  ]
}
