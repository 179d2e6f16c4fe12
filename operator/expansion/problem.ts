/** Something in a set that only code can judge: where it stands, what is wrong, and what would be right. */
export interface Problem {
  /** A code for machines, for the condition and the event. */
  readonly reason:
    | 'StartOrderCycle'
    | 'NameTaken'
    | 'NameTooLong'
    | 'TopologyNotFound'
    | 'DomainNotFound'
    | 'InvalidTopology'
  /** `spec.template.cliques[2].topologyConstraint.pack.required`. */
  readonly path: string
  readonly message: string
}

export const describeProblem = ({ path, message }: Problem): string => (path === '' ? message : `${path}: ${message}`)
