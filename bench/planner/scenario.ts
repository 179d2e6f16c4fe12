/** One row of the planner's table: a cluster, what arrives in it, and what is known of the same work elsewhere. */
export interface Scenario {
  readonly id: string
  /** zones × racks a zone × nodes a rack; every node has 8 GPUs. */
  readonly cluster: Grid
  readonly gangs: number
  readonly groups: readonly GroupShape[]
  /** Of the gang as a whole: level names. */
  readonly required?: Level
  readonly preferred?: Level
  /** Pods of no gang: `gangs` of them. */
  readonly isPlain?: true
  /** Nothing of it can be placed, and that is what is timed. */
  readonly isHopeless?: true
  /** The class has been planned for before: its counters exist. */
  readonly isWarm?: true
  /** Pods with required anti-affinity run already: see fences.ts. */
  readonly isFenced?: true
  readonly peer: { readonly name: string; readonly ms: number } | null
  readonly reachMs: number
}

export type Level = 'zone' | 'rack' | 'pair' | 'host'
export type Grid = readonly [zones: number, racks: number, nodes: number]

export interface GroupShape {
  readonly name: string
  readonly pods: number
  readonly gpus: number
  readonly cpu: number
  readonly required?: Level
}

const one = (pods: number, gpus: number, cpu = gpus): readonly GroupShape[] => [{ name: 'a', pods, gpus, cpu }]

/** KAI's allocate action on two such cores with its whole filter chain; its unit harness where the name says so. */
const kai = (ms: number, name = 'KAI'): Scenario['peer'] => ({ name, ms })

const subGroups = Array.from({ length: 100 }, (_, i) => ({
  name: `g${String(i).padStart(3, '0')}`,
  pods: 10,
  gpus: 1,
  cpu: 1,
  required: 'rack' as const,
}))

const FIVE: Grid = [5, 25, 40]
const SCALE = { gangs: 1, groups: one(64, 1), required: 'rack', isWarm: true, peer: null, reachMs: 0 } as const

