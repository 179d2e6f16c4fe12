import type { PodGang } from '../../api/generated/kinds.ts'
import { attemptIn, groupsOf, isMember, nodeOf } from './facts.ts'
import type { FaultKind } from './faults/kinds.ts'
import type { History } from './history.ts'
import type { Life } from './life.ts'
import type { Observer } from './observer.ts'
import type { PodTable } from './pod-table.ts'

/** What the schedulers are in the middle of; several at once. */
export const PHASES = [
  'no leader',
  'listing',
  'watching',
  'queued',
  'planned',
  'binding in flight',
  'reply in',
  'some bound',
  'minimum confirmed',
  'surplus',
  'undo',
  'take-over',
] as const
export type Phase = (typeof PHASES)[number]

const TAKE_OVER_MS = 3_000
const UNDO_MS = 1_000

/** Which kinds of faults struck in which phases: what a run has exercised. */
export class Reach {
  readonly strikes: Map<FaultKind, number> = new Map()
  readonly cells: Map<string, number> = new Map()
  readonly #history: History
  readonly #observer: Observer
  #phases: readonly Phase[] = []
  #phasesAtMs = -1
  #ofGangs: readonly Phase[] = []
  #gangsAtWrite = -1

  constructor(history: History, observer: Observer) {
    this.#history = history
    this.#observer = observer
  }

  struck(kind: FaultKind): void {
    this.strikes.set(kind, (this.strikes.get(kind) ?? 0) + 1)
    for (const phase of this.phases()) {
      const cell = `${kind}|${phase}`
      this.cells.set(cell, (this.cells.get(cell) ?? 0) + 1)
    }
  }

  /** Looked at once an instant. */
  phases(): readonly Phase[] {
    const { nowMs } = this.#observer
    if (this.#phasesAtMs === nowMs) return this.#phases
    this.#phasesAtMs = nowMs
    const life = this.#leader()
    const gangs = this.#gangPhases()
    this.#phases = life === null ? ['no leader', ...gangs] : [...this.#lifePhases(life, nowMs), ...gangs]
    return this.#phases
  }

  #leader(): Life | null {
    const holder = this.#history.leaseHolders.get('espalier-scheduler')
    return this.#observer.lives.find(({ identity }) => identity !== null && identity === holder) ?? null
  }

  #lifePhases(life: Life, nowMs: number): Phase[] {
    const binds = life.tickets.slice(-64).filter(({ kind }) => kind === 'bind')
    const last = binds.at(-1)
    const sent = binds.filter(({ attempt }) => attempt === last?.attempt).length
    const isPlanned = last !== undefined && last.sentMs === nowMs && sent < (attemptIn(last.attempt)?.count ?? 0)
    const isUndoing = life.tickets.slice(-32).some(({ kind, sentMs }) => kind === 'delete' && nowMs - sentMs < UNDO_MS)
    const firstWriteMs = life.tickets.find(({ kind }) => kind === 'lease')?.sentMs ?? nowMs
    const is: Partial<Record<Phase, boolean>> = {
      listing: life.mirror.pods.size === 0 || life.mirror.nodes.size === 0,
      watching: life.mirror.nodes.size > 0,
      planned: isPlanned,
      'binding in flight': binds.some(({ state, answeredMs }) => state === 'flying' || answeredMs === null),
      'reply in': binds.some(
        ({ uid, state }) => state === 'committed' && nodeOf(life.mirror.pods.get(uid) ?? NO_POD) === null,
      ),
      undo: isUndoing,
      'take-over': nowMs - firstWriteMs < TAKE_OVER_MS,
    }
    return PHASES.filter((phase) => is[phase] === true)
  }

  /** Found once for what the history holds. */
  #gangPhases(): readonly Phase[] {
    const { changes } = this.#history
    if (this.#gangsAtWrite !== changes) {
      this.#gangsAtWrite = changes
      this.#ofGangs = gangPhases(this.#history)
    }
    return this.#ofGangs
  }
}

function gangPhases(history: History): readonly Phase[] {
  const found = new Set<Phase>()
  for (const gang of history.gangs.values()) for (const phase of phasesOf(gang, history)) found.add(phase)
  return [...found]
}

interface Looked {
  readonly changes: number
  readonly wasWhole: boolean
  readonly phases: readonly Phase[]
}
const looked = new WeakMap<PodGang, Looked>()

/** Found once for what the gang and its pods are. */
function phasesOf(gang: PodGang, { pods, everWhole }: History): readonly Phase[] {
  const changes = pods.changesOf(gang.metadata.name)
  const wasWhole = everWhole.has(gang.metadata.uid)
  const known = looked.get(gang)
  if (known?.changes === changes && known.wasWhole === wasWhole) return known.phases
  const phases = phasesNow(gang, pods, wasWhole)
  looked.set(gang, { changes, wasWhole, phases })
  return phases
}

function phasesNow(gang: PodGang, pods: PodTable, wasWhole: boolean): readonly Phase[] {
  const found: Phase[] = []
  const labelled = [...pods.ofGang(gang.metadata.name)]
  const groups = groupsOf(gang).map((group) => {
    let bound = 0
    let pending = 0
    for (const pod of labelled) {
      if (!isMember(gang, group, pod)) continue
      if (nodeOf(pod) !== null) bound++
      else pending++
    }
    return { bound, pending, isFull: bound >= group.minimum }
  })
  const isFull = groups.every((group) => group.isFull)
  const isSome = groups.some(({ bound }) => bound > 0)
  if (!isFull && isSome) found.push('some bound')
  if (!isFull && !isSome) found.push('queued')
  if (isFull && wasWhole) found.push('minimum confirmed')
  if (isFull && groups.some(({ pending }) => pending > 0)) found.push('surplus')
  return found
}

const NO_POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: '', uid: '', resourceVersion: '', creationTimestamp: '' },
  spec: { containers: [{ name: '', image: '' }] },
} as Parameters<typeof nodeOf>[0]
