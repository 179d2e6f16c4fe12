type Entries = Readonly<Record<string, string>>

/** Prefixes of what deployment tools write on the objects that they keep: copied to others, it would make them theirs. */
const TOOLS = ['kubectl.kubernetes.io/', 'argocd.argoproj.io/', 'meta.helm.sh/', 'helm.sh/', 'config.kubernetes.io/']
/** Ours, and what the API's own controllers keep. */
const OWN = ['grove.io/', 'espalier.io/']

const kept = (entries: Entries | undefined, isKept: (key: string) => boolean): Record<string, string> =>
  Object.fromEntries(Object.entries(entries ?? {}).filter(([key]) => isKept(key)))

/** Labels or annotations as far as their author wrote them, and no tool. */
export const withoutTools = (entries: Entries | undefined): Record<string, string> =>
  kept(entries, (key) => !isOfTool(key))

/** The labels or annotations of a set that its gangs carry too. */
export const mirrored = (entries: Entries | undefined): Record<string, string> =>
  kept(entries, (key) => !isOfTool(key) && !OWN.some((prefix) => key.startsWith(prefix)))

function isOfTool(key: string): boolean {
  const domain = key.includes('/') ? key.slice(0, key.indexOf('/')) : ''
  const isFlux = domain === 'toolkit.fluxcd.io' || domain.endsWith('.toolkit.fluxcd.io')
  return isFlux || TOOLS.some((prefix) => key.startsWith(prefix))
}
