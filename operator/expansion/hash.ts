import type { PodSpec } from '../../api/kinds/kubernetes.ts'
import { safeEncode } from './names.ts'

/** What makes a pod of a clique what it is: a change of it, and of nothing else, is a new version. */
export interface HashedTemplate {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** As the pods get it from the user, defaults and priority class filled in; before anything of ours is added. */
  readonly podSpec: PodSpec
}

/** Hash of one clique's template, for `grove.io/pod-template-hash`. */
export const templateHash = (template: HashedTemplate): string => hashOf(template)

/** Hash of all cliques of a set in template order, for `currentGenerationHash`. */
export const generationHash = (templates: readonly HashedTemplate[]): string => hashOf(templates)

/**
 * 64-bit FNV-1a over canonical JSON (keys in code unit order, absent and null the same, UTF-8), as a decimal number in
 * Kubernetes' safe alphabet. Frozen: another result for the same template would restart every pod on an upgrade.
 */
export function hashOf(value: unknown): string {
  return safeEncode(hash64(canonicalJson(value)).toString())
}

/** 64-bit FNV-1a of the text in UTF-8. */
export const hash64 = (text: string): bigint => fnv1a64(new TextEncoder().encode(text))

export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value).filter(([, field]) => field !== undefined && field !== null)
  fields.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(',')}}`
}

const OFFSET_HIGH = 0xcbf29ce4
const OFFSET_LOW = 0x84222325
/** The prime is 2^40 + this. */
const PRIME_LOW = 0x1b3

/** In two halves of 32 bits: big integers would cost a hundred times as much. */
function fnv1a64(bytes: Uint8Array): bigint {
  let high = OFFSET_HIGH
  let low = OFFSET_LOW
  for (const byte of bytes) {
    low = (low ^ byte) >>> 0
    const product = low * PRIME_LOW
    const carry = Math.floor(product / 0x1_0000_0000)
    high = (Math.imul(high, PRIME_LOW) + carry + (low << 8)) >>> 0
    low = product >>> 0
  }
  return (BigInt(high) << 32n) | BigInt(low)
}
