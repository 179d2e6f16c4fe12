import { asyncProperty, assert, constant, constantFrom, integer, oneof, record, array } from 'fast-check'
import { expect, test } from 'vitest'
import type { PodClique, PodCliqueScalingGroup, PodCliqueSet, PodGang } from '../../api/generated/kinds.ts'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import {
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  POD_GANGS,
  PODS,
  type ResourceType,
  SCALING_GROUPS,
  SERVICES,
} from '../../kube/resources.ts'
import { type Harness, isReady, names, startHarness } from './harness.ts'
import { workloadYaml } from './workloads.ts'

/** Anything that people, autoscalers and machines do to a set that runs; each may come before the last has settled. */
const steps = array(
  oneof(
    record({
      kind: constant('scale' as const),
      what: constantFrom('set', 'group', 'clique'),
      replicas: integer({ min: 0, max: 4 }),
    }),
    record({ kind: constant('kill' as const), pod: integer({ min: 0, max: 30 }) }),
    record({ kind: constant('restart' as const) }),
    record({ kind: constant('wait' as const), ms: integer({ min: 1, max: 3_000 }) }),
  ),
  { minLength: 3, maxLength: 9 },
)
type Step = typeof steps extends import('fast-check').Arbitrary<(infer S)[]> ? S : never

const SCALED: Readonly<Record<string, readonly [ResourceType, string]>> = {
  set: [POD_CLIQUE_SETS, 'workload2'],
  group: [SCALING_GROUPS, 'workload2-0-sg-x'],
  clique: [POD_CLIQUES, 'workload2-0-pc-a'],
}

async function take(at: Harness, step: Step): Promise<void> {
  if (step.kind === 'wait') return at.clock.runFor(step.ms)
  if (step.kind === 'restart') return at.restartOperator()
  if (step.kind === 'kill') {
    const pod = names(await at.list(PODS)).at(step.pod)
    return pod === undefined ? undefined : at.remove(PODS, pod).catch(() => undefined)
  }
  const [type, name] = SCALED[step.what] ?? [POD_CLIQUE_SETS, 'workload2']
  // A set of none has no children to scale.
  return at.patch(type, name, { spec: { replicas: step.replicas } }, 'scale').catch(() => undefined)
}

test('whatever is scaled, killed and restarted in whatever order, what is there is what is asked for', async () => {
  const property = asyncProperty(steps, async (taken) => {
    const at = await startHarness()
    await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
    for (const step of taken) await take(at, step)
    await at.settle()
    await expectWhole(at)
    at.writes.length = 0
    await at.restartOperator()
    await at.settle()
    expect(at.writes).toEqual([])
    await at.stop()
  })
  await assert(property, { numRuns: 12, seed: Number(process.env['SEED'] ?? 1) })
})

async function expectWhole(at: Harness): Promise<void> {
  const set = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'workload2')
  const groups = await at.list<PodCliqueScalingGroup>(SCALING_GROUPS)
  const cliques = await at.list<PodClique>(POD_CLIQUES)
  const gangs = await at.list<PodGang>(POD_GANGS)
  const pods = await at.list<Pod>(PODS)
  const indices = [...Array(set.spec.replicas ?? 0).keys()]
  expect(names(groups)).toEqual(indices.map((i) => `workload2-${i}-sg-x`))
  const members = groups.flatMap(({ metadata, spec }) =>
    [...Array(spec.replicas ?? 0).keys()].flatMap((j) => ['pc-b', 'pc-c'].map((c) => `${metadata.name}-${j}-${c}`)),
  )
  expect(names(cliques)).toEqual([...indices.map((i) => `workload2-${i}-pc-a`), ...members].sort())
  const scaled = groups.flatMap(({ metadata, spec }) =>
    [...Array(Math.max(0, (spec.replicas ?? 1) - 1)).keys()].map((k) => `${metadata.name}-${k}`),
  )
  expect(names(gangs)).toEqual([...indices.map((i) => `workload2-${i}`), ...scaled].sort())
  const cliqueOf = ({ metadata }: Pod): string => metadata.labels?.['grove.io/podclique'] ?? ''
  const asked = cliques.flatMap(({ metadata, spec }) => Array<string>(spec.replicas ?? 0).fill(metadata.name))
  expect(pods.map(cliqueOf).sort()).toEqual(asked.sort())
  expect(new Set(pods.map(({ spec }) => spec.hostname)).size).toBe(pods.length)
  expect(pods.filter((pod) => !isReady(pod))).toEqual([])
  const listed = gangs.flatMap(({ spec }) =>
    spec.podgroups.flatMap(({ podReferences }) => podReferences.map(({ name }) => name)),
  )
  expect(listed.sort()).toEqual(names(pods))
  const isNone = [...groups, ...cliques].some(({ spec }) => spec.replicas === 0)
  if (!isNone) expect(set.status?.availableReplicas).toBe(set.spec.replicas)
  const services = names(await at.list(SERVICES)).filter((name) => name.startsWith('workload2'))
  expect(services).toEqual(indices.map((i) => `workload2-${i}`))
}
