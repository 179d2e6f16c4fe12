import type { Entry, YamlReading } from '../../api/yaml-reading.ts'

/** Reads the fields of one object of a scenario file; what is missing gives the default, what is wrong is noted. */
export class Fields {
  readonly reading: YamlReading
  readonly entry: Entry
  readonly #fields: ReadonlyMap<string, Entry>

  constructor(reading: YamlReading, entry: Entry, required: readonly string[], optional: readonly string[]) {
    this.reading = reading
    this.entry = entry
    this.#fields = reading.object(entry, { required, optional }) ?? new Map()
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  at(name: string): Entry | null {
    return this.#fields.get(name) ?? null
  }

  text(name: string, test: RegExp, want: string, missing: string): string {
    const entry = this.at(name)
    if (entry === null) return missing
    const text = this.reading.text(entry)
    if (text !== null && test.test(text)) return text
    this.reading.fail(entry, want)
    return missing
  }

  number(
    name: string,
    [least, most]: readonly [number, number],
    missing: number,
    kind: 'whole' | 'any' = 'whole',
  ): number {
    const entry = this.at(name)
    if (entry === null) return missing
    const value = this.reading.number(entry)
    if (value !== null && value >= least && value <= most && (kind === 'any' || Number.isInteger(value))) return value
    this.reading.fail(entry, `a ${kind === 'whole' ? 'whole number' : 'number'} from ${least} to ${most}`)
    return missing
  }

  oneOf<T extends string, M>(name: string, values: readonly T[], missing: M): T | M {
    const entry = this.at(name)
    if (entry === null) return missing
    return oneOf(this.reading, entry, values) ?? missing
  }

  flag(name: string, missing: boolean): boolean {
    const entry = this.at(name)
    if (entry === null) return missing
    const text = String((entry.node as { value?: unknown } | null)?.value)
    if (text === 'true' || text === 'false') return text === 'true'
    this.reading.fail(entry, 'true or false')
    return missing
  }

  /** At least one item; an empty list is noted. */
  list<T>(name: string, most: number, read: (entry: Entry) => T): T[] {
    const entry = this.at(name)
    if (entry === null) return []
    const items = this.reading.list(entry, most)
    if (items?.length === 0) this.reading.fail(entry, 'at least one item')
    return (items ?? []).map(read)
  }

  listOf<T extends string>(name: string, values: readonly T[], missing: readonly T[]): readonly T[] {
    if (!this.has(name)) return missing
    return this.list(name, values.length, (entry) => oneOf(this.reading, entry, values)).filter((one) => one !== null)
  }

  object(name: string, required: readonly string[], optional: readonly string[]): Fields | null {
    const entry = this.at(name)
    return entry === null ? null : new Fields(this.reading, entry, required, optional)
  }
}

function oneOf<T extends string>(reading: YamlReading, entry: Entry, values: readonly T[]): T | null {
  const text = reading.text(entry)
  const found = values.find((value) => value === text)
  if (found !== undefined) return found
  reading.fail(entry, values.length === 1 ? `"${values[0]}"` : `one of ${values.join(', ')}`)
  return null
}
