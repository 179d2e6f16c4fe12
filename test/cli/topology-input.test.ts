import { expect, test } from 'vitest'
import { drawTopology } from '../../topology/index.ts'
import { inputFromText } from '../../cli/topology-input.ts'
import { topologyView } from '../../cli/topology-view.ts'

const node = (name: string, rack: string, gpus = 8): string => `
apiVersion: v1
kind: Node
metadata: {name: ${name}, labels: {example.com/rack: ${rack}}}
status: {allocatable: {cpu: "64", memory: 512Gi, pods: "110", nvidia.com/gpu: "${gpus}"}}
---`
const pod = (name: string, more: string, status = ''): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}${more.includes('deleted') ? ', deletionTimestamp: "2026-01-01T00:00:00Z"' : ''}}
spec:
  ${more.replace('deleted', '')}
  containers: [{name: main, image: x, resources: {limits: {nvidia.com/gpu: "2"}}}]
${status}
---`
const PINNED_TO_N2 = `affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: In, values: [n2]}]}]`
const file = 'topologies:\n  - name: default\n    levels:\n      - {name: rack, key: example.com/rack}\n'
const map = `apiVersion: v1
kind: ConfigMap
metadata: {name: espalier-topology, namespace: espalier-system}
data:
  topology.yaml: |
${file.replace(/^(?=.)/gm, '    ')}---`
const binding = `
apiVersion: grove.io/v1alpha1
kind: ClusterTopologyBinding
metadata: {name: other}
spec: {levels: [{domain: rack, key: example.com/rack}]}
---`

const drawn = (text: string): string[] => {
  const view = topologyView(inputFromText('all.yaml', text))
  return view.topologies.map((topology) => drawTopology(topology, view.nodeNames, { gpusOf: view.gpusOf }))
}

test('free GPUs are what the scheduler counts as free: bound, terminating and pinned pods use theirs', () => {
  const pods = [
    pod('bound', 'nodeName: n1'),
    pod('going', 'nodeName: n1\n  deleted'),
    pod('done', 'nodeName: n1', 'status: {phase: Succeeded}'),
    pod('pending', 'schedulerName: espalier'),
    pod('of-a-daemon-set', PINNED_TO_N2),
  ]
  const [text = ''] = drawn(`${map}${node('n1', 'r1')}${node('n2', 'r2')}${pods.join('')}`)
  expect(text.split('\n')).toEqual([
    'topology default: rack',
    'cluster         2 nodes, 16 GPUs, 10 free',
    '├─ rack r1: n1  1 node, 8 GPUs, 4 free',
    '└─ rack r2: n2  1 node, 8 GPUs, 6 free',
  ])
})

test('the file and the bindings beside it are topologies of one input, in order of their names', () => {
  const titles = drawn(`${map}${binding}${node('n1', 'r1')}`).map((text) => text.split('\n')[0])
  expect(titles).toEqual(['topology default: rack', 'topology other: rack'])
})

test('a ConfigMap of a list is found, and what is wrong with it is told where the list has it', () => {
  const good = {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'espalier-topology' },
    data: { 'topology.yaml': file },
  }
  const list = (data: object): string =>
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ ...good, data }] }, null, 2)
  expect(inputFromText('list.json', list(good.data)).files.map(({ errors }) => errors)).toEqual([[]])
  const [wrong] = inputFromText('list.json', list({ 'topology.yaml': 'topologies: 7' })).files
  expect(wrong?.errors).toEqual(['list.json:12:26: topologies: found 7, want a list'])
})

test.each([
  ['List', 'apiVersion: v1\n  kind: ConfigMap\n  ', '12:15'],
  ['ConfigMapList', '', '10:15'],
])('lines inside a %s are lines of the file', (kind, own, at) => {
  const text = map
    .slice(map.indexOf('metadata'), -3)
    .replace('key: example', 'kye: example')
    .replace(/\n(?=.)/g, '\n  ')
  const [found] = inputFromText('x.yaml', `apiVersion: v1\nkind: ${kind}\nitems:\n- ${own}${text}`).files
  expect(found?.errors[0]).toBe(`x.yaml:${at}: topologies[0].levels[0].key: found nothing, want a value`)
})

test('manifests with other ConfigMaps have no topology file', () => {
  const other = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\ndata: {a: b}\n---\n'
  expect(inputFromText('all.yaml', `${other}${node('n1', 'r1')}`)).toMatchObject({
    files: [],
    nodes: [{}],
    unreadable: [],
  })
})

test('a file that is no YAML is read as a topology file, and says where', () => {
  const [found] = inputFromText('topology.yaml', 'topologies: [').files
  expect(found?.errors[0]).toMatch(/^topology\.yaml:1:\d+: /)
})

test('an object that is not what its kind says is refused as a sentence', () => {
  const broken =
    'apiVersion: grove.io/v1alpha1\nkind: ClusterTopologyBinding\nmetadata: {name: other}\nspec: {levels: 7}\n'
  expect(() => topologyView(inputFromText('all.yaml', broken))).toThrow(/not what its kind says/)
})
