import type { Gang } from '../peers/adapter.ts'
import type { Level, TraceWork } from '../scenario/scenario.ts'
import type { TraceJob } from './jobs.ts'
import type { World } from './world.ts'

/** Nodes that a job needs at least. */
export const nodesNeeded = ({ pods, gpusAPod }: TraceJob, { gpusANode }: World): number =>
  Math.ceil(pods / Math.max(1, Math.floor(gpusANode / gpusAPod)))

/** The narrowest level of which an empty domain holds the job; null: none does. */
export function levelFor(job: TraceJob, world: World): Level | null {
  const needed = nodesNeeded(job, world)
  const holding = world.levels.filter(({ domains }) => domains.some((nodes) => nodes.length >= needed))
  return holding.at(-1)?.level ?? null
}

/** Fewest domains of the narrowest level that can hold it, in an empty cluster. */
export function fewestDomains(job: TraceJob, world: World): number {
  const sizes = (world.levels.at(-1)?.domains ?? []).map(({ length }) => length).sort((a, b) => b - a)
  let left = nodesNeeded(job, world)
  let count = 0
  for (; left > 0 && count < sizes.length; count++) left -= sizes[count] ?? 0
  return Math.max(1, count)
}

/** As a PodGang says it. */
export function gangOf(job: TraceJob, world: World, packs: TraceWork['packs']): Gang {
  const group = {
    name: 'a',
    pods: Array.from({ length: job.pods }, (_, i) => `${job.name}-a-${i}`),
    gpu: job.gpusAPod,
    cpu: 0.5,
    memoryGi: 1,
    required: null,
  }
  const isRequired = packs === 'required'
  return {
    name: job.name,
    kind: 'job',
    groups: [group],
    required: isRequired ? levelFor(job, world) : null,
    preferred: isRequired ? null : (world.levels.at(-1)?.level ?? null),
    isSingle: false,
    fits: true,
  }
}
