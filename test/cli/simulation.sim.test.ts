import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Manifest, parseManifests } from '../../cli/input.ts'
import { type SimulationResult, simulateManifests } from '../../cli/simulation.ts'

const sample = (name: string): string =>
  readFileSync(new URL(`../../deploy/samples/${name}.yaml`, import.meta.url), 'utf8')

const node = (name: string, rack: string): string => `
apiVersion: v1
kind: Node
metadata: {name: ${name}, labels: {fabric.topograph.run/tier-1: ${rack}}}
status: {allocatable: {cpu: "64", memory: 512Gi, pods: "110", nvidia.com/gpu: "4"}}
`
const pod = (name: string, gpus: number): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  schedulerName: espalier
  containers: [{name: main, image: engine, resources: {limits: {nvidia.com/gpu: "${gpus}"}}}]
`
const SET = `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: first}
spec:
  replicas: 2
  template:
    cliques:
      - {name: a, spec: {roleName: a, replicas: 2, podSpec: {containers: [{name: m, image: i}]}}}
`

function read(texts: readonly string[]): Manifest[] {
  const input = parseManifests('a.yaml', texts.join('\n---\n'))
  if (input.kind === 'unreadable') throw new Error(input.errors.join('\n'))
  return [...input.manifests]
}

const simulate = (...texts: string[]): Promise<SimulationResult> => simulateManifests(read(texts))

describe('simulate', () => {
  test('prints its keys in the order of its description', async () => {
    const result = await simulate(node('n1', 'r1'), pod('a', 1), SET)
    expect(Object.keys(result)).toEqual(['pods', 'gangs', 'ignored', 'settledAfterMs', 'decisions', 'evicted'])
    expect(Object.keys(result.pods[0] ?? {})).toEqual([
      'namespace',
      'name',
      'podGang',
      'podGroup',
      'node',
      'phase',
      'reason',
      'message',
    ])
    expect(Object.keys(result.gangs[0] ?? {})).toEqual([
      'namespace',
      'name',
      'phase',
      'placementScore',
      'reason',
      'message',
      'evicted',
    ])
  })

  test('the order of the documents changes nothing, down to the generated names', async () => {
    const texts = [
      node('n1', 'r1'),
      node('n2', 'r1'),
      node('n3', 'r2'),
      pod('a', 3),
      pod('b', 3),
      pod('c', 4),
      pod('d', 4),
      pod('x', 0).replace('name: x', 'generateName: x-'),
      pod('y', 0).replace('name: y', 'generateName: y-'),
      SET,
      SET.replace('first', 'second'),
      sample('dynamo-grove'),
    ]
    const manifests = read(texts)
    const [one, other] = [await simulateManifests(manifests), await simulateManifests(manifests.toReversed())]
    expect(other).toEqual(one)
    expect(one.pods.filter(({ phase }) => phase === 'Running').length).toBeGreaterThan(4)
  })

  test('of an object given twice the first counts, and the second is listed as ignored', async () => {
    const { pods, ignored } = await simulate(node('n1', 'r1'), node('n1', 'r1').replace('"4"', '"0"'), pod('a', 4))
    expect(pods.map((line) => line.node)).toEqual(['n1'])
    expect(ignored.map(({ kind, name, message }) => [kind, name, message])).toEqual([
      ['Node', 'n1', 'nodes "n1" already exists'],
    ])
  })

  test('a running pod stays where its owner was left out of the input, whoever that is', async () => {
    const owned = (name: string, apiVersion: string, kind: string): string =>
      `${pod(name, 1)}  nodeName: n1\nstatus: {phase: Running}\n`.replace(
        `{name: ${name}}`,
        `{name: ${name}, ownerReferences: [{apiVersion: ${apiVersion}, kind: ${kind}, name: o, uid: u, controller: true}]}`,
      )
    const gang = `
apiVersion: scheduler.grove.io/v1alpha1
kind: PodGang
metadata:
  name: g
  ownerReferences: [{apiVersion: grove.io/v1alpha1, kind: PodCliqueSet, name: s, uid: v, controller: true}]
spec: {podgroups: [{name: a, minReplicas: 1, podReferences: [{namespace: default, name: of-clique}]}]}
`
    const { pods, gangs } = await simulate(
      node('n1', 'r1'),
      owned('of-clique', 'grove.io/v1alpha1', 'PodClique'),
      owned('of-replica-set', 'apps/v1', 'ReplicaSet'),
      owned('of-job', 'batch/v1', 'Job'),
      gang,
      pod('too-big', 2),
    )
    expect(pods.map(({ name, node: on }) => [name, on])).toEqual([
      ['of-clique', 'n1'],
      ['of-job', 'n1'],
      ['of-replica-set', 'n1'],
      ['too-big', null],
    ])
    expect(gangs.map(({ name }) => name)).toEqual(['g'])
  })

  test('a dump of a running cluster is at rest as it is, whenever it was taken', async () => {
    for (const at of ['2024-02-29T12:00:00Z', '2031-07-01T00:00:00Z']) {
      const running = `${pod('a', 1)}  nodeName: n1
status:
  phase: Running
  startTime: "${at}"
  conditions: [{type: Ready, status: "True", lastTransitionTime: "${at}"}]
  containerStatuses: [{name: main, ready: true, restartCount: 0, state: {running: {startedAt: "${at}"}}}]
