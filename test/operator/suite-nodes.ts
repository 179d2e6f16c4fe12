import { expect } from 'vitest'
import type { NewObject, Node, Pod } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import { NODES, PODS } from '../../kube/resources.ts'
import { type Harness, isReady, startHarness } from './harness.ts'

/** The published suite's nodes: 28 a zone, 20 a block, 7 a rack, room for one of its pods; some are cordoned. */

const nameOf = (n: number): string => `kwok-node-${String(n).padStart(2, '0')}`

export const ZONE = 28
export const BLOCK = 20
export const RACK = 7

const suiteNode = (n: number, isOpen: boolean, memory: string): NewObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: nameOf(n),
    labels: {
      'kubernetes.io/zone': `zone-${Math.floor(n / ZONE)}`,
      'kubernetes.io/block': `block-${Math.floor(n / BLOCK)}`,
      'kubernetes.io/rack': `rack-${Math.floor(n / RACK)}`,
      'kubernetes.io/hostname': nameOf(n),
    },
  },
  spec: isOpen ? {} : { unschedulable: true },
  status: { capacity: { cpu: '4', memory, pods: '110' }, allocatable: { cpu: '4', memory, pods: '110' } },
})

/** Operator and scheduler over `nodes` of them, of which the first `open` take pods. */
export function startSuite(nodes: number, open: number, memory = '150Mi'): Promise<Harness> {
  return startHarness({
    nodes: Array.from({ length: nodes }, (_, n) => suiteNode(n, n < open, memory)),
    hasScheduler: true,
  })
}

export interface Cordoning {
  /** Default: they are opened. */
  readonly isCordoned?: boolean
  /** One every so many milliseconds; default: all at once. */
  readonly everyMs?: number
}

/** Opens or cordons nodes `from` up to, not including, `to`, and waits until nothing moves. */
export async function cordon(at: Harness, from: number, to: number, how: Cordoning = {}): Promise<void> {
  const { isCordoned = false, everyMs = 0 } = how
  const spec = { unschedulable: isCordoned ? true : null }
  const done: Promise<unknown>[] = []
  const turn = (n: number): void => {
    done.push(at.client.mergePatch<Node>(NODES, { namespace: '', name: nameOf(n) }, { spec }).then(valueOrThrow))
  }
  for (let n = from; n < to; n++) at.clock.after((n - from) * everyMs, 'work', () => turn(n))
  await at.settle()
  await Promise.all(done)
}

export const cliqueOf = ({ metadata }: Pod): string => metadata.labels?.['grove.io/podclique'] ?? ''

/** Names of the cliques of Ready pods, one a pod, sorted. */
export const running = async (at: Harness): Promise<string[]> =>
  (await at.list<Pod>(PODS)).filter(isReady).map(cliqueOf).sort()

/** How many pods are Ready, and how many have no node. No two share one. */
export async function runs(at: Harness): Promise<[ready: number, pending: number]> {
  const pods = await at.list<Pod>(PODS)
  const nodes = pods.flatMap(({ spec }) => spec.nodeName ?? [])
  expect(new Set(nodes).size).toBe(nodes.length)
  return [pods.filter(isReady).length, pods.filter(({ spec }) => !spec.nodeName).length]
}

/** In how many domains of `size` nodes pods lie. */
export const domains = (pods: readonly Pod[], size: number): number =>
  new Set(pods.map(({ spec }) => Math.floor(Number((spec.nodeName ?? '').slice('kwok-node-'.length)) / size))).size
