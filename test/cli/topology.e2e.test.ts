import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { espalier, Up } from './espalier.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-topology-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const node = (name: string, zone: string, rack: string): string => `
apiVersion: v1
kind: Node
metadata: {name: ${name}, labels: {topology.kubernetes.io/zone: ${zone}, example.com/rack: ${rack}}}
status: {allocatable: {cpu: "64", memory: 512Gi, pods: "110", nvidia.com/gpu: "8"}}
---`
const NODES = `${node('a', 'x', 'r1')}${node('b', 'x', 'r2')}${node('c', 'y', 'r2')}${node('d', 'z', 'r3')}`
const TOPOLOGY = `topologies:
  - name: default
    levels:
      - {name: zone, key: topology.kubernetes.io/zone}
      - {name: rack, key: example.com/rack}
`

describe('espalier topology check with nodes', () => {
  test('names the nodes that break a level, and ends with 1', async () => {
    const { code, out, err } = await espalier([
      'topology',
      'check',
      '-f',
      file('t.yaml', TOPOLOGY),
      file('n.yaml', NODES),
    ])
    expect([code, err.trim()]).toEqual([
      1,
      'error: default: rack r2 does not nest: it lies in 2 domains of zone: x (b), y (c)',
    ])
    expect(out).toContain('1 topology over 4 nodes, 1 error')
  })
})

describe('espalier topology show', () => {
  test('draws files, and says what else to look at', async () => {
    const args = ['topology', 'show', '-f', file('t.yaml', TOPOLOGY), '-f', file('n.yaml', NODES)]
    const { code, out, err } = await espalier(args)
    expect([code, out.split('\n').slice(0, 3)]).toEqual([
      0,
      [
        'topology default: zone > rack',
        'cluster           4 nodes, 32 GPUs, 32 free',
        '├─ zone x         2 nodes, 16 GPUs, 16 free',
      ],
    ])
    expect(err).toContain('espalier topology check')
    const exported = await espalier([...args, '-o', 'dot'])
    expect(exported.out).toMatch(/^digraph "default" \{\n[^]*\}\n$/)
  })

  test('refuses what it cannot read or draw: 2 for usage and manifests, 1 for a wrong topology', async () => {
    const nodes = file('n.yaml', NODES)
    const [output, unreadable, wrong, unknown] = await Promise.all([
      espalier(['topology', 'show', '-f', nodes, '-o', 'svg']),
      espalier(['topology', 'show', '-f', file('bad.yaml', 'apiVersion: v1\nkind: Node\nmetadata: [')]),
      espalier(['topology', 'show', '-f', nodes, file('wrong.yaml', 'topologies: 7\n')]),
      espalier(['topology', 'show', '-f', nodes, '--topology', 'gone']),
    ])
    expect([output.code, output.err.trim()]).toEqual([2, '--output: found "svg", want tree, json, dot, gexf'])
    expect([unreadable.code, unreadable.err]).toEqual([2, expect.stringMatching(/bad\.yaml:3:\d+: /)])
    expect([wrong.code, wrong.err]).toEqual([
      1,
      expect.stringMatching(/wrong\.yaml:1:13: topologies: found 7, want a list/),
    ])
    expect([unknown.code, unknown.err.trim()]).toEqual([1, '--topology: found "gone", want one of: (from labels)'])
  })

  test('draws a running cluster, with what its pods leave free', async () => {
    const up = await Up.start(['--no-sample'])
    try {
      const { code, out } = await espalier(['topology', 'show', '--kubeconfig', up.kubeconfig])
      expect([code, out]).toEqual([0, expect.stringMatching(/^cluster +\d+ nodes, \d+ GPUs, \d+ free$/m)])
      const checked = await espalier([
        'topology',
        'check',
        '-f',
        file('t.yaml', TOPOLOGY),
        '--kubeconfig',
        up.kubeconfig,
      ])
      expect(checked.out).toMatch(
        /level rack: no node carries the label example\.com\/rack[^]*1 topology over \d+ nodes/,
      )
    } finally {
      await up.stop()
    }
  })

  test('says which cluster it cannot reach', async () => {
    const config = file(
      'dead',
      'apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\ncurrent-context: c\n',
    )
    const { code, err } = await espalier(['topology', 'show', '--kubeconfig', config])
    expect([code, err]).toEqual([1, expect.stringMatching(/^cannot read .* of the cluster: /)])
  })
})
