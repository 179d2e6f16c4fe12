import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { ApiError, badRequest, expired, type FieldFault, invalid, notFound } from './api-error.ts'
import { formOf, type Form } from './accept.ts'
import type { Core } from './core.ts'
import { answer, heldAnswer, type PlainAnswer } from './exchange.ts'
import { keyOf, jsonOf, type Collection, type Entry } from './store.ts'
import { readToken, writeToken, type PageToken } from './page-token.ts'
import { fieldPredicate, labelPredicate, selects, type Selection } from './selection.ts'
import { apiVersionOf } from './served-type.ts'
import { tableOf } from './table.ts'
import type { Target } from './target.ts'

export function selectionOf({ type, namespace, name, query }: Target): Selection {
  const field = fieldPredicate(type, query.get('fieldSelector') ?? '')
  const one = name === '' ? null : fieldPredicate(type, `metadata.name=${name}`)
  return {
    namespace,
    label: labelPredicate(query.get('labelSelector') ?? ''),
    field: one === null ? field : field === null ? one : (object) => one(object) && field(object),
  }
}

/** Snapshots that page tokens point at are kept a while, so that a page costs its own length and not the list's. */
const SNAPSHOTS_KEPT = 16
const snapshots = new WeakMap<Collection, Map<number, readonly Entry[]>>()

function snapshotAt(collection: Collection, version: number): readonly Entry[] | null {
  const kept = snapshots.get(collection) ?? new Map<number, readonly Entry[]>()
  snapshots.set(collection, kept)
  if (version < collection.floor) {
    kept.clear()
    return null
  }
  const found = kept.get(version) ?? collection.at(version)
  if (found === null) return null
  kept.delete(version)
  kept.set(version, found)
  if (kept.size > SNAPSHOTS_KEPT) kept.delete(kept.keys().next().value!)
  return found
}

export function tooLarge(version: number, current: number): ApiError {
  const error = new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${version}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
  return error
}

/** A resourceVersion of a query; null when none was given. */
/** The same for what reads one object or watches: there the real server takes a text for a fault of its own. */
export function askedVersion(query: URLSearchParams): number | null {
  const text = query.get('resourceVersion') ?? ''
  if (/^\d*$/.test(text)) return versionOf(query)
  const detail = `Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`
  throw new ApiError(500, '', `resourceVersion: ${detail}`)
}

export function versionOf(query: URLSearchParams, context = ''): number | null {
  const text = query.get('resourceVersion') ?? ''
  if (text === '') return null
  if (!/^\d+$/.test(text))
    throw badRequest(`${context}Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`)
  return Number(text)
}

interface Source {
  readonly version: number
  readonly entries: readonly Entry[]
  readonly after: string
}

const listFaults = (faults: readonly FieldFault[]): ApiError =>
  invalid({ group: 'meta.k8s.io', plural: '', kind: 'ListOptions' }, '', faults)

/** What is wrong with resourceVersionMatch, whatever else is asked. */
function matchFaults(match: string, version: string, token: string): FieldFault[] {
  const field = 'resourceVersionMatch'
  const forbidden = (detail: string): FieldFault => ({ type: 'Forbidden', field, detail: `${field} ${detail}` })
  if (match === '') return []
  const isKnown = match === 'Exact' || match === 'NotOlderThan'
  const detail = 'supported values: "Exact", "NotOlderThan", ""'
  return [
    ...(version === '' ? [forbidden('is forbidden unless resourceVersion is provided')] : []),
    ...(token === '' ? [] : [forbidden('is forbidden when continue is provided')]),
    ...(isKnown ? [] : [{ type: 'NotSupported' as const, field, value: match, detail }]),
    ...(match === 'Exact' && version === '0' ? [forbidden('"exact" is forbidden for resourceVersion "0"')] : []),
  ]
}

function fromToken(core: Core, collection: Collection, token: PageToken): Source {
  const { version, after } = token
  if (version === 0) return { version: core.store.version, entries: collection.sorted(), after }
  const entries = snapshotAt(collection, version)
  if (entries !== null) return { version, entries, after }
  const refusal = expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
      'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
      'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
      'deleted between the time the first chunk was returned and now may show up in the list.',
  )
  Object.assign(refusal.status, { metadata: { continue: writeToken({ version: 0, after }) } })
  throw refusal
}

/** Which revision the list shows, by resourceVersion, resourceVersionMatch and continue. */
function sourceOf(core: Core, target: Target): Source {
  const { query, type } = target
  const collection = core.store.collection(type.collection)
  const match = query.get('resourceVersionMatch') ?? ''
  const token = query.get('continue') ?? ''
  const initial = query.get('sendInitialEvents') ?? ''
  if (initial !== '') {
    const detail = 'sendInitialEvents is forbidden for list'
    throw listFaults([{ type: 'Forbidden', field: 'sendInitialEvents', detail }])
  }
  const faults = matchFaults(match, query.get('resourceVersion') ?? '', token)
  if (faults.length > 0) throw listFaults(faults)
  const version = versionOf(query, 'invalid resource version: resourceVersion: ')
  if (token !== '') {
    const from = readToken(token)
    if (version !== null && version !== 0) {
      throw badRequest('specifying resource version is not allowed when using continue')
    }
    return fromToken(core, collection, from)
  }
  const current = core.store.version
  if (version !== null && version > current) throw tooLarge(version, current)
  const isExact = match === 'Exact' || (match === '' && version !== null && version > 0 && query.has('limit'))
  if (!isExact || version === null) return { version: current, entries: collection.sorted(), after: '' }
  const entries = snapshotAt(collection, version)
  if (entries === null) throw expired('The resourceVersion for the provided list is too old.')
  return { version, entries, after: '' }
}

