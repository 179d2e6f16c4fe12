/** From apiVersion and kind of a manifest to its place in the API, asked from the server's own discovery. */
import type { KubeClient } from '../kube/client.ts'
import type { ResourceType } from '../kube/resources.ts'

interface ApiResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[]
}

/** Answers null for a kind that the server does not know. Answers are kept: one request a group version. */
export class ResourceFinder {
  readonly #client: KubeClient
  readonly #known = new Map<string, Promise<ApiResourceList | null>>()

  constructor(client: KubeClient) {
    this.#client = client
  }

  async find(apiVersion: string, kind: string): Promise<ResourceType | null> {
    const list = await this.#resources(apiVersion)
    const found = list?.resources.find((resource) => resource.kind === kind && !resource.name.includes('/'))
    if (found === undefined) return null
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
    return { group: group ?? '', version: version ?? '', plural: found.name, kind, namespaced: found.namespaced }
  }

  #resources(apiVersion: string): Promise<ApiResourceList | null> {
    const known = this.#known.get(apiVersion)
    if (known !== undefined) return known
    const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const asked = this.#client
      .raw<ApiResourceList>(path)
      .then((answer) => (answer.kind === 'ok' && Array.isArray(answer.value.resources) ? answer.value : null))
    this.#known.set(apiVersion, asked)
    return asked
  }
}
