import { type Random, seededRandom } from '../../kube/random.ts'
import { NODE_GPUS } from '../planner/objects.ts'
import type { Grid, Level } from '../planner/scenario.ts'

/** Nodes of an NVLink domain, as in GB200 NVL72. */
export const DOMAIN_NODES = 18
/** Blocks hold the largest gang: 16 domains are 288 nodes. */
export const BLOCK_DOMAINS = 16
const PODS_MAX = 256
const MINUTE_MS = 60_000

/** The checker and the objects know levels by these names: a zone is a block here, a rack an NVLink domain. */
export const BLOCK: Level = 'zone'
export const DOMAIN: Level = 'rack'

export interface StreamGang {
  readonly name: string
  readonly pods: number
  readonly gpusAPod: number
  readonly durationMs: number
  /** At the load that was asked for. */
  readonly arrivesMs: number
}

/** Blocks × domains × nodes around at least so many nodes; what is above them is cut off. */
export const gridOf = (nodes: number): Grid => [
  Math.ceil(nodes / DOMAIN_NODES / BLOCK_DOMAINS),
  BLOCK_DOMAINS,
  DOMAIN_NODES,
]

/**
 * Gangs of 1 to 256 pods, as many between 1 and 2 as between 128 and 256, half of them with whole-node pods; they run
 * from 20 minutes to 8 hours, many short ones. `load`: GPU time asked for by GPU time there is.
 */
export function streamOf(seed: number, nodes: number, load: number, horizonMs: number): StreamGang[] {
  const random = seededRandom(seed)
  const gangs: StreamGang[] = []
  let workMs = 0
  for (let i = 0; workMs < load * nodes * NODE_GPUS * horizonMs; i++) {
    const pods = Math.min(PODS_MAX, Math.floor(logUniform(random, 1, PODS_MAX + 1)))
    const gpusAPod = gpusOf(random())
    const durationMs = Math.round(logUniform(random, 20, 480)) * MINUTE_MS
    const arrivesMs = Math.round(workMs / (load * nodes * NODE_GPUS))
    gangs.push({ name: `g${String(i).padStart(5, '0')}`, pods, gpusAPod, durationMs, arrivesMs })
    workMs += pods * gpusAPod * durationMs
  }
  return gangs
}

const gpusOf = (draw: number): number => (draw < 0.5 ? 8 : draw < 0.7 ? 4 : draw < 0.85 ? 2 : 1)
const logUniform = (random: Random, least: number, most: number): number => least * (most / least) ** random()

/** Nodes that the gang needs at least. */
export const nodesNeeded = ({ pods, gpusAPod }: StreamGang): number =>
  Math.ceil(pods / Math.floor(NODE_GPUS / gpusAPod))

/** The level that a gang requires where packs are required: the NVLink domain if it fits one, else the block. */
export const levelOf = (gang: StreamGang): Level => (nodesNeeded(gang) <= DOMAIN_NODES ? DOMAIN : BLOCK)
