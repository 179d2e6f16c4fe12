import type { PodGang } from '../../api/generated/kinds.ts'
import { sentenceOf } from '../../api/field-error.ts'
import { SPREAD_ANNOTATION } from '../../api/names.ts'
import { type Reason, reason } from '../../api/reasons.ts'
import { parseGangSpread } from '../../api/spread.ts'

type Spec = PodGang['spec']

/**
 * What is written wrongly in a PodGang, judged by the object alone: the first of it. Such a gang is not placed, and
 * nobody waits for it. A CRD that is stricter than ours refuses some of this before anybody sees it.
 */
export function gangFault({ metadata, spec }: PodGang): Reason | null {
  // Another server's CRD may let through what ours does not.
  const written: Spec = { ...spec, podgroups: spec?.podgroups ?? [] }
  return (
    wrongSpread(metadata.annotations?.[SPREAD_ANNOTATION]) ??
    negativeMinimum(written) ??
    unknownGroup(written) ??
    crossing(written)
  )
}

const invalid = (problem: string): Reason => reason('InvalidConstraint', { problem })

function wrongSpread(annotation: string | undefined): Reason | null {
  const wrong = annotation === undefined ? undefined : parseGangSpread(annotation).errors[0]
  return wrong === undefined ? null : invalid(sentenceOf(wrong))
}

/** Zero is a group without a minimum. */
function negativeMinimum({ podgroups }: Spec): Reason | null {
  const wrong = podgroups.find(({ minReplicas }) => (minReplicas ?? 0) < 0)
  return wrong === undefined ? null : reason('NegativeMinimum', { group: wrong.name, minimum: wrong.minReplicas })
}

function unknownGroup({ podgroups, topologyConstraintGroupConfigs = [] }: Spec): Reason | null {
  const known = new Set(podgroups.map(({ name }) => name))
  for (const { name, podGroupNames = [] } of topologyConstraintGroupConfigs) {
    const missing = podGroupNames.find((each) => !known.has(each))
    if (missing !== undefined) return reason('UnknownPodGroup', { constraintGroup: name, group: missing })
  }
  return null
}

/** Scopes are a tree: a group is in one constraint group at most. */
function crossing({ topologyConstraintGroupConfigs = [] }: Spec): Reason | null {
  const seen = new Set<string>()
  for (const [at, { podGroupNames = [] }] of topologyConstraintGroupConfigs.entries()) {
    for (const name of podGroupNames) {
      const path = `spec.topologyConstraintGroupConfigs[${at}].podGroupNames`
      if (seen.has(name)) return invalid(`${path}: ${name} is in another constraint group already; one is the most`)
      seen.add(name)
    }
  }
  return null
}
