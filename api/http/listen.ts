/** `host:port`, or `:port` for every address; null when it is neither. */
export function parseListen(text: string): { readonly host: string; readonly port: number } | null {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3] ?? -1)
  if (match === null || port > 65_535) return null
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port }
}
