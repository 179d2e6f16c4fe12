import type { KubeObject, NewObject } from '../../../api/kinds/kubernetes.ts'
import type { Random } from '../../../kube/random.ts'
import type { PodTemplate } from './kinds.ts'
import { controllerReference } from './pod-state.ts'

const SAFE_LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

/** JSON with sorted keys: equal values give equal texts. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  const sorted = fields.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(',')}}`
}

/** FNV-1a over UTF-16 code units. */
function fnv(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}

/** A short name for a template, of letters that spell no words. `collisions` tells apart templates of one hash. */
export function templateHash(template: PodTemplate, collisions: number): string {
  const digits = String(fnv(canonical(template) + (collisions === 0 ? '' : `#${collisions}`)))
  return digits.replaceAll(/\d/g, (digit) => SAFE_LETTERS[digit.charCodeAt(0) % SAFE_LETTERS.length] ?? '')
}

/** `base` and five letters, as the API server would append them: known before the write, so that it can be awaited. */
export function generatedName(base: string, random: Random): string {
  let suffix = ''
  for (let i = 0; i < 5; i++) suffix += SAFE_LETTERS[Math.floor(random() * SAFE_LETTERS.length)]
  return base.slice(0, 58) + suffix
}

/** The pod that `owner` makes from a template, under a name of its choice. */
export function podFrom(template: PodTemplate, owner: KubeObject, name: string): NewObject {
  const { labels, annotations, finalizers } = template.metadata ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace ?? '',
      ...(labels && { labels: { ...labels } }),
      ...(annotations && { annotations: { ...annotations } }),
      ...(finalizers && { finalizers: [...finalizers] }),
      ownerReferences: [controllerReference(owner)],
    },
    spec: structuredClone(template.spec),
  }
}
