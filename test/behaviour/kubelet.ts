/** Does to pods what a kubelet would, on servers without one: the same writes drive both servers of the suite. */
import type { Pod } from '../../api/kinds/kubernetes.ts'
import type { Server } from './servers.ts'

type Phase = 'Running' | 'Succeeded' | 'Failed'

const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' }

interface PodList {
  items: Pod[]
}

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true

/** Pods of one namespace, and a hand that moves them on. Pods stay without a node, so a deletion ends them at once. */
export class Pods {
  readonly #server: Server
  readonly #path: string

  constructor(server: Server, namespace: string) {
    this.#server = server
    this.#path = `/api/v1/namespaces/${namespace}/pods`
  }

  /** Those that are not on their way out, by name. */
  async list(): Promise<Pod[]> {
    const { body } = await this.#server.call<PodList>('GET', this.#path)
    return body.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  }

  async names(): Promise<string[]> {
    return (await this.list()).map(({ metadata }) => metadata.name)
  }

  /** Asks again until the pods are as wanted. */
  async until(holds: (pods: Pod[]) => boolean): Promise<Pod[]> {
    const { body } = await this.#server.until<PodList>(this.#path, ({ body: { items } }) => holds(items))
    return body.items
  }

  delete(name: string): Promise<unknown> {
    return this.#server.call('DELETE', `${this.#path}/${name}`)
  }

  async enter(name: string, phase: Phase): Promise<void> {
    const ready = phase === 'Running' ? 'True' : 'False'
    const at = new Date(performance.timeOrigin + performance.now()).toISOString().replace(/\.\d+Z$/, 'Z')
    const status = { phase, conditions: [{ type: 'Ready', status: ready, lastTransitionTime: at }] }
    const { status: code } = await this.#server.call('PATCH', `${this.#path}/${name}/status`, { status }, STRATEGIC)
    // A pod that has gone meanwhile needs no kubelet.
    if (code !== 200 && code !== 404) throw new Error(`pod ${name}: ${code}`)
  }

  /** Lets every pod that waits become Ready, again and again, until the object at `path` is as wanted. */
  async runUntil<T>(path: string, holds: (body: T) => boolean): Promise<T> {
    for (;;) {
      for (const pod of await this.list()) if (!isReady(pod)) await this.enter(pod.metadata.name, 'Running')
      const { body } = await this.#server.call<T>('GET', path)
      if (holds(body)) return body
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
