/**
 * The record that travels in the bind: `<PodGang uid>/<seq>/<first|repair|surplus>/<count>`, `-` for a pod of no gang.
 * It is the only log there is: a scheduler that starts reads from it what another had begun.
 */
export type AttemptKind = 'first' | 'repair' | 'surplus'

export interface Attempt {
  /** Null: a pod of no gang. */
  readonly gangUid: string | null
  readonly seq: number
  readonly kind: AttemptKind
  /** How many pods the plan seated. */
  readonly count: number
}

/** What is known of who bound a pod. */
export interface Bound {
  readonly attempt: string | null
  readonly isAttemptClaimed: boolean
}

/**
 * The attempt of a pod that we bound; null for any other. An annotation that somebody wrote himself, or that came along
 * when a pod was copied, has a field owner, and says nothing.
 */
export const attemptOf = ({ attempt, isAttemptClaimed }: Bound): Attempt | null =>
  isAttemptClaimed ? null : parseAttempt(attempt)

const NO_GANG = '-'

export const formatAttempt = ({ gangUid, seq, kind, count }: Attempt): string =>
  `${gangUid ?? NO_GANG}${restOf(seq, kind, count)}`

let last = { seq: -1, kind: 'first', count: -1, text: '' }

/** Attempts of gangs alike differ in the uid alone. */
function restOf(seq: number, kind: AttemptKind, count: number): string {
  if (last.seq !== seq || last.kind !== kind || last.count !== count) {
    last = { seq, kind, count, text: `/${seq}/${kind}/${count}` }
  }
  return last.text
}

const FORM = /^([^/\s]{1,64})\/(\d{1,9})\/(first|repair|surplus)\/(\d{1,9})$/

/** Null: not one of ours. */
export function parseAttempt(text: string | null): Attempt | null {
  const found = text === null ? null : FORM.exec(text)
  if (found === null) return null
  const [, gang = '', seq, kind, count] = found
  return {
    gangUid: gang === NO_GANG ? null : gang,
    seq: Number(seq),
    kind: kind as AttemptKind,
    count: Number(count),
  }
}