`.replace('{name: a}', `{name: a, creationTimestamp: "${at}", labels: {grove.io/podgang: g, grove.io/podclique: a}}`)
      const gang = `
apiVersion: scheduler.grove.io/v1alpha1
kind: PodGang
metadata: {name: g, creationTimestamp: "${at}"}
spec: {podgroups: [{name: a, minReplicas: 1, podReferences: [{namespace: default, name: a}]}]}
`
      const { pods, gangs, settledAfterMs, decisions } = await simulate(node('n1', 'r1'), running, gang)
      expect([pods[0]?.node, gangs[0]?.phase, decisions]).toEqual(['n1', 'Running', 0])
      expect(settledAfterMs).toBeLessThan(10_000)
    }
  })

  test('a pod of a priority class that is not there is placed, and the input is told so', async () => {
    const urgent = `
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: default}
spec: {schedulerName: espalier, priorityClassName: urgent, containers: [{name: main, image: x}]}`
    const { ignored, pods } = await simulate(node('n1', 'r1'), urgent)
    expect(pods.map((each) => each.node)).toEqual(['n1'])
    expect(ignored.map(({ message }) => message)).toEqual([
      'no PriorityClass with name urgent was found: its priority is 0',
    ])
  })

  test('a topology in another namespace is not read, and the input is told so', async () => {
    const elsewhere = `
apiVersion: v1
kind: ConfigMap
metadata: {name: espalier-topology, namespace: elsewhere}
data: {topology.yaml: "topologies: []"}`
    const { ignored } = await simulate(node('n1', 'r1'), elsewhere)
    expect(ignored.map(({ namespace, message }) => [namespace, message])).toEqual([
      ['elsewhere', 'a topology is read from the namespace espalier-system alone'],
    ])
  })

  test('a set that nothing can be made of, and a topology that does not parse, are listed with what is wrong', async () => {
    const topology = `
apiVersion: v1
kind: ConfigMap
metadata: {name: espalier-topology, namespace: espalier-system}
data:
  topology.yaml: |
    topologies:
      - name: default
        levels: [{name: rack, key: a/b, within: zone}]
`
    const cage = SET.replace(
      '  template:',
      '  template:\n    topologyConstraint: {topologyName: default, pack: {required: cage}}',
    )
    const { ignored } = await simulate(node('n1', 'r1'), topology, cage)
    expect(ignored.map(({ kind, name }) => [kind, name])).toEqual([
      ['ConfigMap', 'espalier-topology'],
      ['PodCliqueSet', 'first'],
    ])
    expect(ignored[0]?.message).toContain('topologies[0].levels[0].within: found "zone", want "parent" or "cluster"')
    expect(ignored[1]?.message).toMatch(/spec\.template\.topologyConstraint/)
  })

  test('what runs in a namespace that is going takes its room until it is gone', async () => {
    const { pods, ignored } = await simulate(
      node('n1', 'r1'),
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: going, deletionTimestamp: "2026-01-01T00:00:00Z"}\n',
      `${pod('a', 4)}  nodeName: n1\nstatus: {phase: Running}\n`.replace('{name: a}', '{name: a, namespace: going}'),
      pod('b', 1),
    )
    expect(ignored).toEqual([])
    expect(pods.map(({ name, node: on }) => [name, on])).toEqual([
      ['b', null],
      ['a', 'n1'],
    ])
  })

  test('a grace that began when the input was taken ends, whenever that was', async () => {
    const taint = '{key: example.com/lost, effect: NoExecute, timeAdded: "2031-07-01T00:00:00Z"}'
    const lost = `${node('n1', 'r1')}spec: {taints: [${taint}]}\n`
    const bears = 'tolerations: [{key: example.com/lost, operator: Exists, tolerationSeconds: 300}]'
    const running = `${pod('a', 1)}  nodeName: n1\n  ${bears}\nstatus: {phase: Running}\n`
    const { pods, evicted, settledAfterMs } = await simulate(lost, node('n2', 'r1'), running)
    expect([pods, evicted]).toEqual([[], ['default/a']])
    expect(settledAfterMs).toBeGreaterThanOrEqual(300_000)
    expect(settledAfterMs).toBeLessThan(400_000)
  })

  test('what every cluster has from the start may be in the input', async () => {
    const { ignored } = await simulate(
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n',
      'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: default}\n',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-root-ca.crt, namespace: default}\n',
      'apiVersion: v1\nkind: Service\nmetadata: {name: kubernetes, namespace: default}\nspec: {clusterIP: 10.96.0.1, ports: [{port: 443}]}\n',
    )
    expect(ignored).toEqual([])
  })

  test('a pod that says Running and has no node is placed like any other', async () => {
    const { pods } = await simulate(node('n1', 'r1'), `${pod('a', 4)}status: {phase: Running}\n`)
    expect(pods.map((line) => [line.node, line.phase])).toEqual([['n1', 'Running']])
  })

  test('what never comes to rest is given up, told, and shown as far as it came', async () => {
    const told: string[] = []
    const manifests = read([node('n1', 'r1'), pod('a', 1)])
    const result = await simulateManifests(manifests, {
      maxVirtualMs: 1,
      onTrouble: (message) => void told.push(message),
    })
    expect(told).toEqual(['not at rest after 1 ms of cluster time: this is how far it came'])
    expect(result.pods.map(({ name }) => name)).toEqual(['a'])
  })
})
