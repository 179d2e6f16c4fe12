import type { KubeObject } from '../../../api/kinds/kubernetes.ts'
import { isRecord, stringAt } from '../json.ts'
import { ageOf, type Cell, type TableColumn, type TableColumns } from '../table.ts'
import { jsonPath } from './json-path.ts'

const NAME: TableColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a ' +
    'client to request the generation of an appropriate name automatically.',
  priority: 0,
}

function cellOf(type: string, found: readonly unknown[], nowMs: number): Cell {
  const value = found[0]
  if (value === undefined || value === null) return type === 'date' ? '<unknown>' : null
  if (type === 'date') return typeof value === 'string' ? ageOf(value, nowMs) : '<invalid>'
  if (type === 'integer') return typeof value === 'number' ? Math.trunc(value) : null
  if (type === 'number') return typeof value === 'number' ? value : null
  if (type === 'boolean') return typeof value === 'boolean' ? value : null
  const texts = found.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
  return texts.join(' ')
}

const asType = (type: string): TableColumn['type'] =>
  type === 'integer' || type === 'number' || type === 'boolean' || type === 'date' ? type : 'string'

/** The columns of a custom kind: name first, then its own, or its age when it has none. */
export function printerColumns(list: readonly unknown[]): TableColumns {
  const own = list.filter(isRecord)
  const described = own.length > 0 ? own : [{ name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }]
  const reads = described.map((one) => ({ type: stringAt(one, 'type'), find: jsonPath(stringAt(one, 'jsonPath')) }))
  const columns = described.map((one): TableColumn => {
    const priority = (one as Record<string, unknown>)['priority']
    return {
      name: stringAt(one, 'name'),
      type: asType(stringAt(one, 'type')),
      format: stringAt(one, 'format'),
      description:
        stringAt(one, 'description') ||
        `Custom resource definition column (in JSONPath format): ${stringAt(one, 'jsonPath')}`,
      priority: typeof priority === 'number' ? priority : 0,
    }
  })
  return {
    columns: [NAME, ...columns],
    row: (object: KubeObject, nowMs: number) => [
      object.metadata.name,
      ...reads.map(({ type, find }) => cellOf(type, find(object), nowMs)),
    ],
  }
}
