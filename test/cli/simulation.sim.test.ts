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