const ROWS: readonly Scenario[] = [
  {
    id: 'singles-4000',
    cluster: [5, 10, 10],
    gangs: 4_000,
    groups: one(1, 1),
    isPlain: true,
    peer: kai(1_900),
    reachMs: 40,
  },
  {
    id: 'gang-512-preferred',
    cluster: [4, 64, 2],
    gangs: 1,
    groups: one(512, 2),
    preferred: 'rack',
    peer: kai(161),
    reachMs: 3,
  },
  {
    id: 'gangs-100x32-rack',
    cluster: FIVE,
    gangs: 100,
    groups: one(32, 8),
    required: 'rack',
    peer: kai(1_280),
    reachMs: 25,
  },
  {
    id: 'gangs-100x32-zone-rack',
    cluster: FIVE,
    gangs: 100,
    groups: one(32, 8),
    required: 'zone',
    preferred: 'rack',
    peer: kai(1_440),
    reachMs: 25,
  },
  { id: 'gangs-100x32-free', cluster: FIVE, gangs: 100, groups: one(32, 8), peer: kai(12_600), reachMs: 25 },
  {
    id: 'fill-40000-rack',
    cluster: FIVE,
    gangs: 625,
    groups: one(64, 1),
    required: 'rack',
    peer: kai(13_600),
    reachMs: 250,
  },
  {
    id: 'gangs-1000x8-rack',
    cluster: [5, 20, 10],
    gangs: 1_000,
    groups: one(8, 1),
    required: 'rack',
    peer: kai(1_640),
    reachMs: 30,
  },
  {
    id: 'hopeless-400',
    cluster: [5, 20, 10],
    gangs: 400,
    groups: one(16, 8),
    required: 'rack',
    isHopeless: true,
    peer: kai(240, 'KAI unit harness'),
    reachMs: 5,
  },
  {
    id: 'gangs-100x32-20000',
    cluster: [5, 100, 40],
    gangs: 100,
    groups: one(32, 8),
    required: 'zone',
    preferred: 'rack',
    peer: kai(10_400, 'KAI unit harness'),
    reachMs: 50,
  },
  {
    id: 'gangs-2250x4-rack',
    cluster: [5, 10, 100],
    gangs: 2_250,
    groups: one(4, 0, 12),
    required: 'rack',
    peer: null,
    reachMs: 30,
  },
  {
    id: 'gangs-9x1000',
    cluster: [5, 10, 100],
    gangs: 9,
    groups: one(1_000, 0, 12),
    required: 'rack',
    peer: null,
    reachMs: 20,
  },
  {
    id: 'trees-1500',
    cluster: [5, 10, 100],
    gangs: 1_500,
    groups: [
      { name: 'a', pods: 4, gpus: 2, cpu: 2, required: 'rack' },
      { name: 'b', pods: 4, gpus: 1, cpu: 1, required: 'rack' },
    ],
    required: 'zone',
    peer: null,
    reachMs: 40,
  },
  { id: 'subgroups-100', cluster: [5, 20, 10], gangs: 1, groups: subGroups, peer: null, reachMs: 10 },
  {
    id: 'domains-9600',
    cluster: [1, 600, 10],
    gangs: 1,
    groups: one(64, 1),
    required: 'rack',
    preferred: 'pair',
    peer: null,
    reachMs: 5,
  },
  {
    id: 'nodes-100000-warm',
    cluster: [5, 500, 40],
    gangs: 1,
    groups: one(1_024, 8),
    required: 'zone',
    preferred: 'rack',
    isWarm: true,
    peer: null,
    reachMs: 10,
  },
  {
    id: 'nodes-100000-cold',
    cluster: [5, 500, 40],
    gangs: 1,
    groups: one(1_024, 8),
    required: 'zone',
    preferred: 'rack',
    peer: null,
    reachMs: 10,
  },
  { ...SCALE, id: 'growth-1000', cluster: [5, 20, 10] },
  { ...SCALE, id: 'growth-10000', cluster: [5, 50, 40] },
  { ...SCALE, id: 'growth-100000', cluster: [5, 500, 40] },
]

/** The bulk rows once more beside running pods with required anti-affinity, which shut ten nodes to the first. */
const FENCED = ['gangs-1000x8-rack', 'hopeless-400', 'gangs-2250x4-rack'].map((id): Scenario => {
  const row = ROWS.find((each) => each.id === id) as Scenario
  const gangs = Math.min(row.gangs, id === 'gangs-1000x8-rack' ? 950 : row.gangs)
  return { ...row, id: `${id}-fenced`, gangs, isFenced: true, peer: null }
})

export const SCENARIOS: readonly Scenario[] = [...ROWS, ...FENCED]

/** What the flags change of a scenario. */
export interface Changes {
  readonly nodes: string | null
  readonly gangs: number | null
  /** Pods of each group. */
  readonly size: number | null
}

/** `--nodes` is a number (racks are added or taken away) or zones x racks x nodes. */
export function changed(scenario: Scenario, { nodes, gangs, size }: Changes): Scenario {
  return {
    ...scenario,
    cluster: nodes === null ? scenario.cluster : gridOf(nodes, scenario.cluster),
    gangs: gangs ?? scenario.gangs,
    groups: size === null ? scenario.groups : scenario.groups.map((group) => ({ ...group, pods: size })),
  }
}

function gridOf(text: string, [zones, , perRack]: Grid): Grid {
  const parts = text.split(/[x×]/).map(Number)
  if (parts.some((part) => !Number.isInteger(part) || part < 1)) throw new Error(`not a cluster: ${text}`)
  const [a = 1, b, c] = parts
  if (b !== undefined && c !== undefined) return [a, b, c]
  const racks = Math.max(1, Math.round(a / (zones * perRack)))
  return [zones, racks, Math.max(1, Math.round(a / (zones * racks)))]
}
