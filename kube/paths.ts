import type { ResourceType } from './resources.ts'

const root = (type: ResourceType): string =>
  type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`

/** All objects of a kind in one namespace; '' means in all of them, or a cluster-scoped kind. */
export function collectionPath(type: ResourceType, namespace: string): string {
  const scope = type.namespaced && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${root(type)}${scope}/${type.plural}`
}

export function objectPath(type: ResourceType, namespace: string, name: string, subresource?: string): string {
  const path = `${collectionPath(type, namespace)}/${encodeURIComponent(name)}`
  return subresource === undefined ? path : `${path}/${subresource}`
}

/** `?a=1&b=2` in the order given, without what is undefined or empty; '' when nothing is left. */
export function query(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const parts = Object.entries(parameters)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}

export const apiVersionOf = (type: ResourceType): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`
