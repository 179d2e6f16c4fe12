import { complaintOf, type FieldError, pathText } from '../../api/field-error.ts'

/** Something in a set that only code can judge: where it stands, what is wrong, and what would be right. */
export interface Problem {
  /** A code for machines, for the condition and the event. */
  readonly reason:
    | 'InvalidStartOrder'
    | 'NameTaken'
    | 'NameTooLong'
    | 'TopologyNotFound'
    | 'TopologyAwareSchedulingDisabled'
    | 'DomainNotFound'
    | 'InvalidTopology'
  /** `spec.template.cliques[2].topologyConstraint.pack.required`. */
  readonly path: string
  readonly message: string
}

export const describeProblem = ({ path, message }: Problem): string => (path === '' ? message : `${path}: ${message}`)

export const problemOf = (reason: Problem['reason'], error: FieldError): Problem => ({
  reason,
  path: pathText(error.path),
  message: complaintOf(error),
})
