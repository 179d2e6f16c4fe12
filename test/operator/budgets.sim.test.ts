import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import { POD_CLIQUE } from '../../api/names.ts'
import { BUDGETS, EVENTS, POD_CLIQUE_SETS, POD_CLIQUES, PODS, SCALING_GROUPS } from '../../kube/resources.ts'
import { type Harness, names, startHarness } from './harness.ts'
import { workloadYaml } from './workloads.ts'

interface Budget extends KubeObject {
  readonly spec: { readonly minAvailable: number; readonly selector: { matchLabels: Record<string, string> } }
  readonly status?: { readonly disruptionsAllowed?: number }
}

interface Told extends KubeObject {
  readonly reason: string
  readonly message: string
}

const CLIQUES = ['pc-a', 'sg-x-0-pc-b', 'sg-x-0-pc-c', 'sg-x-1-pc-b', 'sg-x-1-pc-c'].map(
  (each) => `workload2-0-${each}`,
)

let at: Harness
const minimumOf = async (clique: string): Promise<number> => (await at.get<Budget>(BUDGETS, clique)).spec.minAvailable

describe('with disruption budgets', () => {
  beforeEach(async () => {
    at = await startHarness({ config: { disruptionBudgets: true } })
    await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
    await at.settle()
  })
  afterEach(() => at.stop())

  test('each clique has one of its minimum, which selects its pods and no others', async () => {
    const budgets = await at.list<Budget>(BUDGETS)
    expect(names(budgets)).toEqual(CLIQUES)
    expect(budgets.map(({ spec }) => spec.minAvailable)).toEqual([1, 1, 1, 1, 1])
    expect(budgets.map(({ status }) => status?.disruptionsAllowed)).toEqual([1, 0, 2, 0, 2])
    for (const { metadata, spec } of budgets) {
      const pods = await at.list<Pod>(PODS)
      const selected = pods.filter(({ metadata: { labels = {} } }) =>
        Object.entries(spec.selector.matchLabels).every(([key, value]) => labels[key] === value),
      )
      const own = pods.filter(({ metadata: { labels } }) => labels?.[POD_CLIQUE] === metadata.name)
      expect(selected).toEqual(own)
      expect(own.length).toBeGreaterThan(0)
    }
  })

  test('it follows its clique: its minimum, its copy of a group, its set', async () => {
    await at.patch(POD_CLIQUES, 'workload2-0-pc-a', { spec: { replicas: 0 } }, 'scale')
    await at.settle()
    expect(await minimumOf('workload2-0-pc-a')).toBe(0)
    await at.patch(SCALING_GROUPS, 'workload2-0-sg-x', { spec: { replicas: 1 } }, 'scale')
    await at.settle()
    expect(names(await at.list(BUDGETS))).toEqual(CLIQUES.slice(0, 3))
    await at.remove(POD_CLIQUE_SETS, 'workload2')
    await at.settle()
    expect(await at.list(BUDGETS)).toEqual([])
  })

  test('what somebody edits or deletes is restored, and what he adds stays', async () => {
    await at.patch(BUDGETS, 'workload2-0-pc-a', {
      metadata: { labels: { team: 'blue' } },
      spec: { minAvailable: 0, selector: { matchLabels: { other: 'label' } } },
    })
    await at.remove(BUDGETS, 'workload2-0-sg-x-0-pc-b')
    await at.settle()
    expect(names(await at.list(BUDGETS))).toEqual(CLIQUES)
    const edited = await at.get<Budget>(BUDGETS, 'workload2-0-pc-a')
    expect(edited.metadata.labels?.['team']).toBe('blue')
    expect(edited.spec.minAvailable).toBe(1)
    expect(edited.spec.selector.matchLabels).not.toHaveProperty('other')
  })

  test("somebody else's budget of a clique's name is left alone, and told", async () => {
    const metadata = { name: 'workload1-0-pc-a' }
    const spec = { minAvailable: 1, selector: { matchLabels: { app: 'other' } } }
    await at.create(BUDGETS, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata, spec })
    await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
    await at.settle()
    expect((await at.get<Budget>(BUDGETS, 'workload1-0-pc-a')).spec).toMatchObject(spec)
    const told = (await at.list<Told>(EVENTS)).filter(({ reason }) => reason === 'NameTaken')
    expect(told.map(({ message }) => message)).toEqual([
      'PodDisruptionBudget workload1-0-pc-a exists and belongs to somebody else',
    ])
  })

  test('a second look writes nothing', async () => {
    at.writes.length = 0
    await at.restartOperator()
    await at.settle()
    expect(at.writes).toEqual([])
  })
})

describe('without', () => {
  beforeEach(async () => {
    at = await startHarness()
  })
  afterEach(() => at.stop())

  test('there is none, and one that was made while they were asked for goes', async () => {
    await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
    await at.settle()
    expect(await at.list(BUDGETS)).toEqual([])
    await at.create(BUDGETS, await budgetMadeBefore('workload2-0-pc-a'))
    await at.settle()
    expect(await at.list(BUDGETS)).toEqual([])
  })
})

async function budgetMadeBefore(clique: string) {
  const { metadata } = await at.get(POD_CLIQUES, clique)
  const { uid, name, labels = {} } = metadata
  const owner = { apiVersion: 'grove.io/v1alpha1', kind: 'PodClique', name, uid, controller: true }
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, labels: { ...labels, [POD_CLIQUE]: name }, ownerReferences: [owner] },
    spec: { minAvailable: 1, selector: { matchLabels: { [POD_CLIQUE]: name } } },
  }
}
