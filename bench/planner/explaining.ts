import { strict as assert } from 'node:assert'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE } from '../../api/names.ts'
import { seededRandom } from '../../kube/random.ts'
import { type PodFacts, projectPod } from '../../scheduler/state/pod-facts.ts'
import type { Line } from '../harness.ts'
import { createDesk } from './desk.ts'
import { arrivalsOf, nodesOf } from './objects.ts'
import type { GroupShape, Scenario } from './scenario.ts'

/** 64 pods that need one rack; the racks are part full, so that the nearest takes 40. */
const ONE: readonly GroupShape[] = [{ name: 'a', pods: 64, gpus: 4, cpu: 4 }]
/** The same in four sizes, and two of its groups must keep to a rack of their own. */
const MIXED: readonly GroupShape[] = [
  { name: 'a', pods: 16, gpus: 8, cpu: 8 },
  { name: 'b', pods: 16, gpus: 4, cpu: 4, required: 'rack' },
  { name: 'c', pods: 16, gpus: 2, cpu: 2, required: 'rack' },
  { name: 'd', pods: 16, gpus: 1, cpu: 1 },
]
type Row = 'explain-5000' | 'explain-5000-mixed'
const GANGS: Readonly<Record<Row, readonly GroupShape[]>> = { 'explain-5000': ONE, 'explain-5000-mixed': MIXED }
export const EXPLAIN_ROWS: readonly Row[] = ['explain-5000', 'explain-5000-mixed']

const REACH_MS = 10
const REPETITIONS = 41
const WARM_UPS = 20
/** Every 50th node. */
const CORDONED_EVERY = 50

/** What one explanation costs at 5,000 nodes with 15,000 pods on them: the median of many, each worked out anew. */
export function explainLine(id: Row, seed: number): Line {
  const groups = GANGS[id]
  const scenario: Scenario = {
    id,
    cluster: [5, 25, 40],
    gangs: 1,
    groups,
    required: 'rack',
    peer: null,
    reachMs: REACH_MS,
  }
  const nodes = nodesOf(scenario).map((node, n) => ({ ...node, isUnschedulable: n % CORDONED_EVERY === 0 }))
  const desk = createDesk(nodes, ['zone', 'rack', 'host'])
  const running = nodes.flatMap(({ name }, n) => Array.from({ length: n % 4 }, (_, i) => runningPod(name, i)))
  desk.timed({ gangs: [], pods: running }, 0)
  desk.timed(arrivalsOf(scenario, 'g', 1, seededRandom(seed)), 1)
  const explain = (): number => {
    const startMs = performance.now()
    const { verdict, changes, scopes } = desk.explain('bench/g00000')
    const ms = performance.now() - startMs
    assert.equal(verdict, 'refused')
    assert.ok(scopes.length > 0 && changes !== null && changes.smallest !== null && changes.tried.length > 3)
    return ms
  }
  const firstMs = explain()
  for (let i = 0; i < WARM_UPS; i++) explain()
  const cpu = process.threadCpuUsage()
  const times = Array.from({ length: REPETITIONS }, explain).sort((a, b) => a - b)
  const { user, system } = process.threadCpuUsage(cpu)
  const ms = times[Math.floor(REPETITIONS / 2)] ?? 0
  const facts = {
    reachMs: REACH_MS,
    ofReach: round(ms / REACH_MS),
    cpuMs: round((user + system) / 1_000 / REPETITIONS),
    worstMs: round(times.at(-1) ?? 0),
    firstMs: round(firstMs),
    nodes: nodes.length,
    runningPods: running.length,
    tried: desk.explain('bench/g00000').changes?.tried.length ?? 0,
  }
  return { scenario: id, ms: round(ms), ok: true, seed, facts }
}

const round = (value: number): number => Math.round(value * 100) / 100

function runningPod(node: string, index: number): PodFacts {
  const name = `running-${node}-${index}`
  const requests = { cpu: '2', memory: '2Gi', [GPU_RESOURCE]: '2' }
  const raw = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'others', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { nodeName: node, containers: [{ name: 'main', image: 'x', resources: { requests } }] },
    status: { phase: 'Running' },
  }
  return projectPod(raw as unknown as KubeObject).facts
}
