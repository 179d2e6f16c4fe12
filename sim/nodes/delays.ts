import { seededRandom } from '../../kube/random.ts'

/** FNV-1a over UTF-16 code units: spreads names well enough to seed a generator, and is the same everywhere. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}

/** What a simulated node takes its time for, and how long: from, to in milliseconds of cluster time. */
const RANGES_MS = {
  init: [60, 240],
  start: [200, 900],
  ready: [60, 480],
  stop: [150, 1_200],
} as const

export type Activity = keyof typeof RANGES_MS

/**
 * How long `activity` takes for `subject` (`namespace/pod/container`). Drawn from the seed and the names alone, never
 * from a shared generator: which pod comes first changes nobody's delay.
 */
export type Delays = (activity: Activity, subject: string) => number

export const seededDelays = (seed: number): Delays => {
  return (activity, subject) => {
    const [from, to] = RANGES_MS[activity]
    const share = seededRandom(hash(`${seed}/${activity}/${subject}`))()
    return from + Math.floor(share * (to - from + 1))
  }
}
