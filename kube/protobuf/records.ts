/** A record of whatever keys, without a prototype: a name like `constructor` finds nothing that nobody wrote. */
export type TextRecord = Record<string, string>

/** So many different orders of keys are kept; after that all are learned anew. */
const LAYOUTS_MAX = 4_096

/** Where a row of keys has led so far. */
class Layout {
  readonly #next = new Map<string, Layout>()
  /** Most rows of keys are those of the object before. */
  #lastKey: string | null = null
  #last: Layout | null = null
  template: TextRecord | null = null

  get(key: string): Layout | null {
    if (key === this.#lastKey) return this.#last
    this.#last = this.#next.get(key) ?? null
    this.#lastKey = key
    return this.#last
  }

  add(key: string): Layout {
    const made = new Layout()
    this.#next.set(key, made)
    this.#lastKey = key
    this.#last = made
    return made
  }
}

/**
 * Makes records of keys and values. Those with the same keys in the same order are copies of one template: they share its
 * layout, which takes a fifth of the memory of a hash table, and none of them is made key by key, which costs a node of 70
 * labels more than reading them.
 */
export class Records {
  #root = new Layout()
  #count = 0

  /** The first `count` of both; of two values for one key the later counts. O(count). */
  of(keys: readonly string[], values: readonly string[], count: number): TextRecord {
    const record = Object.setPrototypeOf({ ...this.#template(keys, count) }, null) as TextRecord
    for (let i = 0; i < count; i++) record[keys[i]!] = values[i]!
    return record
  }

  #template(keys: readonly string[], count: number): TextRecord {
    let layout = this.#root
    for (let i = 0; i < count; i++) layout = layout.get(keys[i]!) ?? this.#grow(layout, keys[i]!)
    layout.template ??= templateOf(keys, count)
    return layout.template
  }

  #grow(layout: Layout, key: string): Layout {
    if (this.#count++ < LAYOUTS_MAX) return layout.add(key)
    this.#count = 0
    this.#root = new Layout()
    return new Layout() // of nobody: the rest of this row is not kept
  }
}

function templateOf(keys: readonly string[], count: number): TextRecord {
  const made = Object.create(null) as TextRecord
  for (let i = 0; i < count; i++) made[keys[i]!] = ''
  return { ...made } // once more: what is made key by key is a hash table
}
