import type { Container, Pod, Volume } from '../../api/kinds/kubernetes.ts'

/** The keys of what exists in a pod's namespace; undefined: there is no such object. */
export interface Sources {
  secret(name: string): ReadonlySet<string> | undefined
  configMap(name: string): ReadonlySet<string> | undefined
  hasClaim(name: string): boolean
}

interface KeyRef {
  readonly name: string
  readonly key: string
  readonly optional?: boolean
}

/** What a container's environment needs and does not find, in kubelet's words; null: it can be created. */
export function missingInEnvironment(container: Container, namespace: string, sources: Sources): string | null {
  for (const { secretRef, configMapRef } of container.envFrom ?? []) {
    if (secretRef && !secretRef.optional && sources.secret(secretRef.name) === undefined) {
      return noSecret(secretRef.name)
    }
    if (configMapRef && !configMapRef.optional && sources.configMap(configMapRef.name) === undefined) {
      return noConfigMap(configMapRef.name)
    }
  }
  for (const { valueFrom } of container.env ?? []) {
    const missing = missingKey(valueFrom?.secretKeyRef, valueFrom?.configMapKeyRef, namespace, sources)
    if (missing !== null) return missing
  }
  return null
}

function missingKey(
  secretKey: KeyRef | undefined,
  configMapKey: KeyRef | undefined,
  namespace: string,
  sources: Sources,
): string | null {
  if (secretKey && !secretKey.optional) {
    const keys = sources.secret(secretKey.name)
    if (keys === undefined) return noSecret(secretKey.name)
    if (!keys.has(secretKey.key)) return `couldn't find key ${secretKey.key} in Secret ${namespace}/${secretKey.name}`
  }
  if (configMapKey && !configMapKey.optional) {
    const { name, key } = configMapKey
    const keys = sources.configMap(name)
    if (keys === undefined) return noConfigMap(name)
    if (!keys.has(key)) return `couldn't find key ${key} in ConfigMap ${namespace}/${name}`
  }
  return null
}

/** The first volume that cannot be mounted, in kubelet's words; null: all can. */
export function missingVolume(pod: Pod, sources: Sources): string | null {
  for (const volume of pod.spec.volumes ?? []) {
    const missing = missingForVolume(volume, sources)
    if (missing !== null) return `MountVolume.SetUp failed for volume "${volume.name}" : ${missing}`
  }
  return null
}

interface ProjectedSource {
  readonly secret?: { name: string; optional?: boolean }
  readonly configMap?: { name: string; optional?: boolean }
}

function missingForVolume(
  { secret, configMap, projected, persistentVolumeClaim }: Volume,
  sources: Sources,
): string | null {
  if (secret && !secret.optional && sources.secret(secret.secretName) === undefined) return noSecret(secret.secretName)
  if (configMap && !configMap.optional && sources.configMap(configMap.name) === undefined) {
    return noConfigMap(configMap.name)
  }
  if (persistentVolumeClaim && !sources.hasClaim(persistentVolumeClaim.claimName)) {
    return `persistentvolumeclaim "${persistentVolumeClaim.claimName}" not found`
  }
  for (const source of (projected?.['sources'] ?? []) as readonly ProjectedSource[]) {
    const missing = missingForVolume({ name: '', ...secretVolume(source), ...configMapVolume(source) }, sources)
    if (missing !== null) return missing
  }
  return null
}

const secretVolume = ({ secret }: ProjectedSource): Pick<Volume, 'secret'> =>
  secret ? { secret: { secretName: secret.name, optional: secret.optional ?? false } } : {}

const configMapVolume = ({ configMap }: ProjectedSource): Pick<Volume, 'configMap'> => (configMap ? { configMap } : {})

const noSecret = (name: string): string => `secret "${name}" not found`
const noConfigMap = (name: string): string => `configmap "${name}" not found`
