import type { Condition } from '../api/kinds/kubernetes.ts'

/** What is to be said of one type now. */
export interface Finding {
  readonly type: string
  readonly status: Condition['status']
  readonly reason: string
  readonly message: string
  /** RFC 3339: since when it is so, where it was never said before; else it is so since now. */
  readonly since?: string
  /** `since` holds whatever was said before. */
  readonly isSinceThen?: boolean
}

export interface FindingContext {
  /** RFC 3339. */
  readonly now: string
  readonly generation: number
}

/**
 * The findings laid over what stands there: one entry a type, types of others kept where they are. A transition is a
 * change of status or reason. `removed` types go.
 */
export function withFindings(
  standing: readonly Condition[] | undefined,
  findings: readonly Finding[],
  { now, generation }: FindingContext,
  removed: readonly string[] = [],
): Condition[] {
  const found = new Map(findings.map((finding) => [finding.type, finding]))
  const kept = (standing ?? []).filter(({ type }) => !removed.includes(type))
  const old = new Map(kept.map((condition) => [condition.type, condition]))
  const made = ({ since, isSinceThen = false, ...finding }: Finding): Condition => {
    const before = old.get(finding.type)
    const isSame = before?.status === finding.status && before.reason === finding.reason
    const known = isSame ? before.lastTransitionTime : before === undefined || isSinceThen ? since : undefined
    const lastTransitionTime = known ?? now
    return { ...finding, lastTransitionTime, observedGeneration: generation }
  }
  const standingOnes = kept.map((condition) => {
    const finding = found.get(condition.type)
    return finding === undefined ? condition : made(finding)
  })
  return [...standingOnes, ...findings.filter(({ type }) => !old.has(type)).map(made)]
}

export const conditionOf = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  conditions?.find((each) => each.type === type)

/** What kstatus reads. `problem`: why nothing can be done about it until somebody edits something. */
export interface Progress {
  readonly isReady: boolean
  readonly reason: string
  readonly message: string
  readonly problem: { readonly reason: string; readonly message: string } | null
}

export function kstatus({ isReady, reason, message, problem }: Progress): Finding[] {
  const isStalled = problem !== null
  const said = { reason, message }
  return [
    { type: 'Ready', status: isReady ? 'True' : 'False', ...said },
    { type: 'Reconciling', status: isReady || isStalled ? 'False' : 'True', ...said },
    {
      type: 'Stalled',
      status: isStalled ? 'True' : 'False',
      reason: problem?.reason ?? 'NothingInTheWay',
      message: problem?.message ?? '',
    },
  ]
}
