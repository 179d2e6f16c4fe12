import type { Drawn, DrawnGang, DrawnGroup, DrawnNode } from '../draw.ts'
import type { Fate } from '../network.ts'
import type { DrawnSet } from '../sets/drawn.ts'
import type { World } from '../world.ts'

/** A situation that chance meets too seldom: a small cluster, what happens to it, and what must be so in the end. */
export interface Scenario {
  readonly name: string
  readonly drawn: Drawn
  /** For how long it is left alone, what the script does included. */
  readonly forMs: number
  /** Told before time moves: it sets timers, listens, and may stand between a process and the server. */
  readonly script?: (world: World) => void
  /** What is wrong in the end beside the promises of every run, in words. */
  readonly judge?: (world: World) => readonly string[]
  /** Every process may be killed at any of its writes, and the end is the same. */
  readonly mayCrash?: boolean
}

export interface ScenarioForm extends Omit<Scenario, 'drawn' | 'forMs'> {
  readonly nodes: readonly DrawnNode[]
  readonly gangs: readonly DrawnGang[]
  /** With one operator; absent: there is none. */
  readonly sets?: readonly DrawnSet[]
  readonly replicas?: number
  readonly latencyMs?: number
  readonly forMs?: number
}

/** A take-over, an undo and a seat that is kept have run out. */
const FOR_MS = 150_000

export const scenario = ({
  nodes,
  gangs,
  sets,
  replicas = 1,
  latencyMs = 0,
  forMs = FOR_MS,
  ...rest
}: ScenarioForm): Scenario => ({
  ...rest,
  forMs,
  drawn: {
    seed: 1,
    nodes,
    gangs,
    faults: [],
    faultyMs: forMs,
    replicas,
    latencyMs,
    ...(sets === undefined ? {} : { sets, operators: 1 }),
  },
})

/** `r1: a4 b4 | r2: c8` → nodes a and b with 4 GPUs each in rack r1, c with 8 in r2. */
export const nodesOf = (drawing: string): DrawnNode[] =>
  drawing.split('|').flatMap((part) => {
    const [rack = '', nodes = ''] = part.split(':').map((text) => text.trim())
    return nodes.split(/\s+/).map((text) => {
      const [, name = '', gpus = ''] = /^([a-z]+)(\d+)$/.exec(text) ?? []
      return { name, rack, gpus: Number(gpus), cpus: 64 }
    })
  })

export const groupOf = (name: string, minimum: number, form: Partial<DrawnGroup> = {}): DrawnGroup => ({
  name,
  minimum,
  pods: minimum,
  gpus: 1,
  cpus: 1,
  isInOneRack: false,
  ...form,
})

export const gangOf = (name: string, groups: readonly DrawnGroup[], form: Partial<DrawnGang> = {}): DrawnGang => ({
  isPlain: false,
  name,
  groups,
  isInOneRack: false,
  isOwned: true,
  gatedMs: null,
  podsFirst: false,
  arriveMs: 100,
  departMs: null,
  ...form,
})

/** A pod of no gang. */
export const plainOf = (name: string, form: Partial<DrawnGroup> = {}, at: Partial<DrawnGang> = {}): DrawnGang =>
  gangOf(name, [groupOf('a', 1, form)], { isPlain: true, ...at })

export const later = (world: World, ms: number, act: () => unknown): void =>
  void world.clock.after(ms, 'work', () => void act())

export const refused = (message: string): Fate => ({
  kind: 'refused',
  status: 409,
  reason: 'Conflict',
  retryAfterSeconds: null,
  message,
})
