import type { KindDefinition, ObjectSchema, Schema } from '../schema.ts'

/** Prints docs/api.md: what every kind holds, what is assumed, and what is refused. */

const INTRODUCTION = `# The API

Printed from \`api/kinds\` by \`npm run generate\`. A field marked * is required. Types in *italics* are those of the core
Kubernetes API. Below a table stand the rules that the API server enforces, in the words of its refusal; \`deploy/crds\`
holds the same in the form that a cluster takes.
`

function typeName(schema: Schema): string {
  switch (schema.kind) {
    case 'text':
      return schema.format === 'date-time' ? 'time' : 'text'
    case 'integer':
      return `int${schema.bits}`
    case 'number-or-text':
      return 'number or text'
    case 'opaque':
      return 'object'
    case 'map':
      return `map of ${typeName(schema.values)}`
    case 'list':
      return `list of ${typeName(schema.items)}`
    case 'object':
      if (schema.name !== null) return `[${schema.name}](#${schema.name.toLowerCase()})`
      return schema.typed === undefined ? 'object' : `*${schema.typed.replace(/^Partial<(.*)>$/, '$1')}*`
    default:
      return schema.kind
  }
}

const range = (least: number | undefined, most: number | undefined, what: string): string[] => {
  if (least !== undefined && most !== undefined) return [`${least} to ${most}${what}`]
  if (least !== undefined) return [`at least ${least}${what}`]
  return most === undefined ? [] : [`at most ${most}${what}`]
}

/** What a value must be like, as far as the schema itself says it. */
function limitsOf(schema: Schema): string[] {
  switch (schema.kind) {
    case 'text':
      return [
        ...(schema.oneOf === undefined ? [] : [schema.oneOf.map((value) => `\`${value}\``).join(', ')]),
        ...range(schema.minLength, schema.maxLength, ' characters'),
        ...(schema.pattern === undefined ? [] : [`matches \`${schema.pattern.replaceAll('|', '\\|')}\``]),
      ]
    case 'integer':
    case 'number':
      return range(schema.minimum, schema.maximum, '')
    case 'list':
      return [
        ...range(schema.minItems, schema.maxItems, ' items'),
        ...(schema.keys === undefined ? [] : [`no two with the same ${schema.keys.join(' and ')}`]),
        ...(schema.isSet ? ['no two alike'] : []),
      ]
    case 'map':
      return range(schema.minProperties, schema.maxProperties, ' entries')
    default:
      return []
  }
}

interface Row {
  readonly path: string
  readonly schema: Schema
  readonly isRequired: boolean
}

/** The fields of an object; those of nameless objects in it stand below with their path. */
function rowsOf(schema: ObjectSchema, prefix: string): Row[] {
  const required = new Set(schema.required)
  return Object.entries(schema.fields).flatMap(([name, field]) => {
    const row = { path: `${prefix}${name}`, schema: field, isRequired: required.has(name) }
    const inner = field.kind === 'list' ? field.items : field
    const isFlat =
      inner.kind === 'object' && inner.name === null && inner.typed === undefined && field.typed === undefined
    return isFlat ? [row, ...rowsOf(inner, `${row.path}${field.kind === 'list' ? '[]' : ''}.`)] : [row]
  })
}

function printRow({ path, schema, isRequired }: Row): string {
  const limits = limitsOf(schema)
  const said = limits.length === 0 ? '' : ` (${limits.join('; ')})`
  const assumed = schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``
  const doc = schema.doc.replaceAll('|', '\\|')
  return `| \`${path}\`${isRequired ? ' *' : ''} | ${typeName(schema)} | ${assumed} | ${doc}${said} |`
}

