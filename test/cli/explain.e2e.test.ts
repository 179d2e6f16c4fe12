import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Explanation } from '../../api/explanation.ts'
import { espalier, Up } from './espalier.ts'

const BIG = `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: big, namespace: default}
spec:
  replicas: 1
  template:
    topologyConstraint: {pack: {required: rack}}
    cliques:
      - name: worker
        spec:
          roleName: worker
          replicas: 20
          podSpec: {containers: [{name: m, image: i, resources: {limits: {nvidia.com/gpu: "4"}}}]}
`

describe('espalier explain', () => {
  let up: Up
  let empty = ''
  beforeAll(async () => {
    empty = mkdtempSync(join(tmpdir(), 'espalier-explain-'))
    const sample = join(empty, 'big.yaml')
    writeFileSync(sample, BIG)
    up = await Up.start(['--sample', sample])
  }, 100_000)
  afterAll(async () => {
    await up.stop()
    rmSync(empty, { recursive: true, force: true })
  })

  /** What the command says in the folder of `up`, with no flag that tells it where to ask. */
  async function settled(args: readonly string[], says: string): Promise<string> {
    let out = ''
    await up.waitFor(async () => {
      const done = await espalier(['explain', ...args], { cwd: up.folder })
      out = done.out
      return done.code === 0 && out.includes(says)
    }, says)
    return out
  }

  test('asks the cluster that `up` started in this folder, with no flags', async () => {
    const out = await settled(['big-0'], 'has no place')
    expect(out).toContain('PodGang default/big-0 has no place (Pending)')
    expect(out).toMatch(
      /DomainTooSmall: gang: no rack fits 20 pods; the best, \S+, fits 18; nvidia.com\/gpu is short by 8 there/,
    )
    const why = JSON.parse(await settled(['-o', 'json', 'default/big-0'], '"refused"')) as Explanation
    expect(why.nearest).toMatchObject({ level: 'rack', podsNeeded: 20, podsFitting: 18 })
    expect(why.changes?.smallest?.what).toBe("relax the gang's required level from rack to block")
  })

  test('says which gangs there are when it is asked for another', async () => {
    const { code, err } = await espalier(['explain', 'nothing'], { cwd: up.folder })
    expect([code, err]).toEqual([1, 'no PodGang default/nothing: there are default/big-0\n'])
  })

  test('says where it asked when nobody answers', async () => {
    const { code, err } = await espalier(['explain', 'g', '--report-url', 'http://127.0.0.1:9'], { cwd: empty })
    expect(code).toBe(1)
    expect(err).toContain('no scheduler answers at http://127.0.0.1:9 (--report-url)')
    expect((await espalier(['explain', 'g', '--report-url', 'nonsense'], { cwd: empty })).code).toBe(2)
    expect((await espalier(['explain', 'g', '-o', 'xml'], { cwd: empty })).code).toBe(2)
  })

  test('asks manifests without any cluster', async () => {
    const file = join(empty, 'nodes.yaml')
    const nodes = ['n1', 'n2'].map(
      (name) =>
        `---\napiVersion: v1\nkind: Node\nmetadata: {name: ${name}, labels: {fabric.topograph.run/tier-1: r1}}\nstatus: {allocatable: {cpu: "64", memory: 512Gi, pods: "110", nvidia.com/gpu: "4"}}\n`,
    )
    writeFileSync(file, nodes.join('') + BIG.replace('required: rack', 'required: tier-1').replace(/^/, '---'))
    const { code, out } = await espalier(['explain', 'big-0', '-f', file], { cwd: empty })
    expect(code).toBe(0)
    expect(out).toContain('2 of 20')
    const none = await espalier(['explain', 'x', '-f', file], { cwd: empty })
    expect([none.code, none.err]).toEqual([1, 'no PodGang default/x: there are default/big-0\n'])
  })
})
