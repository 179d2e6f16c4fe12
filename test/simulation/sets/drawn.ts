/** PodCliqueSets of a seed, and what people do to them. */
import type { Random } from '../../../kube/random.ts'
import { between, oneOf } from '../random.ts'

export interface DrawnClique {
  readonly name: string
  readonly replicas: number
  readonly minAvailable: number
  readonly gpus: number
  readonly cpus: number
}

/** A scaling group of some cliques. */
export interface DrawnScaling {
  readonly name: string
  readonly cliques: readonly DrawnClique[]
  readonly replicas: number
  readonly minAvailable: number
}

/** `on`: the name of what is scaled, replica of the set included; of an update, the clique that gets another image. */
export interface DrawnChange {
  readonly atMs: number
  readonly kind: 'scale-set' | 'scale-clique' | 'scale-group' | 'update'
  readonly on: string
  readonly replicas: number
}

export interface DrawnSet {
  readonly name: string
  readonly replicas: number
  /** Those of no scaling group. */
  readonly cliques: readonly DrawnClique[]
  readonly group: DrawnScaling | null
  readonly arriveMs: number
  /** Deleted then; null: stays. */
  readonly departMs: number | null
  readonly changes: readonly DrawnChange[]
}

export function drawSets(random: Random, faultyMs: number): DrawnSet[] {
  return Array.from({ length: between(random, 2, 4) }, (_, at) => drawSet(random, `s${at}`, faultyMs))
}

function drawSet(random: Random, name: string, faultyMs: number): DrawnSet {
  const cliques = Array.from({ length: between(random, 1, 2) }, (_, at) => drawClique(random, 'ab'[at] ?? 'a', 4))
  const group = random() < 0.5 ? drawScaling(random) : null
  const arriveMs = Math.floor(random() * faultyMs * 0.5)
  const departMs = random() < 0.35 ? between(random, arriveMs + 5_000, faultyMs) : null
  const replicas = between(random, 1, 2)
  const set = { name, replicas, cliques, group, arriveMs, departMs }
  const untilMs = departMs ?? faultyMs
  const changes = Array.from({ length: between(random, 0, 4) }, () => drawChange(random, set, untilMs))
  return { ...set, changes: changes.sort((a, b) => a.atMs - b.atMs) }
}

function drawClique(random: Random, name: string, most: number): DrawnClique {
  const replicas = between(random, 1, most)
  return {
    name,
    replicas,
    minAvailable: between(random, 1, replicas),
    gpus: oneOf(random, [0, 1, 1, 2]),
    cpus: between(random, 1, 4),
  }
}

function drawScaling(random: Random): DrawnScaling {
  const cliques = Array.from({ length: between(random, 1, 2) }, (_, at) => drawClique(random, 'cd'[at] ?? 'c', 2))
  const replicas = between(random, 1, 3)
  return { name: 'g', cliques, replicas, minAvailable: between(random, 1, replicas) }
}

function drawChange(random: Random, set: Omit<DrawnSet, 'changes'>, untilMs: number): DrawnChange {
  const atMs = between(random, set.arriveMs + 1_000, Math.max(set.arriveMs + 1_000, untilMs))
  const all = [...set.cliques, ...(set.group?.cliques ?? [])]
  const index = between(random, 0, set.replicas - 1)
  const kind = oneOf(random, ['scale-set', 'scale-clique', 'update', set.group === null ? 'update' : 'scale-group'])
  switch (kind) {
    case 'scale-set':
      return { atMs, kind, on: set.name, replicas: between(random, 1, 3) }
    case 'scale-clique':
      return {
        atMs,
        kind,
        on: `${set.name}-${index}-${oneOf(random, set.cliques).name}`,
        replicas: between(random, 1, 5),
      }
    case 'scale-group':
      return { atMs, kind, on: `${set.name}-${index}-g`, replicas: between(random, set.group?.minAvailable ?? 1, 4) }
    default:
      return { atMs, kind: 'update', on: oneOf(random, all).name, replicas: 0 }
  }
}
