import type { KubeObject, PriorityClass } from '../../../api/kinds/kubernetes.ts'
import type { TableColumns } from '../table.ts'
import {
  AGE,
  column,
  CREATED_AT,
  labelsText,
  listAt,
  mapAt,
  NAME,
  numberAt,
  orNone,
  tableColumns,
  textAt,
  wide,
} from './column.ts'

const subjects = (kind: string) => (binding: KubeObject) =>
  listAt(binding, 'subjects')
    .filter((subject) => textAt(subject, 'kind') === kind)
    .map((subject) => (kind === 'ServiceAccount' ? `${textAt(subject, 'namespace')}/` : '') + textAt(subject, 'name'))
    .join(', ')

/** Roles, limit ranges, custom resource definitions: a name and when. */
export const DATED_COLUMNS: TableColumns = tableColumns([NAME, CREATED_AT])

export const BINDING_COLUMNS: TableColumns = tableColumns([
  NAME,
  column('Role', (binding) => `${textAt(binding, 'roleRef', 'kind')}/${textAt(binding, 'roleRef', 'name')}`),
  AGE,
  wide('Users', subjects('User')),
  wide('Groups', subjects('Group')),
  wide('ServiceAccounts', subjects('ServiceAccount')),
])

export const PRIORITY_CLASS_COLUMNS: TableColumns = tableColumns<PriorityClass>([
  NAME,
  column<PriorityClass>('Value', (priority) => priority.value, 'integer'),
  column<PriorityClass>('Global-Default', (priority) => priority.globalDefault === true, 'boolean'),
  AGE,
  column<PriorityClass>('PreemptionPolicy', (priority) => priority.preemptionPolicy ?? 'PreemptLowerPriority'),
])

export const LEASE_COLUMNS: TableColumns = tableColumns([
  NAME,
  column('Holder', (lease) => textAt(lease, 'spec', 'holderIdentity')),
  AGE,
])

const used = (part: 'requests' | 'limits') => (quota: KubeObject) => {
  const hard = Object.entries(mapAt(quota, 'status', 'hard')).sort(([a], [b]) => (a < b ? -1 : 1))
  const isLimit = (name: string): boolean => name.startsWith('limits')
  return hard
    .filter(([name]) => isLimit(name) === (part === 'limits'))
    .map(([name, value]) => `${name}: ${textAt(quota, 'status', 'used', name)}/${String(value)}`)
    .join(', ')
}

export const QUOTA_COLUMNS: TableColumns = tableColumns([
  NAME,
  column('Request', used('requests')),
  column('Limit', used('limits')),
  AGE,
])

const isDefaultClass = (storage: KubeObject): boolean =>
  textAt(storage, 'metadata', 'annotations', 'storageclass.kubernetes.io/is-default-class') === 'true'

export const STORAGE_CLASS_COLUMNS: TableColumns = tableColumns([
  column('Name', (storage) => `${storage.metadata.name}${isDefaultClass(storage) ? ' (default)' : ''}`),
  column('Provisioner', (storage) => textAt(storage, 'provisioner')),
  column('ReclaimPolicy', (storage) => textAt(storage, 'reclaimPolicy') || 'Delete'),
  column('VolumeBindingMode', (storage) => textAt(storage, 'volumeBindingMode') || 'Immediate'),
  column('AllowVolumeExpansion', (storage) => textAt(storage, 'allowVolumeExpansion') === 'true', 'boolean'),
  AGE,
])

export const NETWORK_POLICY_COLUMNS: TableColumns = tableColumns([
  NAME,
  column('Pod-Selector', (policy) => labelsText(mapAt(policy, 'spec', 'podSelector', 'matchLabels'))),
  AGE,
])

const hosts = (ingress: KubeObject): string =>
  listAt(ingress, 'spec', 'rules')
    .map((rule) => textAt(rule, 'host'))
    .filter((host) => host !== '')
    .join(',') || '*'

export const INGRESS_COLUMNS: TableColumns = tableColumns([
  NAME,
  column('Class', (ingress) => orNone(textAt(ingress, 'spec', 'ingressClassName'))),
  column('Hosts', hosts),
  column('Address', (ingress) =>
    listAt(ingress, 'status', 'loadBalancer', 'ingress')
      .map((i) => textAt(i, 'ip'))
      .join(','),
  ),
  column('Ports', (ingress) => (listAt(ingress, 'spec', 'tls').length > 0 ? '80, 443' : '80')),
  AGE,
])

export const REVISION_COLUMNS: TableColumns = tableColumns([
  NAME,
  column('Controller', (revision) => {
    const owner = (revision.metadata.ownerReferences ?? []).find((o) => o.controller === true)
    return owner === undefined
      ? '<none>'
      : `${owner.kind.toLowerCase()}.${owner.apiVersion.split('/')[0] ?? ''}/${owner.name}`
  }),
  column('Revision', (revision) => numberAt(revision, 'revision'), 'integer'),
  AGE,
])
