import type { KubeObject } from '../../../api/kinds/kubernetes.ts'
import { ageOf, type Cell, type TableColumn, type TableColumns } from '../table.ts'

/** One column of one kind: its head, and what stands under it. */
export interface ColumnOf<T extends KubeObject> {
  readonly name: string
  readonly type: TableColumn['type']
  /** Shown only by `-o wide`. */
  readonly isWide: boolean
  readonly cell: (object: T, nowMs: number) => Cell
}

export const NONE = '<none>'

export const column = <T extends KubeObject = KubeObject>(
  name: string,
  cell: (object: T, nowMs: number) => Cell,
  type: TableColumn['type'] = 'string',
): ColumnOf<T> => ({ name, type, isWide: false, cell })

export const wide = <T extends KubeObject = KubeObject>(
  name: string,
  cell: (object: T, nowMs: number) => Cell,
): ColumnOf<T> => ({ name, type: 'string', isWide: true, cell })

export const NAME: ColumnOf<KubeObject> = column('Name', (object) => object.metadata.name)
export const AGE: ColumnOf<KubeObject> = column('Age', (object, nowMs) =>
  ageOf(object.metadata.creationTimestamp, nowMs),
)
export const CREATED_AT: ColumnOf<KubeObject> = column(
  'Created At',
  (object) => object.metadata.creationTimestamp,
  'date',
)

/** The columns of a kind, as the server's tables want them. The first is the name. */
export function tableColumns<T extends KubeObject>(
  columns: readonly (ColumnOf<T> | ColumnOf<KubeObject>)[],
): TableColumns {
  const typed = columns as readonly ColumnOf<T>[]
  return {
    columns: typed.map(({ name, type, isWide }, index) => ({
      name,
      type,
      format: index === 0 ? 'name' : '',
      description: '',
      priority: isWide ? 1 : 0,
    })),
    row: (object, nowMs) => typed.map(({ cell }) => cell(object as T, nowMs)),
  }
}

/** Anything of an object that no type names: `undefined` wherever the path ends early. */
export function at(object: unknown, ...path: readonly (string | number)[]): unknown {
  let value = object
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Readonly<Record<string | number, unknown>>)[part]
  }
  return value
}

export const textAt = (object: unknown, ...path: readonly (string | number)[]): string => {
  const value = at(object, ...path)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

export const numberAt = (object: unknown, ...path: readonly (string | number)[]): number =>
  Number(at(object, ...path) ?? 0)

export const listAt = (object: unknown, ...path: readonly (string | number)[]): readonly unknown[] => {
  const value = at(object, ...path)
  return Array.isArray(value) ? value : []
}

export const mapAt = (object: unknown, ...path: readonly (string | number)[]): Readonly<Record<string, unknown>> => {
  const value = at(object, ...path)
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

export const orNone = (text: string): string => (text === '' ? NONE : text)

/** `a=b,c=d` in byte order of the keys; `<none>` for no label at all. */
export const labelsText = (labels: Readonly<Record<string, unknown>>): string =>
  orNone(
    Object.entries(labels)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(','),
  )
