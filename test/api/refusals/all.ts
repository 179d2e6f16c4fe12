import { updates } from './changed-set.ts'
import { graphs } from './graph.ts'
import { creation, scaling } from './new-set.ts'
import { bindings, topology } from './topology.ts'
import type { RefusalCase } from './writing.ts'

/** Objects, and what an API server says to them: the promises of the schemas, one a case. */
export const REFUSAL_CASES: readonly RefusalCase[] = [
  ...creation,
  ...scaling,
  ...topology,
  ...updates,
  ...bindings,
  ...graphs,
]
