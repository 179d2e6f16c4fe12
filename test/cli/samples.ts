/** What each sample comes to, the same on every cluster: `samples.sim.test.ts` embedded, `test/controlplane` real. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import type { KubeObject, Node, Pod } from '../../api/kinds/kubernetes.ts'
import { AUTOSCALERS, NODES, POD_CLIQUE_SETS, POD_GANGS, PODS, type ResourceType } from '../../kube/resources.ts'
import { demoObjects } from '../../cli/demo.ts'
import { isReady } from '../in-process.ts'

const folder = new URL('../../deploy/samples/', import.meta.url)
const samples = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

/** Four racks of GB200 NVL72 in two blocks, with both halves, to itself for one sample. */
export interface SampleWorld {
  /** Creates every object of a YAML text. */
  apply(yaml: string): Promise<void>
  /** Until nothing changes any more. */
  settle(): Promise<void>
  /** What the sample has brought about; nodes all of them. */
  list<T extends KubeObject>(type: ResourceType): Promise<readonly T[]>
  stop(): Promise<void>
}

const label = (object: KubeObject, key: string): string => object.metadata.labels?.[key] ?? ''

/** The values of a node label under the pods that match. */
async function domains(of: SampleWorld, key: string, matches: (pod: Pod) => boolean): Promise<string[]> {
  const nodes = new Map((await of.list<Node>(NODES)).map((node) => [node.metadata.name, node]))
  const used = (await of.list<Pod>(PODS)).filter(matches).map((pod) => nodes.get(pod.spec.nodeName ?? ''))
  return [...new Set(used.map((node) => (node === undefined ? 'unbound' : label(node, key))))].sort()
}

const all = (): boolean => true

/** Registers the tests; `start` is asked for a world of its own by each. */
export function samplesSettle(start: () => Promise<SampleWorld>): void {
  let world: SampleWorld | null = null
  afterEach(async () => {
    await world?.stop()
    world = null
  })

  async function settled(sample: string): Promise<SampleWorld> {
    world = await start()
    await world.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: demoObjects() }))
    await world.apply(read(sample))
    await world.settle()
    return world
  }

  test('there are six or more, and the published example is one', () => {
    expect(samples).toContain('dynamo-grove.yaml')
    expect(samples.length).toBeGreaterThanOrEqual(6)
  })

  for (const sample of samples) {
    test(`${sample} settles with every pod Ready and every gang whole`, async () => {
      const of = await settled(sample)
      const pods = await of.list<Pod>(PODS)
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
}
