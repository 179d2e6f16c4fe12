import type { Plane } from './plane.ts'

/** Writes that the API server has answered so far, by resource: its own metric. Leases are left out. */
export async function writesOf({ transport }: Pick<Plane, 'transport'>): Promise<ReadonlyMap<string, number>> {
  const { body } = await transport.request({ method: 'GET', path: '/metrics', deadlineMs: 60_000 })
  const writes = new Map<string, number>()
  for (const line of body.split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue
    const labels = labelsOf(line)
    if (!WRITES.has(labels['verb'] ?? '') || labels['resource'] === 'leases') continue
    const name = [labels['resource'], labels['subresource']].filter((part) => part !== '').join('/')
    writes.set(name, (writes.get(name) ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1)))
  }
  return writes
}

const WRITES: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE', 'APPLY', 'DELETECOLLECTION'])

const labelsOf = (line: string): Readonly<Record<string, string>> =>
  Object.fromEntries([...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name ?? '', value ?? '']))

/** What came since, by resource, without what did not change. */
export const since = (
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...after]
      .map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
      .filter(([, count]) => count > 0),
  )

export const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)
