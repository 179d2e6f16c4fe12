import type { PodCliqueSet } from '../../../api/generated/kinds.ts'
import type { Pod } from '../../../api/kinds/kubernetes.ts'
import {
  DYNAMO_GRAPHS,
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  POD_GANGS,
  PODS,
  SCALING_GROUPS,
  SERVICES,
} from '../../../kube/resources.ts'
import type { OperatorConfig } from '../../../operator/config.ts'
import { type Harness, isReady } from '../harness.ts'
import { changed } from '../updating.ts'

/** Something that happens to a set, and what it was before. Writes of the operator are its crash points. */
export interface Scenario {
  readonly name: string
  readonly config?: Partial<OperatorConfig>
  /** What is made on the way depends on when things come; only the end is the same. */
  readonly isTimed?: boolean
  /** Ends settled. */
  before(at: Harness): Promise<void>
  /** Ends settled. */
  happens(at: Harness): Promise<void>
}

interface Asked {
  readonly replicas?: number
  readonly more?: string
  readonly after?: string
  readonly clique?: string
}

/** `s`: a clique `a` of two, and a group `g` of copies of `b` and `c`, of which one must be there. */
const setYaml = ({ replicas = 1, more = '', after = '', clique = '' }: Asked = {}): string => `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: s}
spec:
  replicas: ${replicas}
${more}  template:
    terminationDelay: 10s
${after}    podCliqueScalingGroups:
    - {name: g, replicas: 2, minAvailable: 1, cliqueNames: [b, c]}
    cliques:
    - {name: a, ${clique}spec: {roleName: a, replicas: 2, minAvailable: 2, podSpec: ${POD}}}
    - {name: b, spec: {roleName: b, replicas: 1, podSpec: ${POD}}}
    - {name: c, spec: {roleName: c, replicas: 1, podSpec: ${POD}}}
`
const POD = '{terminationGracePeriodSeconds: 5, containers: [{name: main, image: busybox}]}'

const GRAPH = `
apiVersion: nvidia.com/v1alpha1
kind: DynamoGraphDeployment
metadata: {name: s}
spec:
  services:
    Frontend: {componentType: frontend, replicas: 1, extraPodSpec: {mainContainer: {image: dynamo}}}
    Worker: {componentType: worker, replicas: 2, extraPodSpec: {mainContainer: {image: dynamo}}}
`

const standing =
  (asked: Asked = {}) =>
  async (at: Harness): Promise<void> => {
    await at.apply(POD_CLIQUE_SETS, setYaml(asked))
    await at.settle()
    await at.clock.runFor(10_000) // what changes in the first seconds counts as never having been healthy
  }
const nothing = (): Promise<void> => Promise.resolve()

const applied =
  (asked: Asked = {}) =>
  async (at: Harness): Promise<void> => {
    await at.apply(POD_CLIQUE_SETS, setYaml(asked))
    await at.settle()
  }

const scaled =
  (type: typeof POD_CLIQUES, name: string, ...steps: readonly number[]) =>
  async (at: Harness): Promise<void> => {
    for (const replicas of steps) {
      await at.patch(type, name, { spec: { replicas } }, 'scale')
      await at.settle()
    }
  }

async function deletePods(at: Harness, prefix: string): Promise<void> {
  for (const { metadata } of await at.list<Pod>(PODS)) {
    if (metadata.name.startsWith(prefix)) await at.remove(PODS, metadata.name)
  }
}

