/** One thing to say about one object. */
export interface Note {
  readonly uid: string
  /** Who says it: the event's source component. */
  readonly component: string
  readonly reason: string
  readonly message: string
}

export interface Seen {
  readonly count: number
  readonly sinceMs: number
  readonly message: string
  /** Of the Event object that says it. */
  readonly eventName: string
}

/** What to write: a new Event, or the new count and message of one that is there. Null: nothing. */
export type Verdict =
  | Readonly<{ kind: 'new'; eventName: string }>
  | Readonly<{ kind: 'count'; eventName: string; count: number }>

/** Events are kept for an hour by default, so one that is counted on for ten minutes is still there. */
export const WINDOW_MS = 600_000
/** Everything has a limit: what was heard of longest ago goes first. */
export const SEEN_MAX = 10_000

/** Same object, source, reason, window: counted, and written again only when the message changed. */
export function note(seen: Map<string, Seen>, said: Note, nowMs: number, newName: () => string): Verdict | null {
  const key = `${said.uid}/${said.component}/${said.reason}`
  const last = seen.get(key)
  seen.delete(key) // so that the map's order is the order in which things were heard
  if (last === undefined || nowMs - last.sinceMs >= WINDOW_MS) {
    const eventName = newName()
    remember(seen, key, { count: 1, sinceMs: nowMs, message: said.message, eventName })
    return { kind: 'new', eventName }
  }
  const { eventName } = last
  const count = last.count + 1
  remember(seen, key, { ...last, count, message: said.message })
  return last.message === said.message ? null : { kind: 'count', eventName, count }
}

function remember(seen: Map<string, Seen>, key: string, value: Seen): void {
  for (const oldest of seen.keys()) {
    if (seen.size < SEEN_MAX) break
    seen.delete(oldest)
  }
  seen.set(key, value)
}