/** Index of the first entry behind `after`. */
function startOf(entries: readonly Entry[], after: string): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (entries[middle]!.key <= after) low = middle + 1
    else high = middle
  }
  return low
}

interface Page {
  readonly entries: readonly Entry[]
  readonly next: string
  readonly remaining: number | null
}

function pageOf({ entries, version, after }: Source, selection: Selection, limit: number): Page {
  const { namespace } = selection
  const isSelective = selection.label !== null || selection.field !== null
  let i = startOf(entries, after !== '' ? after : namespace === '' ? '' : `${namespace}/`)
  const found: Entry[] = []
  for (; i < entries.length; i++) {
    const entry = entries[i]!
    if (namespace !== '' && entry.object.metadata.namespace !== namespace) break
    if (!selects(selection, entry.object)) continue
    if (limit > 0 && found.length === limit) {
      const end = namespace === '' ? entries.length : startOf(entries, `${namespace}/\uffff`)
      const next = writeToken({ version, after: found.at(-1)!.key })
      return { entries: found, next, remaining: isSelective ? null : end - i }
    }
    found.push(entry)
  }
  return { entries: found, next: '', remaining: null }
}

const limitOf = (query: URLSearchParams): number => {
  const text = query.get('limit') ?? ''
  if (text === '') return 0
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`)
  return Math.max(0, Number(text))
}

/** A list or one page of it. Its body is put together from the texts of the objects. */
export function list(core: Core, target: Target): PlainAnswer {
  const { type } = target
  const selection = selectionOf(target)
  const source = sourceOf(core, target)
  const page = pageOf(source, selection, limitOf(target.query))
  const metadata = {
    resourceVersion: String(source.version),
    ...(page.next === '' ? {} : { continue: page.next }),
    ...(page.remaining === null ? {} : { remainingItemCount: page.remaining }),
  }
  const form = formOf(target)
  if (form.kind === 'table') {
    const { include, table } = form
    return answer(200, tableOf(page.entries, table, { include, nowMs: core.clock.nowMs(), metadata, hasColumns: true }))
  }
  const head =
    form.kind === 'metadata'
      ? { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata }
      : { kind: type.listKind, apiVersion: apiVersionOf(type), metadata }
  const items = (): string => page.entries.map((entry) => entryText(core, target, form, entry)).join(',')
  return heldAnswer(200, () => `${JSON.stringify(head).slice(0, -1)},"items":[${items()}]}`)
}

/** One object as asked for, as text. */
export function entryText(core: Core, { type }: Target, form: Form, entry: Entry): string {
  const { object } = entry
  if (form.kind === 'metadata') {
    const { metadata } = object
    return JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata })
  }
  if (form.kind === 'table') {
    const metadata = { resourceVersion: object.metadata.resourceVersion }
    const { include, table } = form
    return JSON.stringify(tableOf([entry], table, { include, nowMs: core.clock.nowMs(), metadata, hasColumns: true }))
  }
  const asked = inVersion({ type }, entry)
  return asked === object ? jsonOf(entry) : JSON.stringify(asked)
}

/** The stored object under the version that was asked for. */
export function inVersion({ type }: Pick<Target, 'type'>, { object }: Entry): KubeObject {
  const apiVersion = apiVersionOf(type)
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion }
}

/** One object as asked for, as an answer. */
export function entryAnswer(
  core: Core,
  target: Target,
  status: number,
  entry: Entry,
  headers: Readonly<Record<string, string>> = {},
): PlainAnswer {
  const form = formOf(target)
  if (form.kind === 'table') return answer(status, entryText(core, target, form, entry), headers)
  const held = form.kind === 'object' ? (): unknown => inVersion(target, entry) : null
  return heldAnswer(status, () => entryText(core, target, form, entry), headers, held)
}

/** The stored object, or 404. */
export function entryOf(core: Core, { type, namespace, name }: Pick<Target, 'type' | 'namespace' | 'name'>): Entry {
  const entry = core.store.collection(type.collection).get(keyOf(namespace, name))
  if (entry === undefined) throw notFound(type, name)
  return entry
}

export function get(core: Core, target: Target): PlainAnswer {
  const version = askedVersion(target.query)
  if (version !== null && version > core.store.version) throw tooLarge(version, core.store.version)
  return entryAnswer(core, target, 200, entryOf(core, target))
}
