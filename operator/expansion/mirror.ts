/** Prefixes of what deployment tools write on the objects that they keep: copied to others, it would make them theirs. */
const TOOLS = ['kubectl.kubernetes.io/', 'argocd.argoproj.io/', 'meta.helm.sh/', 'helm.sh/', 'config.kubernetes.io/']
/** Ours, and what the API's own controllers keep. */
const OWN = ['grove.io/', 'espalier.io/']

/** The labels or annotations of a set that its gangs carry too. */
export function mirrored(entries: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(entries ?? {}).filter(([key]) => isMirrored(key)))
}

function isMirrored(key: string): boolean {
  const domain = key.includes('/') ? key.slice(0, key.indexOf('/')) : ''
  if (domain === 'toolkit.fluxcd.io' || domain.endsWith('.toolkit.fluxcd.io')) return false
  return ![...OWN, ...TOOLS].some((prefix) => key.startsWith(prefix))
}
