import type { PodFacts } from './pod-facts.ts'
import type { Charge, NodeUse } from './usage.ts'

/** A pod from its first event to its last: what was told of it, and what we know beyond that. Cluster state changes it. */
export class KnownPod {
  /** As told last. */
  facts: PodFacts
  /** Asks for one of our names. */
  isOurs: boolean
  /** Where it was bound by us and is not seen yet; null: nowhere. */
  assumed: string | null = null
  /** That binding was answered for. */
  isAnswered = false
  /** What it counts with, and where. */
  charge: Charge | null = null
  /** Of the node where it counts; null: nowhere. */
  use: NodeUse | null = null
  /** Place in the list of its gang; -1: in none. */
  member = -1

  constructor(facts: PodFacts, isOurs: boolean) {
    this.facts = facts
    this.isOurs = isOurs
  }

  /** Where the pod is or, as far as we know, will be. */
  get node(): string | null {
    return this.facts.node ?? this.assumed
  }

  /** Seen on its node, or the server has said that it is bound there. */
  get isConfirmed(): boolean {
    return this.facts.node !== null || this.isAnswered
  }
}
