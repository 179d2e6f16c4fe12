import { afterEach, expect, test } from 'vitest'
import type { KubeObject, NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { POD_CLIQUE_SETS, PODS } from '../../kube/resources.ts'
import type { HttpRequest, Transport } from '../../kube/transport.ts'
import { type Harness, names, startHarness } from './harness.ts'
import { oneCliqueYaml } from './workloads.ts'

/** A watch of pods that is behind shows a pod that was replaced meanwhile, and not its replacement. */

let at: Harness | null = null
afterEach(() => at?.stop())

const isPods = ({ path }: HttpRequest): boolean => /\/pods\?/.test(path)
const isGatePatch = ({ method, path, body }: HttpRequest): boolean =>
  method === 'PATCH' && path.includes('/pods/') && String(body).includes('schedulingGates')

interface Past {
  /** What the watch shows, and in place of what, as of that version; null: everything as it is. */
  shown: { readonly former: Pod; readonly insteadOf: string; readonly version: string } | null
  hasCaughtUp: boolean
}

/** Lists pods as they were, and tells all that came since only once it has caught up. */
async function* asItWas(lines: AsyncIterable<string>, past: Past): AsyncGenerator<string> {
  const { shown } = past
  const late: string[] = []
  let isListing = true
  for await (const line of lines) {
    if (shown === null || past.hasCaughtUp) {
      yield* late.splice(0)
      yield line
      continue
    }
    const { type, object } = JSON.parse(line) as { type: string; object: KubeObject }
    const { former, insteadOf, version } = shown
    const as = (of: KubeObject, resourceVersion: string) => ({ ...of, metadata: { ...of.metadata, resourceVersion } })
    if (type === 'BOOKMARK' && isListing) {
      isListing = false
      yield JSON.stringify({ type, object: as(object, version) })
    } else if (object.metadata.name === insteadOf && isListing) {
      yield JSON.stringify({ type: 'ADDED', object: former })
      const end = as(former, String(Number(object.metadata.resourceVersion) + 1))
      late.push(line, JSON.stringify({ type: 'DELETED', object: end }))
    } else if (isListing) yield line
    else late.push(line)
  }
}

test('no pod is made beside a replacement that the watch does not show yet', async () => {
  const past: Past = { shown: null, hasCaughtUp: false }
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
  await world.apply(POD_CLIQUE_SETS, oneCliqueYaml(2))
  await world.clock.runFor(5_000)
  await world.stopOperator()
  const [first, second] = await world.list<Pod>(PODS)
  // Made while the other was on its way out, so under another name.
  await world.create(PODS, replacementOf(first!))
  await world.remove(PODS, first!.metadata.name)
  past.shown = { former: first!, insteadOf: 's-0-a-other', version: second!.metadata.resourceVersion }
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
