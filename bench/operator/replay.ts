/** The writes of a run, made ready to be sent again by a bare loop: other namespace, uids filled in as they come. */
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { isWrite, partsOf, type SentRequest } from './sent-requests.ts'

export interface BareWrite {
  readonly method: string
  readonly path: string
  readonly contentType: string
  /** Holds `@uid:KIND/NAME@` wherever the uid of an object that the run made stands. */
  readonly body: string
  /** `KIND/NAME`: writes to one object follow one another. */
  readonly object: string
  /** Objects whose uid the body needs. */
  readonly needs: readonly string[]
  readonly isCreate: boolean
}

export interface BareWatch {
  readonly path: string
  readonly accept: string
}

export interface Replay {
  readonly writes: readonly BareWrite[]
  readonly watches: readonly BareWatch[]
}

type Body = Partial<KubeObject> & { metadata?: Partial<KubeObject['metadata']> }

/**
 * In the order in which they were sent, beside the watches that were open then. Throws at a delete: a bare loop that only
 * makes has none.
 */
export function replayOf(
  sent: readonly SentRequest[],
  watches: readonly SentRequest[],
  from: string,
  to: string,
): Replay {
  const kinds = new Map([['podcliquesets', 'PodCliqueSet']])
  const inOrder = sent.toSorted((a, b) => a.atMs - b.atMs)
  const own = inOrder.filter((request) => isWrite(request) && request.path.includes(`/namespaces/${from}/`))
  for (const { method, path, body } of own) {
    const { plural, name } = partsOf(path)
    if (method === 'POST' && name === null) kinds.set(plural, (JSON.parse(body) as Body).kind ?? '')
  }
  return {
    writes: own.map((request) => bareWrite(request, kinds, from, to)),
    watches: watches.map(({ path, accept }) => ({ path: path.replace(/&?resourceVersion=\d+/, ''), accept })),
  }
}

function bareWrite(
  { method, path, contentType, body }: SentRequest,
  kinds: ReadonlyMap<string, string>,
  from: string,
  to: string,
): BareWrite {
  if (method === 'DELETE') throw new Error(`the run deleted ${path}`)
  const { plural, name } = partsOf(path)
  const content = JSON.parse(body) as Body
  const object = `${kinds.get(plural) ?? plural}/${name ?? content.metadata?.name ?? ''}`
  const needs = withoutUids(content, object)
  return {
    method,
    path: path.replace(`/namespaces/${from}/`, `/namespaces/${to}/`),
    contentType,
    body: JSON.stringify(content).replaceAll(`"${from}"`, `"${to}"`),
    object,
    needs,
    isCreate: name === null,
  }
}

const placeholder = (object: string): string => `@uid:${object}@`

/** Puts placeholders for uids into `content` and takes versions out; gives the objects whose uid is needed. */
function withoutUids(content: Body, object: string): string[] {
  const needs: string[] = []
  const { metadata } = content
  if (metadata?.uid !== undefined) {
    metadata.uid = placeholder(object)
    needs.push(object)
  }
  if (metadata !== undefined) Reflect.deleteProperty(metadata, 'resourceVersion')
  for (const owner of metadata?.ownerReferences ?? []) {
    const name = `${owner.kind}/${owner.name}`
    Object.assign(owner, { uid: placeholder(name) })
    needs.push(name)
  }
  return needs
}

/** The body with the uids of those objects. */
export const filledIn = ({ body, needs }: BareWrite, uidOf: (object: string) => string): string =>
  needs.reduce((text, object) => text.replaceAll(placeholder(object), uidOf(object)), body)
