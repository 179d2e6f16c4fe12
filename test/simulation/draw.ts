import { type Random, seededRandom } from '../../kube/random.ts'
import { FAULT_KINDS, type FaultForm, type FaultKind, FORMER_KINDS, SET_KINDS } from './faults/kinds.ts'
import { between, oneOf } from './random.ts'
import { type DrawnSet, drawSets } from './sets/drawn.ts'

/** All that a seed decides before the run, as plain data: printed when it fails, and cut down by shrink.ts. */
export interface Drawn {
  readonly seed: number
  readonly nodes: readonly DrawnNode[]
  readonly gangs: readonly DrawnGang[]
  readonly faults: readonly DrawnFault[]
  /** Faults and the workload's own changes end then, on the virtual clock. */
  readonly faultyMs: number
  /** Scheduler processes that campaign for the lease from the start. */
  readonly replicas: number
  /** One way, each request; 0: at once. */
  readonly latencyMs: number
  /** With how many operator processes; absent: there is no operator in this cluster, and no such set. */
  readonly operators?: number
  readonly sets?: readonly DrawnSet[]
  /** There is a topology in a ConfigMap, which some gangs name. */
  readonly hasTopology?: boolean
}

export interface DrawnNode {
  readonly name: string
  readonly rack: string
  readonly gpus: number
  readonly cpus: number
}

export interface DrawnGroup {
  readonly name: string
  readonly minimum: number
  readonly pods: number
  readonly gpus: number
  readonly cpus: number
  readonly isInOneRack: boolean
  /** How its pods ask for what they need; absent: `plain`. */
  readonly form?: AskingForm
}

/** `init`: half of it only while they start; `beside`: part of it in a sidecar; `units`: in other words. */
export const ASKING_FORMS = ['plain', 'init', 'beside', 'units'] as const
export type AskingForm = (typeof ASKING_FORMS)[number]

export interface DrawnGang {
  /** A pod of no gang has one group with one pod. */
  readonly isPlain: boolean
  readonly name: string
  readonly groups: readonly DrawnGroup[]
  readonly isInOneRack: boolean
  /** A controller makes its pods again when they go. */
  readonly isOwned: boolean
  /** Pods are made with the operator's gate, which is lifted so much later; null: without. */
  readonly gatedMs: number | null
  readonly podsFirst: boolean
  readonly arriveMs: number
  /** Deleted with its pods then; null: stays. */
  readonly departMs: number | null
  /** More of the PodGang's spec, for situations that are written and not drawn. */
  readonly spec?: Readonly<Record<string, unknown>>
  readonly annotations?: Readonly<Record<string, string>>
}

export interface DrawnFault {
  readonly kind: FaultKind
  /** What it is a rate of: faults/kinds.ts. */
  readonly rate: number
}

const FAULTY_MS = 100_000

/** How much comes, how long it stays, and what may go wrong. */
export interface Times {
  readonly kinds: readonly FaultForm[]
  readonly pods: number
  readonly nodes: readonly [number, number]
  readonly staysMs: readonly [number, number]
  /** How pods ask for what they need; a form that stands there twice is drawn twice as often. */
  readonly forms: readonly AskingForm[]
}

/** Some 200 bindings a seed. */
const TIMES: Times = {
  kinds: FAULT_KINDS,
  pods: 328,
  nodes: [24, 56],
  staysMs: [5_000, 20_000],
  forms: ['plain', 'plain', ...ASKING_FORMS],
}
/** Until the seeds were made larger: what they found then is found with it. */
export const FORMER_TIMES: Times = {
  kinds: FORMER_KINDS,
  pods: 190,
  nodes: [20, 48],
  staysMs: [15_000, 60_000],
  forms: [],
}

/** So many pods come from gangs where others come from sets. */
const WITH_SETS: Times = { ...TIMES, kinds: [...FAULT_KINDS, ...SET_KINDS], pods: 160 }
/** One seed of so many has an operator. */
const EVERY = 5

export function draw(seed: number, times: Times | null = null): Drawn {
  if (times !== null) return drawGangsOnly(seed, times)
  return seed % EVERY === 3 ? drawWithSets(seed) : drawGangsOnly(seed, TIMES)
}

