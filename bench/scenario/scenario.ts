/** A benchmark as its file states it (`bench/scenarios/*.yaml`), checked, with every default filled in. */

import type { LoadFile } from '../serving/files.ts'

/** How much of the real thing runs; a trace runs in virtual time. */
export const DEPTHS = ['planner', 'embedded', 'control-plane', 'trace'] as const
export type Depth = (typeof DEPTHS)[number]

/** Levels that a cluster may have, broad to narrow, and the node labels that say them: those that topograph writes. */
export const LEVEL_KEYS = {
  zone: 'topology.kubernetes.io/zone',
  block: 'fabric.topograph.run/tier-2',
  rack: 'fabric.topograph.run/tier-1',
  host: 'kubernetes.io/hostname',
} as const
export type Level = keyof typeof LEVEL_KEYS
export const LEVELS = Object.keys(LEVEL_KEYS) as readonly Level[]

export interface NodeSize {
  readonly gpu: number
  readonly cpu: number
  readonly memoryGi: number
  readonly pods: number
}

export interface ClusterShape {
  /** Broad to narrow, without hosts: so many domains of it in each domain of the level above. */
  readonly levels: readonly { readonly name: Exclude<Level, 'host'>; readonly count: number }[]
  /** In each domain of the narrowest level. */
  readonly nodes: number
  readonly node: NodeSize
}

export interface GroupWork {
  readonly name: string
  readonly pods: number
  readonly gpu: number
  readonly cpu: number
  readonly memoryGi: number
  readonly required: Level | null
}

/** `count` gangs of one shape. */
export interface GangWork {
  readonly name: string
  readonly count: number
  readonly groups: readonly GroupWork[]
  readonly required: Level | null
  readonly preferred: Level | null
  /** Pods of no gang: one group of one pod. */
  readonly isSingle: boolean
  /** False: no cluster of this shape can hold it, and it must stay pending. */
  readonly fits: boolean
}

/**
 * before: all is there when the scheduler starts. live: it arrives as fast as it can be created. one-by-one: the next
 * gang comes when the one before is bound. waves: as live, and then so many times a share of the gangs is deleted and
 * comes anew.
 */
export type Arrival = Readonly<
  | { kind: 'before' }
  | { kind: 'live' }
  | { kind: 'one-by-one' }
  | { kind: 'waves'; waves: number; replacedPercent: number }
>

/** A stream of jobs from a trace in `bench/traces/data`, on that cluster or on a real one. */
export interface TraceWork {
  readonly file: string
  /** `lingjun`: the real network of that name instead of the cluster's levels. */
  readonly topology: 'cluster' | 'lingjun'
  readonly gpusPerPod: number
  /** Required: the narrowest level whose domain can hold the job; preferred: the narrowest level. */
  readonly packs: 'required' | 'preferred'
  readonly days: number
  /** GPU time asked for by GPU time there is: times between arrivals are stretched or shrunk to it. */
  readonly load: number
}

/** Services whose replicas follow a trace of request rates (`bench/serving/service.ts`), operator and autoscalers included. */
export interface ServingWork {
  readonly file: LoadFile
  readonly hours: number
  /** How an engine is kept in one domain of the narrowest level. */
  readonly packs: 'required' | 'preferred'
  /** GPUs asked for at the busiest moment by the GPUs there are, before whole units are made of it. */
  readonly load: number
}

/** One PodCliqueSet of `replicas` gangs, scaled up in `steps` equal steps; operator and scheduler run. */
export interface SetWork {
  readonly replicas: number
  readonly steps: number
  readonly pods: number
  readonly gpu: number
  readonly required: Level | null
}

export type Workload = Readonly<
  | { kind: 'gangs'; arrival: Arrival; gangs: readonly GangWork[] }
  | { kind: 'trace'; trace: TraceWork }
  | { kind: 'set'; set: SetWork }
  | { kind: 'serving'; serving: ServingWork }
>

/** What the table and the pictures show of it. */
export const MEASURES = ['throughput', 'time-to-bound', 'cost', 'domains', 'occupancy', 'waiting'] as const
export type Measure = (typeof MEASURES)[number]

/** What must be true at the end, besides what always must: nothing over-committed, gangs whole, required levels kept. */
export interface Expectation {
  /** Pods bound: all of the gangs that fit, or so many. */
  readonly bound: 'all' | number
  /** On average, of the gangs that fit; asked of peers that can be told the level. */
  readonly domainsPerGangAtMost: Readonly<Partial<Record<Level, number>>>
}

export const SETS = ['smoke', 'quick', 'full'] as const
export type ScenarioSet = (typeof SETS)[number]

export interface Scenario {
  /** With `@NODES` behind it where the file sweeps over cluster sizes. */
  readonly name: string
  readonly summary: string
  /** Whose shape it is. */
  readonly source: string | null
  readonly depths: readonly Depth[]
  readonly sets: readonly ScenarioSet[]
  readonly cluster: ClusterShape
  readonly workload: Workload
  readonly seed: number
  readonly rounds: number
  /** A round that takes longer counts as one that left pods unbound. */
  readonly limitSeconds: number
  readonly peers: readonly string[]
  readonly measure: readonly Measure[]
  readonly expect: Expectation
}

export const nodesOf = ({ levels, nodes }: ClusterShape): number =>
  levels.reduce((product, { count }) => product * count, nodes)

export const podsOfGang = ({ groups }: GangWork): number => groups.reduce((sum, { pods }) => sum + pods, 0)

/** Pods of the gangs that fit. */
export const fittingPods = (gangs: readonly GangWork[]): number =>
  gangs.filter(({ fits }) => fits).reduce((sum, gang) => sum + gang.count * podsOfGang(gang), 0)
