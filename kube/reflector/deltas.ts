import type { Listing } from './listing.ts'
import type { Delta } from './types.ts'
import { isOlder, isOldNews } from './versions.ts'

/** One object as it is kept: who it is, as of when, and what its reader needs of it. */
export interface Entry<T> {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly resourceVersion: string
  readonly object: T
}

/** What a change does to the cache. `touched`: only the version moved, so nobody is told. */
export type Change<T> =
  | Readonly<{ kind: 'added'; entry: Entry<T> }>
  | Readonly<{ kind: 'updated' | 'touched' | 'deleted'; entry: Entry<T>; before: Entry<T> }>

/** What is known when a change arrives. */
export interface Known<T> {
  entryOfUid(uid: string): Entry<T> | undefined
  entryOfName(namespace: string, name: string): Entry<T> | undefined
  entries(): Iterable<Entry<T>>
}

/**
 * What one event of a watch changes. `isGone`: the event was DELETED. `since`: how far the watch had come, null if
 * that is not known. Late and repeated events change nothing.
 */
export function changesOfEvent<T>(
  known: Known<T>,
  entry: Entry<T>,
  isGone: boolean,
  since: string | null,
): readonly Change<T>[] {
  const before = known.entryOfUid(entry.uid)
  if (isGone) {
    const isKnown = before !== undefined && !isOlder(entry.resourceVersion, before.resourceVersion)
    return isKnown ? [{ kind: 'deleted', entry, before }] : []
  }
  if (since !== null && isOldNews(entry.resourceVersion, since)) return []
  return before === undefined ? [...evicted(known, entry), { kind: 'added', entry }] : changed(before, entry, false)
}

/**
 * What a whole list changes: first the objects that are no more, by name, then the rest in the list's order. Found one by
 * one as they are asked for, so that a reader of 50,000 can rest in between; nothing else may change `known` meanwhile.
 * `mayGoBack`: the server was restored, so its older objects replace our newer ones.
 */
export function* changesOfList<T>(
  known: Known<T>,
  listing: Listing<T>,
  mayGoBack: boolean,
): Generator<Change<T>, void> {
  const missing = [...known.entries()].filter((entry) => !listing.has(entry.uid)).sort(byName)
  for (const entry of missing) yield { kind: 'deleted', entry, before: entry }
  for (const entry of listing.entries()) {
    const before = known.entryOfUid(entry.uid)
    if (before === undefined) yield { kind: 'added', entry }
    else yield* changed(before, entry, mayGoBack)
  }
}

/** Null: nobody is told. */
export function deltaOf<T>(change: Change<T>): Delta<T> | null {
  switch (change.kind) {
    case 'added':
      return { kind: 'added', object: change.entry.object, before: null }
    case 'touched':
      return null
    default:
      return { kind: change.kind, object: change.entry.object, before: change.before.object }
  }
}

/** Another object of this name was there: it must have been deleted, or this one could not have been made. */
function evicted<T>(known: Known<T>, { namespace, name }: Entry<T>): Change<T>[] {
  const before = known.entryOfName(namespace, name)
  return before === undefined ? [] : [{ kind: 'deleted', entry: before, before }]
}

function changed<T>(before: Entry<T>, entry: Entry<T>, mayGoBack: boolean): readonly Change<T>[] {
  if (before.resourceVersion === entry.resourceVersion) return []
  if (!mayGoBack && isOldNews(entry.resourceVersion, before.resourceVersion)) return []
  if (!isSame(before.object, entry.object)) return [{ kind: 'updated', entry, before }]
  return [{ kind: 'touched', entry: { ...entry, object: before.object }, before }]
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byName = (a: Entry<unknown>, b: Entry<unknown>): number =>
  order(a.namespace, b.namespace) || order(a.name, b.name)

/** Equality of JSON values: order of keys does not count, and an absent field equals an undefined one. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && isSameList(a, b)
  return isSameObject(a, b)
}

const isSameList = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((value, i) => isSame(value, b[i]))

/** Most objects are compared with what they were a moment ago: mostly the same keys in the same order, the same values. */
function isSameObject(a: object, b: object): boolean {
  const keys = Object.keys(a) as (keyof typeof a)[]
  const others = Object.keys(b) as (keyof typeof b)[]
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    const value = a[key]
    const other = others[i] === key || Object.hasOwn(b, key) ? b[key] : undefined
    if (value !== other && !isSame(value, other)) return false
  }
  for (let i = 0; i < others.length; i++) {
    const key = others[i]!
    if (keys[i] !== key && b[key] !== undefined && !Object.hasOwn(a, key)) return false
  }
  return true
}
