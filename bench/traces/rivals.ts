/** Who plans a trace: ours, and two baselines on the same stream of jobs. */
import { Baseline, type Rival, tightest } from '../occupancy/rivals.ts'
import { podGang } from '../peers/pod-gang.ts'
import { VirtualScheduler } from '../planner/virtual-scheduler.ts'
import { declarationFor, factsOf, nodeFactsOf, PLACE } from '../runs/plan-once.ts'
import { write } from '../runs/work.ts'
import type { TraceWork } from '../scenario/scenario.ts'
import type { TraceJob } from './jobs.ts'
import { gangOf, levelFor } from './packs.ts'
import type { World } from './world.ts'

export const RIVALS = ['espalier', 'blind', 'greedy'] as const
export type RivalName = (typeof RIVALS)[number]

class Ours extends VirtualScheduler<TraceJob> implements Rival<TraceJob> {
  readonly name = 'espalier'
}

export function rivalOf(name: string, world: World, packs: TraceWork['packs']): Rival<TraceJob> {
  if (name === 'blind') return blind(world)
  if (name === 'greedy') return greedy(world)
  const levels = world.levels.map(({ level }) => level)
  return new Ours(world.nodes.map(nodeFactsOf), declarationFor(levels), (job) =>
    factsOf([write(gangOf(job, world, packs), podGang, PLACE)]),
  )
}

/** Knows no topology: the fullest nodes of the whole cluster. */
function blind(world: World): Rival<TraceJob> {
  const all = world.nodes.map((_, at) => at)
  return new Baseline<TraceJob>('blind', all.length, world.gpusANode, () => [all])
}

/** The field's way: the domain with the least room whose free GPUs suffice in sum, and if the pods do not fit there the job waits. */
function greedy(world: World): Rival<TraceJob> {
  const all = [world.nodes.map((_, at) => at)]
  return new Baseline<TraceJob>('greedy', all[0]!.length, world.gpusANode, (job, free) => {
    const level = levelFor(job, world)
    const domains = world.levels.find((each) => each.level === level)?.domains ?? all
    const region = tightest(domains, free, job.pods * job.gpusAPod)
    return region === null ? [] : [region]
  })
}
