import { campaign, type Serving } from '../../cli/leadership.ts'
import { createOperator } from '../../operator/operator.ts'
import type { Log } from '../../kube/log.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { TIMING } from '../../kube/leader/election.ts'
import { seededRandom } from '../../kube/random.ts'
import type { Scheduler } from '../../scheduler/scheduler.ts'
import { Life } from './life.ts'
import { type Fate, Network, type NetworkOptions } from './network.ts'
import { ProcessClock } from './process-clock.ts'

export type Wire = Omit<NetworkOptions, 'own' | 'life' | 'onSend' | 'fateOf'> & {
  readonly fateOf: (process: Process, ...asked: Parameters<NetworkOptions['fateOf']>) => Fate
  /** Told of every line that the process logs; null: nobody is. */
  readonly onLog: ((line: string) => void) | null
  readonly onSend: (process: Process, ticket: Parameters<NetworkOptions['onSend']>[0]) => void
}

/** One process: the code of `espalier scheduler`, or of `espalier operator` by its name, between a clock and a wire that can fail it. */
export class Process {
  readonly name: string
  readonly life: Life
  readonly clock: ProcessClock
  readonly network: Network
  readonly errors: string[] = []
  readonly onLog: ((line: string) => void) | null
  readonly #serving: Serving
  #stopping: Promise<void> | null = null
  isStopped = false

  constructor(name: string, generation: number, seed: number, wire: Wire) {
    this.name = name
    this.onLog = wire.onLog
    this.life = new Life(`${name}/${generation}`, () => wire.clock.monotonicMs())
    this.clock = new ProcessClock(wire.clock)
    this.life.hasSleptSince = (ms) => this.clock.resumedMs >= ms
    this.life.isLeading = () => this.isLeading
    wire.observer.lives.push(this.life)
    const { onSend, fateOf, onLog: _, ...options } = wire
    this.network = new Network({
      ...options,
      own: this.clock,
      life: this.life,
      fateOf: (...asked) => fateOf(this, ...asked),
      onSend: (ticket) => onSend(this, ticket),
    })
    const world = { client: kubeClient(this.network), clock: this.clock, random: seededRandom(seed), log: this.#log() }
    const { isOperator } = this.life
    const halves = {
      operator: isOperator ? createOperator : null,
      scheduler: !isOperator,
      schedulerNames: ['espalier'],
      defaultPack: 'narrowest',
    } as const
    this.#serving = campaign(world, halves, { namespace: 'espalier-system', timing: TIMING })
  }

  get isRunning(): boolean {
    return !this.clock.isDead && !this.isStopped
  }

  get isLeading(): boolean {
    return this.#serving.running().length > 0
  }

  /** What runs while it leads. */
  get scheduler(): Scheduler | null {
    return this.#serving.running()[0]?.scheduler ?? null
  }

  /** Nothing of it runs any more, from one instruction to the next. */
  kill(): void {
    this.clock.die()
    for (const stream of this.network.streams) stream.breakOff()
  }

  /** SIGTERM. Resolves when it has ended in good order. */
  stop(): Promise<void> {
    this.#stopping ??= this.#serving.stop().then(() => {
      this.isStopped = true
    })
    return this.#stopping
  }

  #log(): Log {
    const say =
      (level: string) =>
      (message: string, facts?: object): void => {
        if (level === 'error') this.errors.push(`${message} ${JSON.stringify(facts ?? {})}`)
        this.onLog?.(
          `${Math.round(this.clock.monotonicMs())} ${this.life.id} ${level} ${message} ${JSON.stringify(facts ?? {})}`,
        )
      }
    return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
  }
}
