/** What a measured process sent, as `record-requests.ts` writes it down. */

export interface SentRequest {
  /** Since 1970, of the process that sent it. */
  readonly atMs: number
  readonly method: string
  readonly path: string
  readonly contentType: string
  readonly accept: string
  readonly body: string
}

export const isWrite = ({ method, path }: SentRequest): boolean => method !== 'GET' && !path.includes('/leases')

/** `POST pods`, `PATCH podgangs/status`, `POST pods/binding`, … */
export function kindOfWrite({ method, path }: SentRequest): string {
  const { plural, subresource } = partsOf(path)
  return `${method} ${plural}${subresource === null ? '' : `/${subresource}`}`
}

export interface PathParts {
  readonly plural: string
  /** Null for a collection. */
  readonly name: string | null
  readonly subresource: string | null
}

/** Of a namespaced path: `/api/v1/namespaces/NS/pods/NAME/binding?…`. */
export function partsOf(path: string): PathParts {
  const [, rest = ''] = /\/namespaces\/[^/?]+\/([^?]*)/.exec(path) ?? []
  const [plural = '', name = null, subresource = null] = rest.split('/')
  return { plural, name, subresource }
}

/** How many of each kind, by kind. */
export function countWrites(sent: readonly SentRequest[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>()
  for (const kind of sent.filter(isWrite).map(kindOfWrite)) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}
