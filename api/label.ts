/** What a label's key and value may look like. */

const NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** `rack`, or `example.com/rack` with at most 253 characters before the slash; at most 63 in the name. */
export function isLabelKey(key: string): boolean {
  const parts = key.split('/')
  const name = parts.at(-1) ?? ''
  if (parts.length > 2 || name.length > 63 || !NAME.test(name)) return false
  const prefix = parts.length === 2 ? parts[0] : undefined
  return prefix === undefined || (prefix.length <= 253 && PREFIX.test(prefix))
}

export const isLabelValue = (value: string): boolean => value === '' || (value.length <= 63 && NAME.test(value))