/** A refusal's words, and the fields that it is said of where the words do not tell. */
function rulesOf(schema: Schema): string[] {
  const fields = new Map<string, string[]>()
  for (const { message, fieldPath } of schema.rules ?? []) {
    const said = fields.get(message) ?? []
    fields.set(message, fieldPath === undefined ? said : [...said, `\`${fieldPath.slice(1)}\``])
  }
  return [...fields].map(([message, paths]) => `\`${message}\`${paths.length === 0 ? '' : ` (${paths.join(', ')})`}`)
}

function printObject(name: string, schema: ObjectSchema, isShared: boolean): string {
  const rows = rowsOf(schema, '')
  const table = ['| field | type | assumed | meaning |', '|---|---|---|---|', ...rows.map(printRow)]
  const rules = [...new Set([...rulesOf(schema), ...rows.flatMap((row) => ownRules(row))])]
  const said = rules.length === 0 ? '' : `\nRefused with:\n\n${rules.map((rule) => `* ${rule}`).join('\n')}\n`
  const open = schema.isOpen ? '\nOther fields are kept as they are.\n' : ''
  const doc = isShared ? '' : `${schema.doc}\n\n`
  return `### ${name}\n\n${doc}${table.join('\n')}\n${open}${said}`
}

/** Rules of a field that gets no table of its own. */
function ownRules({ path, schema }: Row): string[] {
  if (schema.kind === 'object' && schema.name !== null) return []
  return rulesOf(schema).map((rule) => `\`${path}\`: ${rule}`)
}

interface Named {
  readonly schema: ObjectSchema
  /** The meanings that fields of this type give it. */
  readonly docs: Set<string>
}

/** Named objects below a schema, itself included, in the order of first use. */
function collect(schema: Schema, found: Map<string, Named>): void {
  if (schema.kind === 'list') return collect(schema.items, found)
  if (schema.kind === 'map') return collect(schema.values, found)
  if (schema.kind !== 'object' || (schema.typed !== undefined && schema.name === null)) return
  if (schema.typed === 'Condition') return
  if (schema.name !== null) {
    const named = found.get(schema.name) ?? { schema, docs: new Set() }
    found.set(schema.name, named)
    named.docs.add(schema.doc)
  }
  for (const field of Object.values(schema.fields)) collect(field, found)
}

function printKind(kind: KindDefinition): string {
  const where = kind.isNamespaced ? 'namespaced' : 'cluster-wide'
  const scale = kind.scale === null ? '' : ', with `scale`'
  const columns = kind.columns.map((column) => column.name + (column.isWide ? ' (wide)' : '')).join(', ')
  const rules = kind.rules.map((rule) => `* \`${rule.message}\``)
  return (
    `## ${kind.kind}\n\n${kind.doc}\n\n` +
    `\`${kind.group}/${kind.version}\`, \`kubectl get ${kind.plural}\` or \`${kind.shortNames.join('`, `')}\`, ${where}${scale}. ` +
    `Columns: ${columns}. Its spec is a [${kind.spec.name}](#${String(kind.spec.name).toLowerCase()}), its status a ` +
    `[${kind.status.name}](#${String(kind.status.name).toLowerCase()}).\n` +
    (rules.length === 0 ? '' : `\nRefused with:\n\n${rules.join('\n')}\n`)
  )
}

export function printDocs(kinds: readonly KindDefinition[]): string {
  const all = new Map<string, Named>()
  const printed = new Set<string>()
  const sections = kinds.map((kind) => {
    const own = new Map<string, Named>()
    for (const schema of [kind.spec, kind.status]) for (const found of [own, all]) collect(schema, found)
    return { kind, names: [...own.keys()] }
  })
  const parts = sections.flatMap(({ kind, names }) => {
    const fresh = names.filter((name) => !printed.has(name))
    for (const name of fresh) printed.add(name)
    return [printKind(kind), ...fresh.map((name) => printNamed(name, all.get(name)))]
  })
  return [INTRODUCTION, ...parts].join('\n')
}

const printNamed = (name: string, named: Named | undefined): string =>
  named === undefined ? '' : printObject(name, named.schema, named.docs.size > 1)
