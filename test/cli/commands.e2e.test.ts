import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { espalier, ROOT } from './espalier.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-commands-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const CLUSTER = `
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {allocatable: {cpu: "8", memory: 32Gi, pods: "10", nvidia.com/gpu: "2"}}
---
apiVersion: scheduler.grove.io/v1alpha1
kind: PodGang
metadata: {name: g, namespace: default, uid: kept-uid, creationTimestamp: "2025-01-01T00:00:00Z"}
spec:
  podgroups:
    - name: a
      minReplicas: 2
      podReferences: [{namespace: default, name: a-0}, {namespace: default, name: a-1}]
`
const pod = (name: string, gpus: number): string => `
---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {grove.io/podgang: g, grove.io/podclique: a}}
spec:
  schedulerName: espalier
  containers: [{name: main, image: engine, resources: {limits: {nvidia.com/gpu: "${gpus}"}}}]
`

interface Result {
  pods: { name: string; node: string | null; phase: string; reason: string | null; message: string | null }[]
  gangs: { name: string; phase: string; placementScore: number | null; evicted: string[] }[]
  ignored: { kind: string; message: string }[]
  settledAfterMs: number
  decisions: number
}

describe('espalier simulate', () => {
  test('a gang that fits runs, and the same input gives the same bytes', async () => {
    const path = file('fits.yaml', CLUSTER + pod('a-0', 1) + pod('a-1', 1))
    const [first, second] = [
      await espalier(['simulate', '-f', path, '-o', 'json']),
      await espalier(['simulate', '-f', path, '-o', 'json']),
    ]
    expect(first.code).toBe(0)
    expect(second.out).toBe(first.out)
    const result = JSON.parse(first.out) as Result
    expect(result.pods.map(({ name, node, phase }) => [name, node, phase])).toEqual([
      ['a-0', 'n1', 'Running'],
      ['a-1', 'n1', 'Running'],
    ])
    expect(result.gangs.map(({ phase, evicted }) => [phase, evicted])).toEqual([['Running', []]])
    expect(result.settledAfterMs).toBeGreaterThan(0)
    expect(result.decisions).toBeGreaterThan(0)
  })

  test('a gang that fits in part binds nothing, exits 0, and says why', async () => {
    const { code, out } = await espalier([
      'simulate',
      '-f',
      file('part.yaml', CLUSTER + pod('a-0', 1) + pod('a-1', 2)),
      '-o',
      'json',
    ])
    expect(code).toBe(0)
    const result = JSON.parse(out) as Result
    for (const line of result.pods) {
      expect([line.node, line.phase]).toEqual([null, 'Pending'])
      expect(line.reason).toMatch(/^[A-Z][A-Za-z]+$/)
      expect(line.message).not.toBe('')
    }
  })

  test('what it does not understand is listed, not dropped', async () => {
    const text = `${CLUSTER}${pod('a-0', 1)}${pod('a-1', 1)}---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: d}\n`
    const { code, out } = await espalier(['simulate', '-f', file('extra.yaml', text), '-o', 'json'])
    expect(code).toBe(0)
    expect((JSON.parse(out) as Result).ignored.map(({ kind }) => kind)).toEqual(['DaemonSet'])
  })

  test('a Deployment becomes pods, which go where the scheduler that they ask for puts them', async () => {
    const deployment = (name: string, schedulerName: string): string => `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: 2
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {${schedulerName}containers: [{name: main, image: engine}]}
`
    const text = `${CLUSTER}${deployment('web', 'schedulerName: espalier, ')}${deployment('other', '')}`
    const { code, out } = await espalier(['simulate', '-f', file('deployments.yaml', text), '-o', 'json'])
    const { pods, ignored } = JSON.parse(out) as Result
    expect([code, ignored]).toEqual([0, []])
    const seats = pods.map(({ name, node, phase, reason }) => [name.split('-')[0], node, phase, reason])
    expect(seats).toEqual([
      ['other', null, 'Pending', 'OtherScheduler'],
      ['other', null, 'Pending', 'OtherScheduler'],
      ['web', 'n1', 'Running', null],
      ['web', 'n1', 'Running', null],
    ])
  })

  test('a field that its kind does not know is named, and the rest of the object counts', async () => {
    const text =
      CLUSTER.replace('minReplicas: 2', 'minReplicas: 1\n      minReplica: 2') + pod('a-0', 1) + pod('a-1', 1)
    const { code, out } = await espalier(['simulate', '-f', file('typo.yaml', text), '-o', 'json'])
    expect(code).toBe(0)
    const { ignored, pods } = JSON.parse(out) as Result
    expect(ignored).toEqual([
      expect.objectContaining({
        kind: 'PodGang',
        message: expect.stringContaining('spec.podgroups[0].minReplica') as string,
      }),
    ])
    expect(pods.map(({ node }) => node)).toEqual(['n1', 'n1'])
  })

  test('unreadable YAML exits 2 with file, line and column', async () => {
    const path = file('broken.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: [}\n')
    const { code, err } = await espalier(['simulate', '-f', path])
    expect(code).toBe(2)
    expect(err).toMatch(/broken\.yaml:3:\d+: /)
  })

  test('no input, an unknown flag and a bad value are usage errors', async () => {
    for (const args of [
      ['simulate'],
      ['simulate', '--nonsense'],
      ['simulate', '-f', ROOT, '--seed', 'x'],
      ['nonsense'],
    ]) {
      expect([args, (await espalier(args)).code]).toEqual([args, 2])
    }
  })
})

describe('espalier topology check', () => {
  test('a right file is drawn as its levels', async () => {
    const path = file(
      'topology.yaml',
      'topologies:\n  - name: default\n    levels:\n      - {name: rack, key: example.com/rack}\n      - {name: host, key: kubernetes.io/hostname}\n',
    )
    const { code, out } = await espalier(['topology', 'check', '-f', path])
    expect([code, out.split('\n')[0]]).toEqual([
      0,
      'default: rack (example.com/rack, within parent) > host (kubernetes.io/hostname, within parent)',
    ])
  })

  test('a wrong one gives the field, what was found and what would be right, with line and column', async () => {
    const path = file(
      'wrong.yaml',
      'topologies:\n  - name: default\n    levels:\n      - {name: rack, key: example.com/rack, within: zone}\n',
    )
    const { code, err } = await espalier(['topology', 'check', '-f', path])
    expect(code).toBe(1)
    expect(err).toMatch(/wrong\.yaml:4:\d+: topologies\[0\]\.levels\[0\]\.within: found "zone", want /)
  })
})

describe('espalier topology check of a ConfigMap', () => {
  const head = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: espalier-topology, namespace: espalier-system}\n'
  const wrong =
    'topologies:\n  - name: default\n    levels:\n      - {name: rack, key: example.com/rack, within: zone}\n'
  const indented = wrong.replace(/^(?=.)/gm, '    ')

  test('errors stand where they are in the manifest, whatever comes before it', async () => {
    const before = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: espalier-system}\n---\n'
    const path = file('map.yaml', `${before}${head}data:\n  topology.yaml: |\n${indented}`)
    const { code, err } = await espalier(['topology', 'check', '-f', path])
    expect(code).toBe(1)
    // Line 4 of the text is line 13 of the file; column 53 in it is 57 there.
    expect(err).toMatch(/map\.yaml:13:57: topologies\[0\]\.levels\[0\]\.within: found "zone"/)
  })

  test('in a quoted text they stand where the text begins', async () => {
    const path = file('quoted.yaml', `${head}data:\n  topology.yaml: ${JSON.stringify(wrong)}\n`)
    expect((await espalier(['topology', 'check', '-f', path])).err).toMatch(/quoted\.yaml:5:18: topologies\[0\]/)
  })

  test('one without the key says which key is wanted', async () => {
    const { code, err } = await espalier(['topology', 'check', '-f', file('keyless.yaml', `${head}data: {a: b}\n`)])
    expect(code).toBe(1)
    expect(err).toMatch(/keyless\.yaml:1:1: data\["topology\.yaml"\]: found nothing, want /)
  })
})

test('espalier crds prints every CRD as YAML', async () => {
  const { code, out } = await espalier(['crds'])
  expect(code).toBe(0)
  const names = parseAllDocuments(out).map(
    (document) => (document.toJS() as { metadata: { name: string } }).metadata.name,
  )
  expect(names).toContain('podcliquesets.grove.io')
  expect(names).toContain('podgangs.scheduler.grove.io')
  expect(names).toContain('dynamographdeployments.nvidia.com')
})

describe('espalier up --once', () => {
  test('lists every pod with its node and exits 0 once everything is Ready', async () => {
    const { code, out, err } = await espalier(['up', '--once'], { cwd: folder })
    expect([code, err]).toEqual([0, ''])
    const rows = out.split('\n').filter((line) => /^default\s+dynamo-grove-0-/.test(line))
    expect(rows).toHaveLength(4)
    for (const row of rows) expect(row).toMatch(/gb200-\S+\s+\S+\s+Ready$/)
  })

  test('exits 1 and says why when something cannot be placed', async () => {
    const sample = file(
      'too-big.yaml',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: big}\nspec:\n  schedulerName: espalier\n  containers: [{name: main, image: engine, resources: {limits: {nvidia.com/gpu: "5"}}}]\n',
    )
    const { code, err } = await espalier(['up', '--once', '--sample', sample, '--timeout', '2s'], { cwd: folder })
    expect(code).toBe(1)
    expect(err).toMatch(/pod default\/big: .*nvidia\.com\/gpu/)
  })

  test('a sample that the API refuses is told with the field and its position', async () => {
    const sample = file(
      'bad-set.yaml',
      'apiVersion: grove.io/v1alpha1\nkind: PodCliqueSet\nmetadata: {name: bad}\nspec:\n  replicas: -1\n  template: {cliques: []}\n',
    )
    const { code, err } = await espalier(['up', '--once', '--sample', sample, '--timeout', '1s'], { cwd: folder })
    expect(code).toBe(1)
    expect(err).toMatch(/bad-set\.yaml:1:1: PodCliqueSet bad: .*spec\.replicas/)
  })
})
