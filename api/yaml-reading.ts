import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { FieldError } from './field-error.ts'
import { anchorWanted, looseAliases } from './yaml-aliases.ts'
import { DEPTH_MAX, tooDeepAt } from './yaml-depth.ts'

/** Reads YAML against what is expected of it, and keeps the line and column of everything that is not so. */

export interface Entry {
  readonly path: FieldError['path']
  readonly node: Node | null
  /** Where the entry's key stands, or the entry itself in a list. */
  readonly key: { readonly offset: number; readonly text: string }
}

export interface ObjectFields {
  readonly required: readonly string[]
  readonly optional: readonly string[]
}

const SYNTAX_ERRORS_MAX = 20
/** Characters of a line that are shown. */
const SHOWN_MAX = 120
/** Aliases that a value may unroll to before it is shown as text. */
const ALIASES_MAX = 100

export class YamlReading {
  readonly #text: string
  readonly #lines = new LineCounter()
  readonly #document: Document
  readonly #errors: FieldError[] = []

  constructor(text: string) {
    this.#text = text
    this.#document = this.#parse(text)
  }

  /** The parser goes down as deep as the text nests, so that is looked at first. */
  #parse(text: string): Document {
    const offset = tooDeepAt(text)
    if (offset === null) return parseDocument(text, { lineCounter: this.#lines, prettyErrors: false })
    const before = text.slice(0, offset).split('\n')
    const at = { line: before.length, column: (before.at(-1) ?? '').length + 1 }
    const want = `YAML that nests at most ${DEPTH_MAX} deep`
    this.#errors.push({ path: [], found: text.slice(offset, offset + SHOWN_MAX), want, at })
    return parseDocument('')
  }

  /** In the order in which they stand in the file. */
  get errors(): readonly FieldError[] {
    const place = ({ at }: FieldError): number => (at === null ? 0 : at.line * 1_000_000 + at.column)
    return [...this.#errors].sort((a, b) => place(a) - place(b))
  }

  /** The whole; null where the text is no YAML, which is then told. */
  root(): Entry | null {
    for (const { message, pos } of this.#document.errors.slice(0, SYNTAX_ERRORS_MAX)) {
      const at = this.#at(pos[0])
      this.#errors.push({ path: [], found: this.#line(at.line), want: `YAML: ${message}`, at })
    }
    if (this.#errors.length === 0) this.#noteLooseAliases()
    if (this.#errors.length > 0) return null
    return { path: [], node: this.#document.contents as Node | null, key: { offset: 0, text: '' } }
  }

  #noteLooseAliases(): void {
    for (const alias of looseAliases(this.#document).slice(0, SYNTAX_ERRORS_MAX)) {
      const at = this.#at(alias.offset)
      this.#errors.push({ path: [], found: `*${alias.name}`, want: anchorWanted(alias), at })
    }
  }

  /** Notes that an entry's value is not what it should be. */
  fail(entry: Entry, want: string): void {
    const at = this.#at(entry.node?.range?.[0] ?? entry.key.offset)
    this.#errors.push({ path: entry.path, found: this.#found(entry), want, at })
  }

  /** Notes that an entry's key is not what it should be. */
  failAtKey({ path, key }: Entry, want: string): void {
    this.#errors.push({ path, found: key.text, want, at: this.#at(key.offset) })
  }

  /** A text; a bare number counts as it is written, so `07` stays `07`. Null for anything else. */
  text(entry: Entry): string | null {
    const node = this.#resolved(entry)
    if (!isScalar(node)) return null
    if (typeof node.value === 'string') return node.value
    return typeof node.value === 'number' ? (node.source ?? String(node.value)) : null
  }

  number(entry: Entry): number | null {
    const node = this.#resolved(entry)
    return isScalar(node) && typeof node.value === 'number' && Number.isFinite(node.value) ? node.value : null
  }

  isList(entry: Entry): boolean {
    return isSeq(this.#resolved(entry))
  }

  /** The items; null after noting that it is no list, or a longer one. */
  list(entry: Entry, maxItems: number): Entry[] | null {
    const node = this.#resolved(entry)
    if (!isSeq(node) || node.items.length > maxItems) {
      this.fail(entry, isSeq(node) ? `at most ${maxItems} items` : 'a list')
      return null
    }
    return (node.items as Node[]).map((item, position) => ({
      path: [...entry.path, position],
      node: item,
      key: { offset: item.range?.[0] ?? entry.key.offset, text: '' },
    }))
  }

  /** Keys and values of a map; null after noting that it is none, or a larger one. */
  entries(entry: Entry, maxEntries: number): (readonly [string, Entry])[] | null {
    const node = this.#resolved(entry)
    if (!isMap(node) || node.items.length > maxEntries) {
      this.fail(entry, isMap(node) ? `at most ${maxEntries} entries` : 'a map')
      return null
    }
    return node.items.map(({ key, value }) => {
      const text = isScalar(key) ? (key.source ?? String(key.value)) : String(key)
      const offset = (key as Node).range?.[0] ?? entry.key.offset
      return [text, { path: [...entry.path, text], node: value as Node | null, key: { offset, text } }] as const
    })
  }

  /** The fields of an object; those that are missing, and those that it has not, are noted. Null where it is none. */
  object(entry: Entry, { required, optional }: ObjectFields): Map<string, Entry> | null {
    const known = [...required, ...optional]
    if (!isMap(this.#resolved(entry))) {
      this.fail(entry, `an object with ${known.join(', ')}`)
      return null
    }
    const fields = new Map(this.entries(entry, Number.MAX_SAFE_INTEGER))
    for (const [name, field] of fields) {
      if (!known.includes(name)) this.failAtKey(field, `one of ${known.join(', ')}`)
    }
    for (const name of required) {
      if (fields.has(name)) continue
      const at = this.#at(entry.node?.range?.[0] ?? entry.key.offset)
      this.#errors.push({ path: [...entry.path, name], found: undefined, want: 'a value', at })
    }
    return fields
  }

  #resolved({ node }: Entry): Node | null {
    return isAlias(node) ? (node.resolve(this.#document) ?? null) : node
  }

  /** The value, or its text where aliases would multiply it or it nests without end. */
  #found(entry: Entry): unknown {
    const node = this.#resolved(entry)
    try {
      return node === null ? null : node.toJS(this.#document, { maxAliasCount: ALIASES_MAX })
    } catch {
      return this.#text.slice(node?.range?.[0] ?? 0, node?.range?.[1] ?? 0)
    }
  }

  #at(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }

  #line(line: number): string {
    return (this.#text.split('\n')[line - 1] ?? '').slice(0, SHOWN_MAX)
  }
}
