import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { Entry } from './store.ts'

/** A column of the Table form; priority 0 is always shown, 1 only by `-o wide`. */
export interface TableColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format: string
  readonly description: string
  readonly priority: number
}

export type Cell = string | number | boolean | null

/** How a kind looks in a table: `row` gives one cell a column, in their order. Pure; ages come from `nowMs`. */
export interface TableColumns {
  readonly columns: readonly TableColumn[]
  row(object: KubeObject, nowMs: number): readonly Cell[]
}

export type IncludeObject = 'None' | 'Metadata' | 'Object'

const NAME_COLUMN: TableColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
  priority: 0,
}
const AGE_COLUMN: TableColumn = {
  name: 'Age',
  type: 'date',
  format: '',
  description: 'CreationTimestamp is the server time when this object was created.',
  priority: 0,
}

/** Kinds without columns of their own show these, with the creation's time as it is. */
export const PLAIN_COLUMNS: TableColumns = {
  columns: [NAME_COLUMN, { ...AGE_COLUMN, name: 'Created At' }],
  row: (object) => [object.metadata.name, object.metadata.creationTimestamp],
}

/** Kubernetes' short duration: `5s`, `3m20s`, `4h`, `12d`, `2y30d`. */
export function shortAge(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  const part = (whole: number, unit: string, rest: number, restUnit: string): string =>
    rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${restUnit}`
  if (minutes < 10) return part(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return part(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (hours < 192) return part(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  return part(Math.floor(days / 365), 'y', days % 365, 'd')
}

/** `<unknown>` for a time that is not there. */
export const ageOf = (timestamp: string | undefined, nowMs: number): string =>
  timestamp === undefined || timestamp === '' ? '<unknown>' : shortAge(nowMs - Date.parse(timestamp))

function rowOf(entry: Entry, table: TableColumns, include: IncludeObject, nowMs: number): unknown {
  const { object } = entry
  const metadata = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
  const carried = include === 'Object' ? { object } : include === 'Metadata' ? { object: metadata } : {}
  return { cells: table.row(object, nowMs), ...carried }
}

/** The Table of some objects. Watches send one a change, the columns only in the first. */
export function tableOf(
  entries: readonly Entry[],
  table: TableColumns,
  o: { include: IncludeObject; nowMs: number; metadata: unknown; hasColumns: boolean },
): unknown {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: o.metadata,
    columnDefinitions: o.hasColumns ? table.columns : [],
    rows: entries.map((entry) => rowOf(entry, table, o.include, o.nowMs)),
  }
}
