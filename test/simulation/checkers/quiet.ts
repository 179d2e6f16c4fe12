import { isOfProcess } from '../observer.ts'
import type { Write } from '../history.ts'
import type { World } from '../world.ts'
import { avoidedMs } from './liveness.ts'
import { RIVAL_MS } from './rival.ts'

/** What came before: a watch that says nothing is believed for 80 s, and a seat is kept for 60 s. */
const QUIET_MS = 38_000

/** What a binding changes of the counts that others wait with is told by the next round: everything is planned anew then. */
const ROUND_MS = 60_000

/**
 * I9: at rest nothing is written but Leases, or what may follow from a node that is avoided no longer, or from a namespace
 * that is left alone no longer since another scheduler was heard of late, and words that follow a binding.
 */
export function quiet(world: World): string[] {
  const { history, clock } = world
  const sinceMs = clock.monotonicMs() - QUIET_MS
  const endsMs = [...endsOfRefusals(world), ...endsOfPauses(world)]
  const mayFollow = (atMs: number): boolean => endsMs.some((endMs) => endMs <= atMs && atMs < endMs + QUIET_MS)
  const boundMs = history.writes.filter(isOwn).flatMap(({ verb, atMs }) => (verb === 'bind' ? [atMs] : []))
  const isWording = (verb: string, atMs: number): boolean =>
    verb !== 'bind' && boundMs.some((ms) => ms < atMs && atMs < ms + ROUND_MS + 1_000)
  const late = history.writes.filter(
    (write) => write.atMs > sinceMs && isOwn(write) && !mayFollow(write.atMs) && !isWording(write.verb, write.atMs),
  )
  const [first] = late
  return first === undefined
    ? []
    : [`${late.length} writes at rest, such as ${first.verb} ${first.collection} ${first.name} at ${first.atMs}`]
}

const isOwn = ({ sender, collection }: Write): boolean => isOfProcess(sender) && !collection.endsWith('/leases')

/**
 * When kubelets' refusals may have run out, whatever came of it is then over in as long as all else: how often pods of one
 * kind were refused, and so when, is the scheduler's to know.
 */
const endsOfRefusals = ({ kubelets }: Pick<World, 'kubelets'>): number[] =>
  [...kubelets.refusals.values()].flatMap((refusedMs) =>
    refusedMs.flatMap((atMs, before) => Array.from({ length: before + 1 }, (_, at) => atMs + avoidedMs(at + 1))),
  )

/** Two watches that say nothing, one after the other, tell of another scheduler's binding 160 s after it. */
const endsOfPauses = ({ observer }: Pick<World, 'observer'>): number[] =>
  observer.lives.flatMap(({ mirror }) => [...mirror.rivalHeardMs.values()]).map((heardMs) => heardMs + RIVAL_MS)
