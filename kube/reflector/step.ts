import { isOlder, newest } from './versions.ts'

/** What is kept through every state. */
export interface Memory {
  /** Failures in a row; only news from a watch ends the row, a list makes a long one shorter. */
  readonly failures: number
  /** Lists in a row that were older than `floor`. */
  readonly olds: number
  /** The newest version that we know of; null before the first list. */
  readonly floor: string | null
  /** Whether the server has streaming lists: `no` for good, `later` until the next list has come in pages. */
  readonly streams: 'yes' | 'later' | 'no'
  /** Objects a page; 0 asks for all at once. */
  readonly pageLimit: number
}

export type State =
  | Readonly<{ kind: 'stopped' }>
  | (Memory & Readonly<{ kind: 'streaming' }>)
  /** `page` '' is the first; `version` is the first page's, null before it came. */
  | (Memory & Readonly<{ kind: 'listing'; page: string; version: string | null }>)
  | (Memory & Readonly<{ kind: 'watching'; from: string }>)
  /** `from` null: list anew. */
  | (Memory & Readonly<{ kind: 'resting'; from: string | null; atLeastMs: number }>)

export type Input =
  /** A page of a list; `next` '' on the last one. */
  | Readonly<{ kind: 'page'; version: string; next: string }>
  /** A streaming list is complete; its stream goes on as a watch. */
  | Readonly<{ kind: 'listed'; version: string }>
  /** A change or a bookmark came over a watch. */
  | Readonly<{ kind: 'heard'; version: string }>
  /** The server ended a watch in good order. */
  | Readonly<{ kind: 'closed' }>
  /** A streaming list ended or fell silent before it was complete. */
  | Readonly<{ kind: 'incomplete' }>
  /** The server knows no streaming lists. */
  | Readonly<{ kind: 'unsupported' }>
  /** The version that was asked for is too old for the server (410), or newer than all it has. */
  | Readonly<{ kind: 'gone' }>
  | Readonly<{ kind: 'broken'; retryAfterMs: number | null }>
  | Readonly<{ kind: 'rested' }>
  | Readonly<{ kind: 'stop' }>

export const PAGE_LIMIT = 500
/**
 * After this many older lists in a row, which takes one to two minutes, the server does not lag but was restored from
 * a backup: then it is right and we are not.
 */
export const OLD_LISTS_MAX = 10
/** Watches that could not be opened or broke without news; then the version itself may be what is wrong. */
const WATCH_FAILURES_MAX = 8
/** So many of a row are kept when a list has come: the server answers, and the version is a new one. */
const FAILURES_KEPT = 4

export const FIRST: State = {
  kind: 'streaming',
  failures: 0,
  olds: 0,
  floor: null,
  streams: 'yes',
  pageLimit: PAGE_LIMIT,
}

type Live = Exclude<State, { kind: 'stopped' }>

/** Pure. The shell looks at the state and does what it says: reads a stream, asks a page, rests. */
export function step(state: State, input: Input): State {
  if (state.kind === 'stopped' || input.kind === 'stop') return { kind: 'stopped' }
  switch (input.kind) {
    case 'page':
      return pageCame(state, input)
    case 'listed':
      return listed(state, input.version)
    case 'heard':
      return heard(state, input.version)
    case 'closed':
      return state.kind === 'watching' ? state : broken(state, 0)
    case 'incomplete':
      return resting({ ...memory(state), streams: 'later' }, null, 0)
    case 'unsupported':
      return list({ ...memory(state), streams: 'no' })
    case 'gone':
      return gone(state)
    case 'broken':
      return broken(state, input.retryAfterMs ?? 0)
    case 'rested':
      return state.kind === 'resting' && state.from !== null ? watch(state, state.from) : list(state)
  }
}

const memory = ({ failures, olds, floor, streams, pageLimit }: Memory): Memory => ({
  failures,
  olds,
  floor,
  streams,
  pageLimit,
})

const watch = (state: Memory, from: string): State => ({ ...memory(state), kind: 'watching', from })

const list = (state: Memory): State =>
  state.streams === 'yes'
    ? { ...memory(state), kind: 'streaming' }
    : { ...memory(state), kind: 'listing', page: '', version: null }

function pageCame(state: Live, { version, next }: { version: string; next: string }): State {
  const first = (state.kind === 'listing' ? state.version : null) ?? version
  if (next === '') return listed(state, first)
  return { ...memory(state), kind: 'listing', page: next, version: first }
}

/** A list older than what we know is not believed, unless the server insists. */
function listed(state: Live, version: string): State {
  if (isOlder(version, state.floor) && state.olds < OLD_LISTS_MAX) {
    return resting({ ...memory(state), olds: state.olds + 1 }, null, 0)
  }
  const streams = state.streams === 'no' ? 'no' : 'yes'
  const failures = Math.min(state.failures, FAILURES_KEPT)
  return watch({ ...memory(state), failures, streams, olds: 0, floor: version, pageLimit: PAGE_LIMIT }, version)
}

function heard(state: Live, version: string): State {
  const from = newest(state.kind === 'watching' ? state.from : state.floor, version)
  return watch({ ...memory(state), failures: 0, floor: newest(state.floor, from) }, from)
}

/** A list that expires between its pages is asked for in one piece. */
function gone(state: Live): State {
  const isHalfListed = state.kind === 'listing' && state.page !== ''
  return resting({ ...memory(state), pageLimit: isHalfListed ? 0 : state.pageLimit }, null, 0)
}

function broken(state: Live, atLeastMs: number): State {
  const from = 'from' in state && state.failures < WATCH_FAILURES_MAX ? state.from : null
  return resting(memory(state), from, atLeastMs)
}

const resting = (state: Memory, from: string | null, atLeastMs: number): State => ({
  ...state,
  kind: 'resting',
  from,
  atLeastMs,
  failures: state.failures + 1,
})

const REST_FIRST_MS = 400
const REST_MAX_MS = 30_000

/** Doubles with the failures up to 30 s; `random` in [0, 1) picks between half and whole of it. */
export function restMs(failures: number, atLeastMs: number, random: number): number {
  const whole = Math.min(REST_MAX_MS, REST_FIRST_MS * 2 ** Math.min(Math.max(failures - 1, 0), 16))
  return Math.max(atLeastMs, whole * (0.5 + random / 2))
}
