import { Worker } from 'node:worker_threads'
import { draw } from './draw.ts'
import type { Outcome } from './run-seed.ts'

export interface PoolOptions {
  readonly from: number
  /** How many. */
  readonly seeds: number
  /** Each so manieth from the first on. */
  readonly step: number
  /** Threads: a seed runs in one. */
  readonly workers: number
  /** Told in the order of the seeds; false: no further seed is begun. */
  readonly onOutcome: (outcome: Outcome) => boolean
}

/** A seed leaves much behind that dies young: with room for it, collecting takes a tenth less of the time. */
const YOUNG_MB = 96
/** A seed takes a second or two, on a machine that does much else as well. */
const SEED_MAX_MS = 90_000

/** Runs the seeds, each alone in a world of its own; rejects when a thread breaks. */
export async function runSeeds(options: PoolOptions): Promise<void> {
  const queue = new Queue(options)
  await Promise.all(Array.from({ length: Math.min(options.workers, options.seeds) }, () => serve(queue)))
}

/** Which seed is next, and whose turn it is to be told. */
class Queue {
  readonly #options: PoolOptions
  readonly #done = new Map<number, Outcome>()
  #next: number
  #told: number

  constructor(options: PoolOptions) {
    this.#options = options
    this.#next = options.from
    this.#told = options.from
  }

  /** Null: there is none left. */
  take(): number | null {
    const { from, seeds, step } = this.#options
    if (this.#next >= from + seeds * step) return null
    const seed = this.#next
    this.#next += step
    return seed
  }

  put(outcome: Outcome): void {
    this.#done.set(outcome.drawn.seed, outcome)
    for (let next = this.#done.get(this.#told); next !== undefined; next = this.#done.get(this.#told)) {
      this.#done.delete(this.#told)
      this.#told += this.#options.step
      if (this.#options.onOutcome(next)) continue
      this.#next = Number.POSITIVE_INFINITY
      this.#told = Number.POSITIVE_INFINITY
    }
  }
}

/** A thread that spins on one seed is ended, and another goes on behind it. */
async function serve(queue: Queue): Promise<void> {
  while ((await serveUntilStuck(queue)) === 'stuck');
}

function serveUntilStuck(queue: Queue): Promise<'done' | 'stuck'> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  })
  return new Promise((resolve, reject) => {
    let alarm: NodeJS.Timeout | undefined
    const end = (how: 'done' | 'stuck'): void => void worker.terminate().then(() => resolve(how))
    const next = (): void => {
      const seed = queue.take()
      if (seed === null) return end('done')
      worker.postMessage(seed)
      alarm = setTimeout(() => {
        queue.put(endless(seed))
        end('stuck')
      }, SEED_MAX_MS)
    }
    worker.on('message', (outcome: Outcome) => {
      clearTimeout(alarm)
      queue.put(outcome)
      next()
    })
    worker.on('error', reject)
    // After `terminate` that is the end, and too late to matter.
    worker.on('exit', (code) => setImmediate(reject, new Error(`a thread of the simulation ended by itself (${code})`)))
    next()
  })
}

/** Virtual time stands still, and something runs: a loop that waits for nothing. */
const endless = (seed: number): Outcome => ({
  drawn: draw(seed),
  violations: [{ promise: 'end', atMs: 0, what: `the seed did not end within ${SEED_MAX_MS / 1_000} s` }],
  binds: 0,
  faults: 0,
  cells: new Map(),
  strikes: new Map(),
  requests: 0,
  virtualMs: 0,
  hash: '',
})
