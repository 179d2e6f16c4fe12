import { POD_CLIQUES } from '../../kube/resources.ts'
import type { HttpRequest, Transport } from '../../kube/transport.ts'
import type { PodForm } from './objects.ts'
import type { World } from './world.ts'

/** What it takes to leave a gang half bound: pods that never start, a controller that owns them, replies taken over. */

/** The spec of a pod that never gets Ready. */
export const UNSTARTABLE: NonNullable<PodForm['spec']> = {
  containers: [{ name: 'main', image: 'busybox', envFrom: [{ secretRef: { name: 'missing' } }], resources: {} }],
}

const CLIQUE = {
  apiVersion: 'grove.io/v1alpha1',
  kind: 'PodClique',
  metadata: { name: 'a', namespace: 'default' },
  spec: { roleName: 'a', replicas: 2, podSpec: { containers: [{ name: 'main', image: 'busybox' }] } },
}

/** Creates the PodClique `a`; what its pods name as their controller. */
export async function cliqueIn(world: World): Promise<{ kind: string; name: string; uid: string }> {
  const made = await world.during(world.client.create(POD_CLIQUES, CLIQUE))
  if (made.kind === 'failure') throw new Error(made.message)
  return { kind: 'PodClique', name: 'a', uid: made.value.metadata.uid }
}

export type Reply = ReturnType<Transport['request']>

/** Everything passes but what `on` takes over. */
export const between =
  (on: (request: HttpRequest, pass: () => Reply) => Reply | null) =>
  (transport: Transport): Transport => ({
    ...transport,
    request: (request) => on(request, () => transport.request(request)) ?? transport.request(request),
    stream: (request) => transport.stream(request),
    close: () => transport.close(),
  })

/** The answer of an API server that says no with `code`. */
export const refusal = (code: number, reason: string): Reply => {
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: 'no' }
  return Promise.resolve({ status: code, headers: {}, body: JSON.stringify(body) })
}

export const isBinding = ({ method, path }: HttpRequest): boolean => method === 'POST' && path.includes('/binding')

/** The bindings of pod `g-1` are refused for good. */
export const refusingOne: (transport: Transport) => Transport = between((request) =>
  isBinding(request) && request.path.includes('/g-1/') ? refusal(403, 'Forbidden') : null,
)
