import { BUILT_IN_TYPES } from './builtin-types.ts'
import { byteOrder } from './json.ts'
import type { ServedType } from './served-type.ts'

const keyOf = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`

/** Which kinds are served now: the built-in ones, and those that CustomResourceDefinitions added. */
export class TypeRegistry {
  readonly #types = new Map<string, ServedType>()
  #generation = 1

  constructor() {
    for (const type of BUILT_IN_TYPES) this.#types.set(keyOf(type.group, type.version, type.plural), type)
  }

  /** Grows with every change: discovery's and OpenAPI's ETag. */
  get generation(): number {
    return this.#generation
  }

  find(group: string, version: string, plural: string): ServedType | undefined {
    return this.#types.get(keyOf(group, version, plural))
  }

  ofKind(group: string, version: string, kind: string): ServedType | undefined {
    return this.all().find((type) => type.group === group && type.version === version && type.kind === kind)
  }

  /** In the order in which they came: built-in ones first. */
  all(): readonly ServedType[] {
    return [...this.#types.values()]
  }

  /** Replaces all versions of one custom kind; none removes it. */
  replace(group: string, plural: string, versions: readonly ServedType[]): void {
    for (const [key, type] of this.#types) {
      if (type.group === group && type.plural === plural) this.#types.delete(key)
    }
    for (const type of versions) this.#types.set(keyOf(type.group, type.version, type.plural), type)
    this.#generation++
  }

  /** Groups with their versions, `''` first, otherwise by name. */
  groups(): readonly { readonly group: string; readonly versions: readonly string[] }[] {
    const versions = new Map<string, Set<string>>()
    for (const type of this.#types.values()) {
      const known = versions.get(type.group) ?? new Set()
      versions.set(type.group, known.add(type.version))
    }
    return [...versions]
      .sort(([a], [b]) => byteOrder(a, b))
      .map(([group, known]) => ({ group, versions: [...known].sort(versionOrder) }))
  }

  typesOf(group: string, version: string): readonly ServedType[] {
    return this.all().filter((type) => type.group === group && type.version === version)
  }
}

const STAGES = ['alpha', 'beta', '']

/** Kubernetes' order: v2 before v1 before v2beta1 before v1alpha1; then by name. */
export function versionOrder(a: string, b: string): number {
  const parse = (version: string): readonly [number, number, number] | null => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
    return match === null ? null : [STAGES.indexOf(match[2] ?? ''), Number(match[1]), Number(match[3] ?? 0)]
  }
  const left = parse(a)
  const right = parse(b)
  if (left === null || right === null) return left === right ? byteOrder(a, b) : left === null ? 1 : -1
  return right[0] - left[0] || right[1] - left[1] || right[2] - left[2]
}
