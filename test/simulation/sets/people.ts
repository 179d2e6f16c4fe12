import type { KubeClient } from '../../../kube/client.ts'
import type { Clock } from '../../../kube/clock.ts'
import { POD_CLIQUE_SETS, POD_CLIQUES, type ResourceType, SCALING_GROUPS } from '../../../kube/resources.ts'
import { NAMESPACE } from '../facts.ts'
import type { DrawnChange, DrawnSet } from './drawn.ts'
import { setObject, templateOf } from './objects.ts'

const SCALED: Readonly<Record<Exclude<DrawnChange['kind'], 'update'>, ResourceType>> = {
  'scale-set': POD_CLIQUE_SETS,
  'scale-clique': POD_CLIQUES,
  'scale-group': SCALING_GROUPS,
}

/** People whose PodCliqueSets come, are scaled and updated, and go. Never faulty themselves. */
export class SetPeople {
  readonly #client: KubeClient
  readonly #clock: Clock
  readonly #sets: readonly DrawnSet[]
  readonly #onError: (text: string) => void

  constructor(client: KubeClient, clock: Clock, sets: readonly DrawnSet[], onError: (text: string) => void) {
    this.#client = client
    this.#clock = clock
    this.#sets = sets
    this.#onError = onError
  }

  start(): void {
    for (const set of this.#sets) {
      const at = (ms: number, act: () => Promise<void>): void => void this.#clock.after(ms, 'work', () => void act())
      const images = new Map<string, string>()
      at(set.arriveMs, () => this.#arrive(set))
      for (const change of set.changes) at(change.atMs, () => this.#change(set, change, images))
      if (set.departMs !== null) at(set.departMs, () => this.#depart(set))
    }
  }

  async #arrive(set: DrawnSet): Promise<void> {
    const answer = await this.#client.create(POD_CLIQUE_SETS, setObject(set))
    if (answer.kind === 'failure') this.#onError(`${set.name} could not be made: ${answer.message}`)
  }

  /** What is not there, not yet or not any more, is not scaled. */
  async #change(set: DrawnSet, { atMs, kind, on, replicas }: DrawnChange, images: Map<string, string>): Promise<void> {
    if (kind === 'update') return this.#update(set, images.set(on, `busybox:${atMs}`))
    const patch = { spec: { replicas } }
    const options = { subresource: 'scale' } as const
    const answer = await this.#client.mergePatch(SCALED[kind], { namespace: NAMESPACE, name: on }, patch, options)
    if (answer.kind === 'failure' && answer.status !== 404) this.#onError(`${on}: ${answer.message}`)
  }

  async #update(set: DrawnSet, images: ReadonlyMap<string, string>): Promise<void> {
    const patch = { spec: { template: templateOf(set, images) } }
    const answer = await this.#client.mergePatch(POD_CLIQUE_SETS, { namespace: NAMESPACE, name: set.name }, patch)
    if (answer.kind === 'failure' && answer.status !== 404) this.#onError(`${set.name}: ${answer.message}`)
  }

  async #depart({ name }: DrawnSet): Promise<void> {
    await this.#client.delete(POD_CLIQUE_SETS, { namespace: NAMESPACE, name })
  }
}
