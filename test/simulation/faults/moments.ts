import type { MomentFault } from './kinds.ts'
import { ambushes } from './ambushes.ts'
import { gangFaults } from './gangs.ts'
import { nodeFaults } from './nodes.ts'
import { podFaults } from './pods.ts'
import { setFaults } from './sets.ts'
import { processFaults } from './processes.ts'
import type { Strike } from './strike.ts'

/** Every kind that comes at a moment, by name: the compiler demands each. */
export const STRIKES: Readonly<Record<MomentFault, Strike>> = {
  ...processFaults,
  ...nodeFaults,
  ...podFaults,
  ...gangFaults,
  ...setFaults,
  ...ambushes,
}
