import type { PodGang } from '../../../api/generated/kinds.ts'
import { attemptIn, groupsOf, isAlive, isMember, nodeOf, requiredOf } from '../facts.ts'
import type { Life } from '../life.ts'
import type { Checker } from '../observer.ts'
import type { Ticket } from '../ticket.ts'

/**
 * I5: a node has the label that the gang, or the pod's group, must share, and the same value as where its pods are;
 * where they lie in several already, one of those. Where a binding broke off and came to nothing, its pod may have seemed to
 * be there: until it was read, nobody told the sender that it is not.
 */
export const constraint: Checker = {
  promise: 'constraint',
  sent(ticket) {
    const attempt = ticket.kind === 'bind' ? attemptIn(ticket.attempt) : null
    if (ticket.kind === 'bind' && attempt === null)
      return `${ticket.name}: no attempt, but ${ticket.attempt || 'nothing'}`
    if (attempt === null || attempt.gangUid === null) return null
    const gang = ticket.life.mirror.gangs.get(attempt.gangUid)
    if (gang === undefined) return `${ticket.name}: bound for a PodGang that is not known (${attempt.gangUid})`
    return wrongWith(ticket, gang)
  },
}

function wrongWith({ uid, name, node, life }: Ticket, gang: PodGang): string | null {
  const pod = life.mirror.pods.get(uid)
  if (pod === undefined) return null // said by `pod`
  const groups = groupsOf(gang)
  const own = groups.find((group) => isMember(gang, group, pod))
  if (own === undefined) return `${name}: bound for ${gang.metadata.name}, of which it is no member`
  const required = requiredOf(gang)
  const members = (some: readonly (typeof own)[]): Places => nodesOf(life, gang, some)
  if (required !== null) {
    const wrong = outside(life, required, node, members(groups))
    if (wrong !== null) return `${name} of ${gang.metadata.name}: ${wrong}`
  }
  if (own.required === null) return null
  const wrong = outside(life, own.required, node, members([own]))
  return wrong === null ? null : `${name} of group ${own.name}: ${wrong}`
}

interface Places {
  /** Where pods are. */
  readonly nodes: readonly string[]
  /** Where they may be, as far as the process can tell. */
  readonly perhaps: readonly string[]
}

/** Where pods of these groups are, as far as the process knows. */
function nodesOf(life: Life, gang: PodGang, groups: ReturnType<typeof groupsOf>): Places {
  const nodes: string[] = []
  const perhaps: string[] = []
  for (const pod of life.mirror.pods.ofGang(gang.metadata.name)) {
    if (!isAlive(pod) || !groups.some((group) => isMember(gang, group, pod))) continue
    const binds = life.binds.get(pod.metadata.uid) ?? []
    const node = nodeOf(pod) ?? binds.find(({ state }) => state !== 'dead')?.node ?? null
    if (node !== null) nodes.push(node)
    else perhaps.push(...binds.filter((ticket) => life.isOpen(ticket)).map((ticket) => ticket.node))
  }
  return { nodes, perhaps }
}

function outside(life: Life, key: string, node: string, { nodes, perhaps }: Places): string | null {
  const domainOf = (name: string): string | null => life.mirror.nodes.get(name)?.metadata.labels?.[key] ?? null
  const domain = domainOf(node)
  if (domain === null) return `${node} has no ${key}`
  const known = new Set(nodes.map(domainOf).filter((each) => each !== null))
  return known.size === 0 || known.has(domain) || perhaps.some((other) => domainOf(other) === domain)
    ? null
    : `${node} is in ${domain}, its pods are in ${[...known].join(', ')}`
}
