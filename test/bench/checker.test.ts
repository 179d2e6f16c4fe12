import { describe, expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import type { Gang, Words } from '../../bench/peers/adapter.ts'
import { podGang } from '../../bench/peers/pod-gang.ts'
import { type Evidence, judge } from '../../bench/runs/checker.ts'
import { nodeObjects, write } from '../../bench/runs/work.ts'

// Two zones of two racks of two nodes: z0 { r0: 0 1, r1: 2 3 }, z1 { r2: 4 5, r3: 6 7 }; every node has 8 GPUs.
const nodes = nodeObjects({
  levels: [
    { name: 'zone', count: 2 },
    { name: 'rack', count: 2 },
  ],
  nodes: 2,
  node: { gpu: 8, cpu: 64, memoryGi: 512, pods: 3 },
})
const group = (name: string, count: number, required: 'rack' | null, gpu = 4): Gang['groups'][number] => ({
  name,
  pods: Array.from({ length: count }, (_, i) => `g-${name}-${i}`),
  gpu,
  cpu: 1,
  memoryGi: 1,
  required,
})
const gang: Gang = {
  name: 'g',
  kind: 'g',
  groups: [group('a', 2, 'rack'), group('b', 2, null)],
  required: 'zone',
  preferred: 'rack',
  isSingle: false,
  fits: true,
}
const place = { namespace: 'bench', schedulerName: 'x' }

/** `on`: the node of each pod, by position; -1 none. */
function evidence(on: readonly number[], changes: Partial<Gang> = {}, words: Words = podGang.words): Evidence {
  const own = { ...gang, ...changes }
  const pods = write(own, podGang, place).pods.map((pod, i) => {
    const nodeName = nodes[on[i] ?? -1]?.metadata.name ?? ''
    return { ...pod, spec: { ...(pod['spec'] as object), nodeName } } as unknown as Pod
  })
  return { nodes, pods, namespace: 'bench', gangs: [own], words }
}
const faults = (...given: Parameters<typeof evidence>): readonly string[] => judge(evidence(...given)).faults

describe('the checker', () => {
  test('finds nothing wrong with a gang that lies as it must, and says how tight it is', () => {
    const judged = judge(evidence([0, 1, 2, 2]))
    expect(judged.faults).toEqual([])
    expect(judged).toMatchObject({ boundPods: 4, domainsPerGang: { zone: 1, rack: 2, host: 3 }, brokenPreferences: 1 })
    expect(judged.domainCounts).toEqual({ 2: 1 })
    expect(judge(evidence([0, 0, 1, 1]))).toMatchObject({ brokenPreferences: 0, domainCounts: { 1: 1 } })
  })

  test('finds a node with more GPUs in use than it has, and one with too many pods', () => {
    expect(faults([0, 0, 0, 1])).toEqual(['node-00000 has 8 nvidia.com/gpu, 12 are used'])
    const small = [group('a', 2, 'rack', 1), group('b', 2, null, 1)]
    expect(faults([0, 0, 0, 0], { groups: small })).toEqual(['node-00000 has 3 pods, 4 are used'])
  })

  test('finds what is bound in part, on no node, or cannot fit', () => {
    expect(faults([0, 1, -1, 1])).toEqual(['g is bound in part'])
    expect(faults([0, 1, 1, 1], { fits: false })).toContain('g is bound and cannot fit')
    const lost = evidence([0, 1, 1, 0])
    expect(judge({ ...lost, nodes: nodes.slice(1) }).faults).toContain('g-a-0 is on node-00000, which is no node')
  })

  test('finds a required level that is broken, of the gang and of a group', () => {
    expect(faults([0, 1, 4, 5])).toEqual(['g lies in 2 domains of zone'])
    expect(faults([0, 2, 1, 1])).toEqual(['g lies in 2 domains of rack, for its group a'])
  })

  test('blames nobody for what he could not be told, and counts it', () => {
    const pods: Words = { gang: false, required: 'nothing', preferred: false }
    expect(judge(evidence([0, 4, 5, -1], {}, pods))).toMatchObject({ faults: [], partialGangs: 1, brokenUntold: 1 })
    const flat: Words = { gang: true, required: 'gang', preferred: false }
    expect(judge(evidence([0, 2, 1, 1], {}, flat))).toMatchObject({ faults: [], brokenUntold: 1 })
  })

  test('counts pods of others that lie on the same nodes', () => {
    const own = evidence([0, 1, 1, 0])
    const other = { ...own.pods[0]!, metadata: { ...own.pods[0]!.metadata, namespace: 'else', name: 'x' } }
    expect(judge({ ...own, pods: [...own.pods, other] }).faults).toEqual([
      'node-00000 has 8 nvidia.com/gpu, 12 are used',
    ])
  })
})
