import type { Kept } from './mirror.ts'

const VERSION = /"resourceVersion":"(\d+)"/

/**
 * An object in which nothing is as it should be, of the version before the line that follows it: every other one cannot
 * be read at all.
 */
export function malformed(kept: Kept | null, line: string): string {
  const version = Number(VERSION.exec(line)?.[1] ?? '2') - 1
  const resourceVersion = String(version)
  const spec = version % 2 === 0 ? null : { containers: 7 }
  const metadata = { name: 'malformed', namespace: 'default', uid: `malformed-${kept}`, resourceVersion, labels: null }
  return JSON.stringify({
    type: 'MODIFIED',
    object: { apiVersion: 'v1', kind: 'Pod', metadata, spec, status: null },
  })
}
