/** The workloads that the published suite runs: `pc-a` alone, and `sg-x` of `pc-b` and `pc-c`. */
export interface Workload {
  readonly a: readonly [replicas: number, minAvailable: number]
  readonly group: readonly [replicas: number, minAvailable: number]
  readonly b: readonly [replicas: number, minAvailable: number]
  readonly c: readonly [replicas: number, minAvailable: number]
  readonly startUp: 'AnyOrder' | 'InOrder' | 'Explicit'
  /** Clique → those before it, with Explicit. */
  readonly after: Readonly<Record<string, string>>
  readonly terminationDelay?: string
  readonly updateStrategy?: 'OnDelete'
}

const full = { a: [2, 2], group: [2, 2], b: [1, 1], c: [3, 3] } as const
const loose = { a: [2, 1], group: [2, 1], b: [1, 1], c: [3, 1] } as const

export const WORKLOADS: Readonly<Record<string, Workload>> = {
  workload1: { ...full, startUp: 'AnyOrder', after: {} },
  workload2: { ...loose, startUp: 'AnyOrder', after: {} },
  workload3: { ...full, startUp: 'InOrder', after: {} },
  workload4: { ...loose, startUp: 'InOrder', after: {} },
  workload5: { ...full, startUp: 'Explicit', after: { 'pc-c': 'pc-a', 'pc-b': 'pc-c' } },
  workload6: { ...loose, startUp: 'Explicit', after: { 'pc-b': 'pc-a', 'pc-c': 'pc-b' } },
  'workload1-gt': { ...full, startUp: 'AnyOrder', after: {}, terminationDelay: '10s' },
  'workload2-gt': { ...loose, startUp: 'AnyOrder', after: {}, terminationDelay: '10s' },
  'workload5-gt': { ...loose, c: [3, 3], startUp: 'AnyOrder', after: {}, terminationDelay: '10s' },
  'workload-ondelete': {
    ...full,
    a: [2, 1],
    startUp: 'AnyOrder',
    after: {},
    updateStrategy: 'OnDelete',
  },
}

export function workloadYaml(name: string, replicas = 1): string {
  const workload = WORKLOADS[name]
  if (workload === undefined) throw new Error(`no ${name}`)
  const cliques = (['a', 'b', 'c'] as const).map((each) => cliqueYaml(`pc-${each}`, workload[each], workload))
  const [groupReplicas, groupMin] = workload.group
  const { terminationDelay: delay, updateStrategy: strategy } = workload
  return `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
${strategy === undefined ? '' : `  updateStrategy: {type: ${strategy}}\n`}  template:
${delay === undefined ? '' : `    terminationDelay: ${delay}\n`}    cliqueStartupType: CliqueStartupType${workload.startUp}
    podCliqueScalingGroups:
    - {name: sg-x, replicas: ${groupReplicas}, minAvailable: ${groupMin}, cliqueNames: [pc-b, pc-c]}
    cliques:
${cliques.join('')}`
}

function cliqueYaml(name: string, [replicas, minAvailable]: readonly [number, number], { after }: Workload): string {
  const before = after[name]
  return `    - name: ${name}
      spec:
        roleName: ${name}
        replicas: ${replicas}
        minAvailable: ${minAvailable}
${before === undefined ? '' : `        startsAfter: [${before}]\n`}        podSpec:
          terminationGracePeriodSeconds: 5
          containers:
          - {name: main, image: busybox, resources: {requests: {memory: 80Mi}}}
`
}

/** A set `s` of one replica with one clique `a` of so many pods. */
export const oneCliqueYaml = (pods: number): string => `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: s}
spec:
  replicas: 1
  template:
    cliques: [{name: a, spec: {roleName: a, replicas: ${pods}, podSpec: {containers: [{name: main, image: busybox}]}}}]
`
