/** The whole product against real Kubernetes: `espalier run` beside kube-apiserver, its controllers and kwok's nodes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { ATTEMPT } from '../../api/names.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import { NAMESPACES, PODS } from '../../kube/resources.ts'
import { hasKubectl } from '../cli/espalier.ts'
import { publishedExample } from '../cli/published-example.ts'
import { samplesSettle } from '../cli/samples.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { ProductWorld } from './product-world.ts'

const plane: ControlPlane | null = await startControlPlane({ kwok: true })

describe.skipIf(plane === null)('espalier run on real Kubernetes', () => {
  let world: ProductWorld
  beforeAll(async () => {
    if (plane !== null) world = await ProductWorld.start(plane)
  })
  afterAll(() => world?.stop())

  describe.skipIf(!hasKubectl)('the published example', () => publishedExample(() => world, { hasKubelets: false }))

  describe('samples', () => samplesSettle(() => world.sample()))

  test('every pod was bound by an attempt of ours; its namespace is deleted whole', async () => {
    const sample = await world.sample()
    await sample.apply(
      'apiVersion: grove.io/v1alpha1\nkind: PodCliqueSet\nmetadata: {name: one}\nspec: {replicas: 1, template: {cliques: ' +
        '[{name: a, spec: {roleName: a, replicas: 2, podSpec: {containers: [{name: main, image: busybox}]}}}]}}\n',
    )
    await sample.settle()
    const pods = await sample.list<Pod>(PODS)
    expect(pods).toHaveLength(2)
    for (const pod of pods)
      expect(pod.metadata.annotations?.[ATTEMPT]).toMatch(/^[0-9a-f-]{36}\/\d+\/(first|surplus)\/\d+$/)
    const name = pods[0]?.metadata.namespace ?? ''
    valueOrThrow(await world.client.delete(NAMESPACES, { namespace: '', name }))
    await world.waitFor(
      async () => (await world.client.get(NAMESPACES, { namespace: '', name })).kind === 'failure',
      'the namespace to be gone',
    )
  })
})
