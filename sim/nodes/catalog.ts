import type { ConfigMap, KubeObject, Secret } from '../../api/kinds/kubernetes.ts'
import type { Cache, Delta } from '../../kube/reflector/types.ts'
import { CONFIG_MAPS, PERSISTENT_VOLUME_CLAIMS, SECRETS } from '../../kube/resources.ts'
import type { Informers } from '../informers.ts'
import type { Sources } from './references.ts'

/** What pods may refer to, by namespace; tells a namespace when something in it came or changed. */
export class Catalog {
  readonly #secrets: Cache<Secret>
  readonly #configMaps: Cache<ConfigMap>
  readonly #claims: Cache<KubeObject>

  constructor(informers: Informers, onChange: (namespace: string) => void) {
    const tell = (delta: Delta<KubeObject>): void => {
      if (delta.kind !== 'deleted') onChange(delta.object.metadata.namespace ?? '')
    }
    this.#secrets = informers.watch<Secret>(SECRETS, tell)
    this.#configMaps = informers.watch<ConfigMap>(CONFIG_MAPS, tell)
    this.#claims = informers.watch(PERSISTENT_VOLUME_CLAIMS, tell)
  }

  of(namespace: string): Sources {
    return {
      secret: (name) => keysOf(this.#secrets.get(namespace, name)),
      configMap: (name) => keysOf(this.#configMaps.get(namespace, name)),
      hasClaim: (name) => this.#claims.get(namespace, name) !== undefined,
    }
  }
}

const keysOf = (
  object: (KubeObject & { data?: Record<string, string> }) | undefined,
): ReadonlySet<string> | undefined =>
  object === undefined
    ? undefined
    : new Set([...Object.keys(object.data ?? {}), ...Object.keys((object['binaryData'] ?? {}) as object)])
