import type { HttpRequest } from '../../kube/transport.ts'
import type { Life } from './life.ts'

export type TicketKind = 'bind' | 'delete' | 'gang-status' | 'pod-status' | 'lease' | 'event' | 'other'

/** One write of a scheduler, from the moment it was sent. */
export interface Ticket {
  readonly id: number
  readonly life: Life
  readonly kind: TicketKind
  readonly method: string
  readonly path: string
  readonly name: string
  readonly body: string | null
  readonly sentMs: number
  /** Bindings: which pod, where to, and the attempt that it carries. */
  readonly uid: string
  readonly node: string
  readonly attempt: string
  /** `flying`: it may still happen. */
  state: 'flying' | 'committed' | 'dead'
  /** What its sender was told; null: nothing yet, 0: that no answer came. */
  status: number | null
  answeredMs: number | null
}

const KINDS: readonly (readonly [TicketKind, RegExp])[] = [
  ['bind', /^POST \/api\/v1\/namespaces\/[^/]+\/pods\/([^/]+)\/binding$/],
  ['delete', /^DELETE \/api\/v1\/namespaces\/[^/]+\/pods\/([^/]+)$/],
  ['gang-status', /^PATCH .*\/podgangs\/([^/]+)\/status$/],
  ['pod-status', /^PATCH .*\/pods\/([^/]+)\/status$/],
  ['lease', /^[A-Z]+ .*\/leases(?:\/([^/]+))?$/],
  ['event', /^[A-Z]+ .*\/events(?:\/([^/]+))?$/],
]

interface SentBinding {
  readonly metadata?: { readonly uid?: string; readonly annotations?: Readonly<Record<string, string>> }
  readonly target?: { readonly name?: string }
}

function kindOf(line: string): readonly [TicketKind, name: string] {
  for (const [kind, form] of KINDS) {
    const match = form.exec(line)
    if (match !== null) return [kind, match[1] ?? '']
  }
  return ['other', '']
}

export function ticketOf(id: number, life: Life, { method, path, body = null }: HttpRequest, sentMs: number): Ticket {
  const line = `${method} ${path.split('?')[0] ?? ''}`
  const [kind, name] = kindOf(line)
  const binding = kind === 'bind' ? (JSON.parse(body ?? '{}') as SentBinding) : {}
  return {
    id,
    life,
    kind,
    method,
    path,
    name: decodeURIComponent(name),
    body,
    sentMs,
    uid: binding.metadata?.uid ?? '',
    node: binding.target?.name ?? '',
    attempt: binding.metadata?.annotations?.['espalier.io/attempt'] ?? '',
    state: 'flying',
    status: null,
    answeredMs: null,
  }
}