function drawWithSets(seed: number): Drawn {
  const random = seededRandom(seed * 6_007 + 5)
  const sets = drawSets(random, FAULTY_MS)
  return { ...drawGangsOnly(seed, WITH_SETS), operators: random() < 0.3 ? 2 : 1, sets }
}

function drawGangsOnly(seed: number, times: Times): Drawn {
  const random = seededRandom(seed * 7_919 + 11)
  const nodes = drawNodes(random, times)
  const drawn = drawGangs(random, times)
  const hasTopology = times.forms.length > 0 && random() < 0.5
  const gangs = hasTopology ? drawn.map((gang) => (random() < 0.4 ? { ...gang, annotations: NAMED } : gang)) : drawn
  return {
    seed,
    nodes,
    gangs,
    faults: drawFaults(random, times.kinds),
    faultyMs: FAULTY_MS,
    replicas: random() < 0.3 ? 2 : 1,
    latencyMs: oneOf(random, [0, 0, 5, 30]),
    ...(hasTopology ? { hasTopology } : {}),
  }
}

const NAMED = { 'grove.io/topology-name': 'ours' }

function drawNodes(random: Random, times: Times): DrawnNode[] {
  const count = between(random, ...times.nodes)
  const racks = between(random, 3, 8)
  const gpus = oneOf(random, [4, 8, 8])
  return Array.from({ length: count }, (_, at) => ({
    name: `n${String(at).padStart(2, '0')}`,
    rack: `r${at % racks}`,
    gpus: random() < 0.15 ? gpus / 2 : gpus,
    cpus: oneOf(random, [16, 32, 64]),
  }))
}

function drawGangs(random: Random, times: Times): DrawnGang[] {
  const gangs: DrawnGang[] = []
  for (let pods = 0; pods < times.pods; ) {
    const gang = drawGang(random, gangs.length, times)
    gangs.push(gang)
    pods += gang.groups.reduce((sum, group) => sum + group.pods, 0)
  }
  return gangs
}

function drawGang(random: Random, at: number, times: Times): DrawnGang {
  const isPlain = random() < 0.15
  const count = isPlain ? 1 : oneOf(random, [1, 1, 2, 3])
  const arriveMs = Math.floor(random() * random() * FAULTY_MS * 0.85)
  const staysMs = between(random, ...times.staysMs)
  return {
    isPlain,
    name: `${isPlain ? 'p' : 'g'}${at}`,
    groups: Array.from({ length: count }, (_, g) => drawGroup(random, `a${g}`, isPlain, times.forms)),
    isInOneRack: !isPlain && random() < 0.5,
    isOwned: random() < 0.8,
    gatedMs: random() < 0.2 ? between(random, 100, 4_000) : null,
    podsFirst: random() < 0.3,
    arriveMs,
    departMs: random() < 0.6 && arriveMs + staysMs < FAULTY_MS ? arriveMs + staysMs : null,
  }
}

function drawGroup(random: Random, name: string, isPlain: boolean, forms: readonly AskingForm[]): DrawnGroup {
  const minimum = isPlain ? 1 : between(random, 1, 6)
  const surplus = isPlain || random() < 0.6 ? 0 : between(random, 1, 3)
  return {
    name,
    minimum,
    pods: minimum + surplus,
    gpus: oneOf(random, [0, 1, 1, 2, 4]),
    cpus: between(random, 1, 8),
    isInOneRack: !isPlain && random() < 0.2,
    ...(forms.length === 0 ? {} : { form: oneOf(random, forms) }),
  }
}

function drawFaults(random: Random, kinds: readonly FaultForm[]): DrawnFault[] {
  const left = [...kinds]
  const count = between(random, 3, 12)
  const faults: DrawnFault[] = []
  while (faults.length < count) {
    const [found] = left.splice(Math.floor(random() * left.length), 1)
    if (found === undefined) break
    faults.push({ kind: found.kind, rate: found.rates[0] + random() * (found.rates[1] - found.rates[0]) })
  }
  return faults.sort((a, b) => (a.kind < b.kind ? -1 : 1))
}
