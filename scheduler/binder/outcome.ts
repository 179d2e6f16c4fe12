import type { Answer } from '../../kube/client.ts'

/** What an answer to a binding means. "We do not know" is a value, and every caller says what it does then. */
export type Outcome =
  | Readonly<{ kind: 'bound' }>
  /** The seat stays assumed until a read begun after this, on the monotonic clock, decides. */
  | Readonly<{ kind: 'unknown'; readAfterMs: number; why: string }>
  /** Pod or gang is not what the plan saw: read, and plan again from the newest objects. */
  | Readonly<{ kind: 'changed'; why: string }>
  /** Turned away for now, and not because of the pod: the same again, later. */
  | Readonly<{ kind: 'later'; afterMs: number; why: string }>
  /** We may not do this at all: a fault of the installation, so it is loud. */
  | Readonly<{ kind: 'forbidden'; why: string }>

/** Without a Retry-After. */
const LATER_MS = 1_000

/** `serverDeadlineMs`: when the server has given the request up for certain. */
export function outcomeOf(answer: Answer<unknown>, serverDeadlineMs: number): Outcome {
  if (answer.kind === 'ok') return { kind: 'bound' }
  const why = `${answer.status === 0 ? '' : `${answer.status} `}${answer.reason}: ${answer.message}`
  if (answer.outcome === 'unknown') return { kind: 'unknown', readAfterMs: serverDeadlineMs, why }
  if (answer.status === 401 || answer.status === 403) return { kind: 'forbidden', why }
  if (answer.retryable) return { kind: 'later', afterMs: answer.retryAfterMs ?? LATER_MS, why }
  return { kind: 'changed', why }
}
