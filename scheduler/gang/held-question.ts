import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { PlanView, PodClassView } from '../planner/request.ts'
import type { ClusterState } from '../state/cluster.ts'
import type { Hold } from '../state/holds.ts'
import { heldSeats } from './holding.ts'
import type { Question } from './request.ts'
import type { GangSituation } from './situation.ts'

/** A question asked in the light of the seats that are kept for its pods. */
export interface HeldQuestion extends Question {
  /** Seats that are still being vacated: the answer has to wait for them. */
  readonly awaited: readonly Hold[]
}

/**
 * The same question with what is kept for the gang counted as free, each pod where it was as far as it fits there;
 * then in the domains where they were; then anywhere. None: nothing is kept for these pods.
 */
export function heldQuestions(cluster: ClusterState, situation: GangSituation, question: Question): HeldQuestion[] {
  const kept = heldSeats(cluster, situation)
  const seats = new Map(question.pods.flatMap(({ uid }) => (kept.has(uid) ? [[uid, kept.get(uid) as Hold]] : [])))
  if (seats.size === 0) return []
  const ixOf = new Map(question.view.nodeNames.map((name, at) => [name, at]))
  const room: Room = { ixOf, seats }
  // What many gangs ask alike is not what this one asks.
  const { isShared: _, ...request } = question.request
  const anywhere = { ...question, request, view: withFree(question.view, room, false), awaited: [] }
  const level = levelOf(cluster, situation)
  return [pinned({ ...question, request }, room), ...(level === null ? [] : [within(anywhere, level, room)]), anywhere]
}

interface Room {
  readonly ixOf: ReadonlyMap<string, number>
  /** By uid of the pod that is to have it. */
  readonly seats: ReadonlyMap<string, Hold>
}

/** What is kept is free for whom it is kept; `withLeaving`: also what is not vacated yet. Without kept counters. */
function withFree(shown: PlanView, { ixOf, seats }: Room, withLeaving: boolean): PlanView {
  const { counters: _, ...view } = shown
  const free = view.free.slice()
  for (const { node, requests, isVacated } of seats.values()) {
    const row = ixOf.get(node)
    if (row === undefined || (!isVacated && !withLeaving)) continue
    view.resources.forEach((resource, column) => {
      const at = row * view.resources.length + column
      free[at] = (free[at] ?? 0) + (requests[resource] ?? 0)
    })
  }
  return { ...view, free }
}

/** Each pod that fits on the node that it had gets a class of its own that passes there and nowhere else. */
function pinned(question: Question, room: Room): HeldQuestion {
  const view = withFree(question.view, room, true)
  const classes = [...view.classes]
  const awaited: Hold[] = []
  let at = 0
  const groups = question.request.groups.map((group) => ({
    ...group,
    seats: group.seats.map((seat) => {
      const hold = room.seats.get(question.pods[at++]?.uid ?? '')
      const asked = view.classes[seat.podClass]
      const row = hold === undefined ? undefined : room.ixOf.get(hold.node)
      if (hold === undefined || asked === undefined || row === undefined || !fits(view, asked, row)) return seat
      if (!hold.isVacated) awaited.push(hold)
      return { ...seat, podClass: classes.push(onlyOn(asked, row)) - 1 }
    }),
  }))
  return { request: { ...question.request, groups }, view: { ...view, classes }, pods: question.pods, awaited }
}

function fits({ resources, free }: PlanView, { feasible, requests }: PodClassView, row: number): boolean {
  const hasRoom = (column: number): boolean => (requests[column] ?? 0) <= (free[row * resources.length + column] ?? 0)
  return feasible[row] === 1 && resources.every((_, column) => (requests[column] ?? 0) === 0 || hasRoom(column))
}

function onlyOn({ requests, feasible, excluded }: PodClassView, row: number): PodClassView {
  const only = new Uint8Array(feasible.length)
  only[row] = 1
  return { requests, feasible: only, excluded }
}

/** The narrowest level that the gang names; the narrowest above single nodes where it names none. */
function levelOf(cluster: ClusterState, { gang }: GangSituation): CompiledLevel | null {
  const topology = cluster.topologyOf(gang)
  const named = [gang, ...gang.constraintGroups, ...gang.groups]
    .flatMap(({ constraint }) => [constraint.preferred, constraint.required])
    .flatMap((key) => (key === null ? [] : [cluster.topology().levelFor(topology, key)]))
  const all =
    named.length > 0 ? named : (topology?.levels ?? []).filter((level) => level.paths.length < cluster.nodes.size)
  return all.reduce<CompiledLevel | null>((found, each) => {
    return found === null || each.paths.length > found.paths.length ? each : found
  }, null)
}

function within(question: HeldQuestion, { domainOf }: CompiledLevel, { ixOf, seats }: Room): HeldQuestion {
  const domains = new Set([...seats.values()].map(({ node }) => domainOf[ixOf.get(node) ?? -1] ?? -1))
  const classes = question.view.classes.map(({ requests, feasible, excluded }) => ({
    requests,
    excluded,
    feasible: feasible.map((passes, at) => (passes === 1 && domains.has(domainOf[at] ?? -1) ? 1 : 0)),
  }))
  return { ...question, view: { ...question.view, classes } }
}
