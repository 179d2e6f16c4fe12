import { counters } from './checkers/counters.ts'
import { freeVectors } from './checkers/free-vectors.ts'
import { gangsAtRest } from './checkers/gangs-at-rest.ts'
import { leaks } from './checkers/leaks.ts'
import { liveness } from './checkers/liveness.ts'
import { quiet } from './checkers/quiet.ts'
import { setsAtRest } from './checkers/sets-at-rest.ts'
import { statusAtRest } from './checkers/status-at-rest.ts'
import type { World } from './world.ts'

/** What is wrong, in words. */
export type RestChecker = (world: World) => readonly string[]

/** Asked 180 s after the last fault, when all that has run out that may. */
export const REST_CHECKERS: Readonly<Record<string, RestChecker>> = {
  liveness,
  'gangs-at-rest': gangsAtRest,
  'free-vectors': freeVectors,
  'sets-at-rest': setsAtRest,
  'status-at-rest': statusAtRest,
  leaks,
  quiet,
  counters,
}
