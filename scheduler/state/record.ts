/**
 * The same entries without a prototype: what users name (labels, resources) is looked up in it, and a name like
 * `constructor` must find nothing that nobody wrote.
 */
export function bare<V>(record: Readonly<Record<string, V>>): Record<string, V> {
  const made = Object.create(null) as Record<string, V>
  for (const [name, value] of Object.entries(record)) made[name] = value
  return made
}
