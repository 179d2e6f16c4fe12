import type { KindDefinition, ObjectSchema, Schema } from '../schema.ts'

/** Prints api/generated/kinds.ts: an interface for every kind and for every named object in one. */

const HEADER = `// Printed from api/kinds by \`npm run generate\`; edit there.
`
/** Names of api/kinds/kubernetes.ts that definitions may use. */
const BORROWED = ['Affinity', 'Condition', 'Container', 'EnvVar', 'KubeObject', 'PodSpec', 'Probe', 'ResourceList']

const comment = (doc: string, indent: string): string => `${indent}/** ${doc.replaceAll('*/', '* /')} */\n`

const isPlain = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name)

/** The type of a field; named objects that it meets are added to `found`. */
function typeOf(schema: Schema, found: Interfaces, indent: string): string {
  if (schema.typed !== undefined && !(schema.kind === 'object' && schema.name !== null)) return schema.typed
  switch (schema.kind) {
    case 'text':
      return schema.oneOf === undefined ? 'string' : schema.oneOf.map((value) => `'${value}'`).join(' | ')
    case 'integer':
    case 'number':
      return 'number'
    case 'flag':
      return 'boolean'
    case 'quantity':
    case 'number-or-text':
      return 'string | number'
    case 'opaque':
      return 'Record<string, unknown>'
    case 'map':
      return `Record<string, ${typeOf(schema.values, found, indent)}>`
    case 'list': {
      const item = typeOf(schema.items, found, indent)
      return isPlain(item) ? `${item}[]` : `Array<${item}>`
    }
    case 'object':
      return schema.name === null ? bodyOf(schema, found, indent) : found.add(schema.name, schema)
  }
}

function bodyOf(schema: ObjectSchema, found: Interfaces, indent: string): string {
  const inner = `${indent}  `
  const required = new Set(schema.required)
  const fields = Object.entries(schema.fields).map(
    ([name, field]) =>
      `${comment(field.doc, inner)}${inner}${isPlain(name) ? name : `'${name}'`}${required.has(name) ? '' : '?'}: ` +
      `${typeOf(field, found, inner)}\n`,
  )
  if (schema.isOpen) fields.push(`${inner}[other: string]: unknown\n`)
  return `{\n${fields.join('')}${indent}}`
}

class Interfaces {
  readonly #bodies = new Map<string, string>()
  readonly #docs = new Map<string, Set<string>>()

  /** Two definitions of one name must come to the same type. */
  add(name: string, schema: ObjectSchema): string {
    const docs = this.#docs.get(name) ?? new Set()
    this.#docs.set(name, docs.add(schema.doc))
    if (!this.#bodies.has(name)) this.#bodies.set(name, '') // holds the place, so that order is that of first use
    const body =
      schema.typed === undefined
        ? `export interface ${name} ${bodyOf(schema, this, '')}`
        : `export type ${name} = ${schema.typed}`
    const before = this.#bodies.get(name)
    if (before !== '' && before !== body) throw new Error(`two definitions of ${name} differ`)
    this.#bodies.set(name, body)
    return name
  }

  print(): string[] {
    return [...this.#bodies].map(([name, body]) => {
      const docs = [...(this.#docs.get(name) ?? [])]
      return `${docs.length === 1 && docs[0] !== undefined ? comment(docs[0], '') : ''}${body}\n`
    })
  }
}

function kindInterface(kind: KindDefinition, found: Interfaces): string {
  const spec = typeOf(kind.spec, found, '')
  const status = typeOf(kind.status, found, '')
  return `${comment(kind.doc, '')}export interface ${kind.kind} extends KubeObject {\n  spec: ${spec}\n  status?: ${status}\n}\n`
}

export function printTypes(kinds: readonly KindDefinition[]): string {
  const found = new Interfaces()
  const roots = kinds.map((kind) => kindInterface(kind, found))
  const body = [...roots, ...found.print()].join('\n')
  const borrowed = BORROWED.filter((name) => new RegExp(`[^\\w]${name}[^\\w]`).test(body))
  return `${HEADER}import type { ${borrowed.join(', ')} } from '../kinds/kubernetes.ts'\n\n${body}`
}
