import type { Container, Volume } from '../../../api/kinds/kubernetes.ts'
import type { Component, Engine } from './component.ts'

type Mount = NonNullable<Container['volumeMounts']>[number]

const SHARED_MEMORY = 'shared-memory'
const SHARED_MEMORY_PATH = '/dev/shm'
/** Where an engine keeps compiled kernels, for those whose place we know. */
const CACHE_PATHS: Readonly<Partial<Record<Engine, string>>> = { vllm: '/root/.cache/vllm' }

/** Where the component's compilation cache is mounted; null if it has none, or no place is known for it. */
export function cacheOf(component: Component, engine: Engine | null): { name: string; mountPath: string } | null {
  const mount = component.mounts.find(({ useAsCompilationCache }) => useAsCompilationCache === true)
  if (mount === undefined) return null
  const mountPath = mount.mountPoint ?? (engine === null ? undefined : CACHE_PATHS[engine])
  return mountPath === undefined ? null : { name: mount.name, mountPath }
}

/** The main container's mounts: its own, the service's claims, and shared memory unless something is there already. */
export function mainMounts(component: Component, engine: Engine | null): Mount[] {
  const own = component.main.volumeMounts ?? []
  const claims = component.mounts.flatMap((mount): Mount[] => {
    const mountPath = mount.useAsCompilationCache ? cacheOf(component, engine)?.mountPath : mount.mountPoint
    return mountPath === undefined ? [] : [{ name: mount.name, mountPath }]
  })
  const mounts = [...own, ...claims]
  const isTaken = mounts.some(({ mountPath }) => mountPath === SHARED_MEMORY_PATH)
  if (component.sharedMemory === null || isTaken) return mounts
  return [...mounts, { name: SHARED_MEMORY, mountPath: SHARED_MEMORY_PATH }]
}

/** The pod's volumes: those that main mounts in the order of its mounts, then the rest. */
export function podVolumes(component: Component, main: Container, extra: readonly Volume[]): Volume[] {
  const known = [...(component.podSpec.volumes ?? []), ...extra]
  const byName = new Map(known.map((volume) => [volume.name, volume]))
  const mounted = new Set((main.volumeMounts ?? []).map(({ name }) => name))
  const used = [...mounted].map((name) => byName.get(name) ?? implied(name, component))
  return [...used, ...known.filter(({ name }) => !mounted.has(name))]
}

/** A mount without a volume means the claim of that name. */
function implied(name: string, component: Component): Volume {
  if (name === SHARED_MEMORY && component.sharedMemory !== null) {
    return { name, emptyDir: { medium: 'Memory', sizeLimit: component.sharedMemory } }
  }
  return { name, persistentVolumeClaim: { claimName: name } }
}
