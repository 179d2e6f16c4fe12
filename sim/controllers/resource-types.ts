import { valueOrThrow } from '../../kube/answers.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { ResourceType } from '../../kube/resources.ts'

interface ApiResource {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
}

interface GroupList {
  readonly groups: readonly { readonly name: string; readonly preferredVersion: { readonly version: string } }[]
}

/** Every kind that can be listed, watched and deleted, at its preferred version, as discovery tells it. */
export async function discoverTypes(client: KubeClient): Promise<readonly ResourceType[]> {
  const { groups } = valueOrThrow(await client.raw<GroupList>('/apis'))
  const places = [
    { group: '', version: 'v1', path: '/api/v1' },
    ...groups.map(({ name, preferredVersion: { version } }) => ({
      group: name,
      version,
      path: `/apis/${name}/${version}`,
    })),
  ]
  const types: ResourceType[] = []
  for (const { group, version, path } of places) {
    const answer = await client.raw<{ resources: readonly ApiResource[] }>(path)
    if (answer.kind !== 'ok') continue
    for (const { name, kind, namespaced, verbs } of answer.value.resources) {
      const isWhole = !name.includes('/') && ['list', 'watch', 'delete'].every((verb) => verbs.includes(verb))
      if (isWhole) types.push({ group, version, plural: name, kind, namespaced })
    }
  }
  return types
}
