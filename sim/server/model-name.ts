/** OpenAPI's long names and the short ones of the generated models: the part that tells them apart. */
const PREFIXES: readonly (readonly [long: string, short: string])[] = [
  ['io.k8s.apiextensions-apiserver.pkg.apis.', 'ext.'],
  ['io.k8s.apimachinery.pkg.apis.', ''],
  ['io.k8s.api.', ''],
]

/** `io.k8s.api.core.v1.Pod` → `core.v1.Pod`. */
export function modelName(long: string): string {
  const found = PREFIXES.find(([prefix]) => long.startsWith(prefix))
  return found === undefined ? long : found[1] + long.slice(found[0].length)
}

/** The way back. */
export function componentName(model: string): string {
  if (model.startsWith('meta.')) return `io.k8s.apimachinery.pkg.apis.${model}`
  if (model.startsWith('ext.')) return `io.k8s.apiextensions-apiserver.pkg.apis.${model.slice(4)}`
  return `io.k8s.api.${model}`
}

/** API groups whose models go by another name than their first word. */
const FOLDER_OF: Readonly<Record<string, string>> = {
  '': 'core',
  'rbac.authorization.k8s.io': 'rbac',
  'apiextensions.k8s.io': 'ext.apiextensions',
}

export const modelOf = (group: string, version: string, kind: string): string =>
  `${FOLDER_OF[group] ?? group.split('.')[0]!}.${version}.${kind}`
