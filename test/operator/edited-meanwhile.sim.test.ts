import { afterEach, expect, test } from 'vitest'
import type { PodCliqueSet } from '../../api/generated/kinds.ts'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { POD_CLIQUE_SETS, PODS } from '../../kube/resources.ts'
import type { HttpRequest } from '../../kube/transport.ts'
import { type Harness, startHarness } from './harness.ts'
import { changed, imageOf } from './updating.ts'
import { workloadYaml } from './workloads.ts'

let at: Harness | null = null
afterEach(() => at?.stop())

/** A set that stands, and a change to it that comes while the operator's first such write after that is on its way. */
async function editedDuring(isMoment: (request: HttpRequest) => boolean, edit: (of: Harness) => Promise<void>) {
  const state = { isArmed: false }
  const harness = (at = await startHarness({
    through: (transport) => ({
      stream: (request) => transport.stream(request),
      close: () => transport.close(),
      request: async (request) => {
        if (state.isArmed && isMoment(request)) {
          state.isArmed = false
          await edit(harness)
        }
        return transport.request(request)
      },
    }),
  }))
  await harness.apply(POD_CLIQUE_SETS, workloadYaml('workload1', 2))
  await harness.settle()
  return { at: harness, arm: () => (state.isArmed = true), isArmed: () => state.isArmed }
}

const isSetStatus = ({ method, path }: HttpRequest): boolean =>
  method === 'PATCH' && path.includes('/podcliquesets/') && path.includes('/status')

test('a change that comes while an update is being begun has an update of its own', async () => {
  const patched = (of: Harness, set: PodCliqueSet, image: string) => {
    const cliques = set.spec.template.cliques.map((clique) => {
      const [main] = clique.spec.podSpec.containers
      return {
        ...clique,
        spec: { ...clique.spec, podSpec: { ...clique.spec.podSpec, containers: [{ ...main, image }] } },
      }
    })
    return of.client.mergePatch(
      POD_CLIQUE_SETS,
      { namespace: 'default', name: 'workload1' },
      { spec: { template: { cliques } } },
    )
  }
  let first: PodCliqueSet | null = null
  const world = await editedDuring(isSetStatus, async (of) => {
    expect((await patched(of, first!, 'third')).kind).toBe('ok')
  })
  first = await world.at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'workload1')
  world.arm()
  await changed(world.at, 'workload1', { 'pc-a': 'second', 'pc-b': 'second', 'pc-c': 'second' })
  await world.at.settle()
  expect(world.isArmed()).toBe(false)
  expect(new Set((await world.at.list<Pod>(PODS)).map(imageOf))).toEqual(new Set(['third']))
  const { status } = await world.at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'workload1')
  expect(status?.updateProgress?.updateEndedAt).toEqual(expect.any(String))
  expect(status?.updatedReplicas).toBe(2)
})
