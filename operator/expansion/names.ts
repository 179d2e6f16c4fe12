/** What every generated object is called. Names are written here and never taken apart: identity is read from labels. */

export const cliqueName = (set: string, index: number, clique: string): string => `${set}-${index}-${clique}`
export const scalingGroupName = (set: string, index: number, group: string): string => `${set}-${index}-${group}`
/** A clique of replica `replica` of the scaling group object `group`. */
export const memberName = (group: string, replica: number, clique: string): string => `${group}-${replica}-${clique}`

export const serviceName = (set: string, index: number): string => `${set}-${index}`
export const baseGangName = (set: string, index: number): string => `${set}-${index}`
/** Counts from 0 for the first replica above the minimum. */
export const scaledGangName = (group: string, replica: number, minAvailable: number): string =>
  `${group}-${replica - minAvailable}`
/** The constraint group of one replica of a scaling group in a base gang: may read like a scaled gang of another. */
export const constraintGroupName = (group: string, replica: number): string => `${group}-${replica}`

export const serviceAccountName = (set: string): string => set
export const roleName = (set: string): string => `grove.io:pcs:${set}`
export const tokenSecretName = (set: string): string => `${set}-ic-sat`

export const podHostname = (clique: string, index: number): string => `${clique}-${index}`
export const serviceAddress = (service: string, namespace: string, clusterDomain: string): string =>
  `${service}.${namespace}.svc.${clusterDomain}`

/** Names with a colon (roles) as a label's value. */
export const asLabelValue = (name: string): string => name.replaceAll(':', '-')

/** Kubernetes' alphabet for generated names: no vowels, so no words, and nothing that is mistaken for another. */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789'
const SUFFIX_LENGTH = 5

/** Five characters such as the API server appends to a generateName, drawn from a hash of 64 bits. */
export function nameSuffix(hash: bigint): string {
  let suffix = ''
  for (let rest = hash; suffix.length < SUFFIX_LENGTH; rest /= BigInt(SAFE.length)) {
    suffix += SAFE.charAt(Number(rest % BigInt(SAFE.length)))
  }
  return suffix
}

/** Any text in that alphabet, a character for a character, as Kubernetes encodes hashes for labels. */
export function safeEncode(text: string): string {
  let encoded = ''
  for (let i = 0; i < text.length; i++) encoded += SAFE.charAt(text.charCodeAt(i) % SAFE.length)
  return encoded
}
