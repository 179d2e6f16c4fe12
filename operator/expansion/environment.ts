import type { Container, EnvVar } from '../../api/kinds/kubernetes.ts'
import { POD_INDEX, SCALING_GROUP, SCALING_GROUP_REPLICA_INDEX } from '../../api/names.ts'
import type { CliqueIdentity } from './identity.ts'
import { serviceAddress, serviceName } from './names.ts'
import type { SetShape } from './shape.ts'

const fromLabel = (name: string, label: string): EnvVar => ({
  name,
  valueFrom: { fieldRef: { fieldPath: `metadata.labels['${label}']` } },
})

/** What every container of a pod is told about its place in the set. */
export function environmentOf(
  shape: SetShape,
  { index, member, name }: CliqueIdentity,
  clusterDomain: string,
): EnvVar[] {
  const service = serviceName(shape.name, index)
  const common: EnvVar[] = [
    { name: 'GROVE_PCS_NAME', value: shape.name },
    { name: 'GROVE_PCS_INDEX', value: String(index) },
    { name: 'GROVE_PCLQ_NAME', value: name },
    { name: 'GROVE_HEADLESS_SERVICE', value: serviceAddress(service, shape.namespace, clusterDomain) },
    fromLabel('GROVE_PCLQ_POD_INDEX', POD_INDEX),
  ]
  if (member === null) return common
  return [
    ...common,
    fromLabel('GROVE_PCSG_NAME', SCALING_GROUP),
    fromLabel('GROVE_PCSG_INDEX', SCALING_GROUP_REPLICA_INDEX),
    { name: 'GROVE_PCSG_TEMPLATE_NUM_PODS', value: String(member.group.templatePods) },
  ]
}

/** Ours come first, so that the user's may refer to them; a variable of the user's with one of our names is dropped. */
export function withEnvironment(container: Container, environment: readonly EnvVar[]): Container {
  const ours = new Set(environment.map(({ name }) => name))
  const rest = (container.env ?? []).filter(({ name }) => !ours.has(name))
  return { ...container, env: [...environment, ...rest] }
}
