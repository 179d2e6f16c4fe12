/** Many writes: some at a time, all tried, the first error thrown when the rest have ended. */

/** At most `limit` under way at once. Throws the first error after everything was tried. */
export async function writeAll<T>(
  items: readonly T[],
  limit: number,
  write: (item: T) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next++] as T
      await write(item).catch((error: unknown) => errors.push(error))
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work))
  if (errors.length > 0) throw errors[0]
}

/** At most so many writes under way at once, whoever sends them; the rest in the order of arrival. */
export class Lanes {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async run<T>(write: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await write()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}

export const BATCH_MAX = 64

/**
 * `first` at once, then twice as many each time, up to 64: what is refused (a quota, a bad spec) is refused once and not a
 * thousand times. Throws the first error of the batch that had one; later batches are not tried.
 */
export async function slowStart<T>(
  items: readonly T[],
  write: (item: T) => Promise<void>,
  first: number = 1,
): Promise<void> {
  let from = 0
  for (let size = first; from < items.length; size = Math.min(BATCH_MAX, size * 2)) {
    const batch = items.slice(from, from + size)
    await writeAll(batch, batch.length, write)
    from += batch.length
  }
}