/** The pods go, nothing in their place gets a node until the delay is long over, then all does. */
async function brokenFor(at: Harness, prefix: string): Promise<void> {
  at.mayBind = () => false
  await deletePods(at, prefix)
  await at.clock.runFor(30_000)
  at.mayBind = () => true
  for (const pod of await at.list<Pod>(PODS)) {
    if (!isReady(pod)) await at.patch(PODS, pod.metadata.name, { metadata: { labels: { nudge: 'x' } } })
  }
  await at.settle()
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'create', before: nothing, happens: applied() },
  { name: 'create two replicas', before: nothing, happens: applied({ replicas: 2 }) },
  {
    name: 'create in order',
    before: nothing,
    happens: applied({ after: '    cliqueStartupType: CliqueStartupTypeInOrder\n' }),
  },
  {
    name: 'create with startsAfter',
    before: nothing,
    happens: async (at) => {
      const yaml = setYaml({ after: '    cliqueStartupType: CliqueStartupTypeExplicit\n' })
      await at.apply(POD_CLIQUE_SETS, yaml.replace('{roleName: b,', '{roleName: b, startsAfter: [a],'))
      await at.settle()
    },
  },
  {
    name: 'create with a spread',
    before: nothing,
    happens: async (at) => {
      const spread = JSON.stringify({ domain: 'host', maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' })
      const yaml = setYaml({ replicas: 2 })
      await at.apply(
        POD_CLIQUE_SETS,
        yaml.replace('{name: s}', `{name: s, annotations: {espalier.io/spread: '${spread}'}}`),
      )
      await at.settle()
    },
  },
  {
    name: 'create with autoscaling and budgets',
    config: { disruptionBudgets: true },
    before: nothing,
    happens: async (at) => {
      const scaling = 'autoScalingConfig: {minReplicas: 2, maxReplicas: 4}, '
      await at.apply(POD_CLIQUE_SETS, setYaml().replace('{roleName: a, ', `{roleName: a, ${scaling}`))
      await at.settle()
    },
  },
  {
    name: 'a graph',
    before: nothing,
    happens: async (at) => {
      await at.apply(DYNAMO_GRAPHS, GRAPH)
      await at.settle()
    },
  },
  { name: 'the set from 1 to 2', before: standing(), happens: scaled(POD_CLIQUE_SETS, 's', 2) },
  { name: 'the set from 2 to 1', before: standing({ replicas: 2 }), happens: scaled(POD_CLIQUE_SETS, 's', 1) },
  { name: 'a clique from 2 to 4 to 3', before: standing(), happens: scaled(POD_CLIQUES, 's-0-a', 4, 3) },
  { name: 'a clique to none and back', before: standing(), happens: scaled(POD_CLIQUES, 's-0-a', 0, 2) },
  { name: 'a group from 2 to 3', before: standing(), happens: scaled(SCALING_GROUPS, 's-0-g', 3) },
  { name: 'a group from 2 to 1', before: standing(), happens: scaled(SCALING_GROUPS, 's-0-g', 1) },
  {
    name: 'an update of a clique',
    before: standing(),
    happens: async (at) => {
      await changed(at, 's', { a: 'second' })
      await at.settle()
    },
  },
  {
    name: 'an update of a group',
    before: standing(),
    happens: async (at) => {
      await changed(at, 's', { c: 'second' })
      await at.settle()
    },
  },
  {
    name: 'an update during an update',
    isTimed: true,
    before: standing({ replicas: 2 }),
    happens: async (at) => {
      await changed(at, 's', { a: 'second' })
      await at.clock.runFor(1_000)
      await changed(at, 's', { a: 'third' })
      await at.settle()
    },
  },
  {
    name: 'an update on delete',
    before: standing({ more: '  updateStrategy: {type: OnDelete}\n' }),
    happens: async (at) => {
      await changed(at, 's', { a: 'second' })
      await at.settle()
      await deletePods(at, 's-0-a')
      await at.settle()
    },
  },
  {
    name: 'a pod that failed',
    before: standing(),
    happens: async (at) => {
      const pod = (await at.list<Pod>(PODS)).find(({ spec }) => spec.hostname === 's-0-a-1')
      await at.patch(PODS, pod?.metadata.name ?? '', { status: { phase: 'Failed' } }, 'status')
      await at.settle()
    },
  },
  { name: 'a gang made anew', before: standing(), happens: (at) => brokenFor(at, 's-0-a-') },
  { name: 'a copy of a group made anew', before: standing(), happens: (at) => brokenFor(at, 's-0-g-1-b-') },
  {
    name: 'objects deleted by hand',
    before: standing(),
    happens: async (at) => {
      await at.remove(SERVICES, 's-0')
      await at.remove(POD_GANGS, 's-0')
      await at.settle()
      await at.remove(POD_CLIQUES, 's-0-g-1-b')
      await at.settle()
    },
  },
  {
    name: 'labels of the set changed',
    before: standing(),
    happens: async (at) => {
      await at.patch(POD_CLIQUE_SETS, 's', { metadata: { labels: { team: 'x' } } })
      await at.settle()
      const set = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 's')
      const cliques = set.spec.template.cliques.map((clique) => ({ ...clique, labels: { tier: 'gold' } }))
      await at.patch(POD_CLIQUE_SETS, 's', { spec: { template: { cliques } } })
      await at.settle()
    },
  },
  {
    name: 'the set deleted',
    before: standing(),
    happens: async (at) => {
      await at.remove(POD_CLIQUE_SETS, 's')
      await at.settle()
    },
  },
]
