import { afterEach, expect, test } from 'vitest'
import type { KubeObject, NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { POD_CLIQUE_SETS, PODS } from '../../kube/resources.ts'
import type { HttpRequest, Transport } from '../../kube/transport.ts'
import { type Harness, names, startHarness } from './harness.ts'

/** A watch of pods that is behind shows a pod that was replaced meanwhile, and not its replacement. */

let at: Harness | null = null
afterEach(() => at?.stop())

const SET = `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: s}
spec:
  replicas: 1
  template:
    cliques: [{name: a, spec: {roleName: a, replicas: 2, podSpec: {containers: [{name: main, image: busybox}]}}}]
`

const isPods = ({ path }: HttpRequest): boolean => /\/pods\?/.test(path)
const isGatePatch = ({ method, path, body }: HttpRequest): boolean =>
  method === 'PATCH' && path.includes('/pods/') && String(body).includes('schedulingGates')

interface Past {
  /** What the watch shows in place of which pod, by name; until it has caught up. */
  shown: ReadonlyMap<string, Pod>
  hasCaughtUp: boolean
}

/** Tells of pods as they were, and of all that came since once it has caught up. */
async function* asItWas(lines: AsyncIterable<string>, past: Past): AsyncGenerator<string> {
  const late: string[] = []
  for await (const line of lines) {
    const { type, object } = JSON.parse(line) as { type: string; object: KubeObject }
    const former = past.shown.get(object.metadata.name)
    if (past.hasCaughtUp) {
      yield* late.splice(0)
      yield line
    } else if (former === undefined) {
      yield line
    } else {
      yield JSON.stringify({ type: 'ADDED', object: former })
      late.push(JSON.stringify({ type: 'DELETED', object: former }), JSON.stringify({ type, object }))
    }
  }
}

test('no pod is made beside a replacement that the watch does not show yet', async () => {
  const past: Past = { shown: new Map(), hasCaughtUp: false }
  const through = (transport: Transport): Transport => ({
    request: (request) => transport.request(request),
    close: () => transport.close(),
    stream: async (request) => {
      const { status, headers, lines } = await transport.stream(request)
      return { status, headers, lines: isPods(request) ? asItWas(lines, past) : lines }
    },
  })
  const world = (at = await startHarness({ through }))
  world.cluster.server.setIntercept((request) =>
    isGatePatch({ deadlineMs: 0, ...request } as HttpRequest) ? { status: 403, reason: 'Forbidden' } : 'pass',
  )
  await world.apply(POD_CLIQUE_SETS, SET)
  await world.clock.runFor(5_000)
  await world.stopOperator()
  const [first, second] = await world.list<Pod>(PODS)
  await world.remove(PODS, first!.metadata.name)
  await world.create(PODS, replacementOf(first!))
  past.shown = new Map([['s-0-a-other', first!]])
  world.cluster.server.setIntercept(null)
  const made = world.writes.length
  await world.restartOperator()
  await world.clock.runFor(5_000)
  const left = names(await world.list(PODS))
  past.hasCaughtUp = true
  await world.patch(PODS, second!.metadata.name, { metadata: { labels: { told: 'now' } } })
  await world.settle()
  expect(left).toEqual([second!.metadata.name, 's-0-a-other'].sort())
  expect(names(await world.list(PODS))).toEqual(left)
  expect(world.writes.slice(made).filter((write) => write.startsWith('POST') && write.endsWith('/pods'))).toEqual([])
})

function replacementOf({ apiVersion, kind, metadata, spec }: Pod): NewObject {
  const { labels = {}, ownerReferences = [] } = metadata
  return { apiVersion, kind, metadata: { name: 's-0-a-other', labels, ownerReferences }, spec } as NewObject
}
