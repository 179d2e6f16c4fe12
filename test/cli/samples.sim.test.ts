import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import type { KubeObject, Node, Pod } from '../../api/kinds/kubernetes.ts'
import { AUTOSCALERS, NODES, POD_CLIQUE_SETS, POD_GANGS } from '../../kube/resources.ts'
import { gb200Nvl72 } from '../../sim/shapes.ts'
import { demoObjects } from '../../cli/demo.ts'
import { type InProcess, isReady, podsOf, startInProcess } from '../in-process.ts'

const folder = new URL('../../deploy/samples/', import.meta.url)
const samples = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

let world: InProcess | null = null
afterEach(async () => {
  await world?.stop()
  world = null
})

async function settled(sample: string): Promise<InProcess> {
  world = await startInProcess({ nodes: gb200Nvl72({ racks: 4, racksPerBlock: 2 }) })
  await world.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: demoObjects() }))
  await world.apply(read(sample))
  await world.settle()
  return world
}

const label = (object: KubeObject, key: string): string => object.metadata.labels?.[key] ?? ''

/** The values of a node label under the pods that match. */
async function domains(of: InProcess, key: string, matches: (pod: Pod) => boolean): Promise<string[]> {
  const nodes = new Map((await of.list<Node>(NODES)).map((node) => [node.metadata.name, node]))
  const used = (await podsOf(of)).filter(matches).map((pod) => nodes.get(pod.spec.nodeName ?? ''))
  return [...new Set(used.map((node) => (node === undefined ? 'unbound' : label(node, key))))].sort()
}

const all = (): boolean => true

describe('samples', () => {
  test('there are six or more, and the published example is one', () => {
    expect(samples).toContain('dynamo-grove.yaml')
    expect(samples.length).toBeGreaterThanOrEqual(6)
  })

  for (const sample of samples) {
    test(`${sample} settles with every pod Ready and every gang whole`, async () => {
      const of = await settled(sample)
      const pods = await podsOf(of)
      expect(pods.length).toBeGreaterThan(0)
      expect(pods.filter((pod) => !isReady(pod)).map((pod) => pod.metadata.name)).toEqual([])
      const gangs = await of.list<KubeObject & { status?: { phase?: string } }>(POD_GANGS)
      expect(gangs.map(({ status }) => status?.phase)).toEqual(gangs.map(() => 'Running'))
      for (const set of await of.list<KubeObject & { status?: { conditions?: { type: string; status: string }[] } }>(
        POD_CLIQUE_SETS,
      )) {
        expect(set.status?.conditions?.find(({ type }) => type === 'Ready')?.status, set.metadata.name).toBe('True')
      }
    })
  }

  test('the published example lies in one NVLink domain', async () => {
    expect(await domains(await settled('dynamo-grove.yaml'), 'nvidia.com/gpu.clique', all)).toHaveLength(1)
  })

  test('two spread replicas lie in two racks, each replica in one', async () => {
    const of = await settled('spread-replicas.yaml')
    const rack = 'fabric.topograph.run/tier-1'
    const replica =
      (index: string) =>
      (pod: Pod): boolean =>
        label(pod, 'grove.io/podcliqueset-replica-index') === index
    const [first, second] = [await domains(of, rack, replica('0')), await domains(of, rack, replica('1'))]
    expect(first).toHaveLength(1)
    expect(second).toHaveLength(1)
    expect(first).not.toEqual(second)
  })

  test('the autoscaled clique has its HorizontalPodAutoscaler', async () => {
    const of = await settled('autoscaled-clique.yaml')
    const autoscalers = await of.list<KubeObject & { spec: { scaleTargetRef: { kind: string; name: string } } }>(
      AUTOSCALERS,
    )
    expect(autoscalers.map(({ spec }) => spec.scaleTargetRef.kind)).toEqual(['PodClique'])
    expect(autoscalers.map(({ metadata, spec }) => metadata.name === spec.scaleTargetRef.name)).toEqual([true])
  })
})
