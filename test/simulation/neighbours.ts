import type { Clock } from '../../kube/clock.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { seededRandom } from '../../kube/random.ts'
import { GarbageCollector } from '../../sim/controllers/garbage.ts'
import { Informers } from '../../sim/informers.ts'
import type { ApiServer } from '../../sim/server/api-server.ts'

/** What a cluster runs beside nodes, as far as a PodCliqueSet needs it: what has lost its owner goes. Never faulty. */
export class Neighbours {
  readonly #informers: Informers
  readonly #garbage: GarbageCollector

  constructor({ held: transport }: ApiServer, clock: Clock) {
    const common = { client: kubeClient(transport, { userAgent: 'cluster' }), clock, random: seededRandom(1) }
    this.#informers = new Informers(common)
    this.#garbage = new GarbageCollector({ ...common, informers: this.#informers, transport }, 'gone')
  }

  async start(): Promise<void> {
    this.#informers.start()
    await this.#informers.synced()
    this.#garbage.start()
  }

  async stop(): Promise<void> {
    await this.#garbage.stop()
    await this.#informers.stop()
  }
}
