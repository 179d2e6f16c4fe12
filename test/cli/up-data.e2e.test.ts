import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { espalier, hasKubectl, Up } from './espalier.ts'

let root = ''
let up: Up | null = null
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'espalier-up-data-'))
})
afterEach(async () => {
  await up?.stop()
  up = null
  rmSync(root, { recursive: true, force: true })
})

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {schedulerName: espalier, containers: [{name: main, image: engine}]}
`

describe('espalier up --data', () => {
  test.skipIf(!hasKubectl)(
    'goes on after a crash with every object, and leaves bound pods where they are',
    async () => {
      const args = ['--data', join(root, 'cluster'), '--no-sample', '--racks', '1']
      up = await Up.start(args)
      const out = async (...words: readonly string[]): Promise<string> => {
        const { code, out: text, err } = await up!.kubectl(...words)
        expect(err.includes('rror') ? err : '', words.join(' ')).toBe('')
        expect(code).toBe(0)
        return text
      }
      expect((await up.kubectlWith(DEPLOYMENT, 'apply', '-f', '-')).code).toBe(0)
      await out('rollout', 'status', 'deployment/web', '--timeout=60s')
      await out('create', 'configmap', 'note', '--from-literal=text=kept')
      await out('delete', 'secret', 'hf-token-secret')
      const placed = ['get', 'pods', '-o', 'jsonpath={range .items[*]}{.metadata.uid} {.spec.nodeName}{"\\n"}{end}']
      const before = await out(...placed)
      expect(before.trim().split('\n')).toHaveLength(3)
      const version = Number(await out('get', 'configmap', 'note', '-o', 'jsonpath={.metadata.resourceVersion}'))
      await up.kill()

      up = await Up.start(args)
      expect(await out('get', 'configmap', 'note', '-o', 'jsonpath={.data.text}')).toBe('kept')
      expect((await up.kubectl('get', 'secret', 'hf-token-secret')).err).toContain('not found')
      await out('get', 'podcliquesets')
      await out('scale', 'deployment/web', '--replicas=4')
      await out('rollout', 'status', 'deployment/web', '--timeout=60s')
      const after = (await out(...placed)).trim().split('\n')
      expect(after).toHaveLength(4)
      expect(after).toEqual(expect.arrayContaining(before.trim().split('\n')))
      await out('create', 'configmap', 'later', '--from-literal=a=b')
      expect(
        Number(await out('get', 'configmap', 'later', '-o', 'jsonpath={.metadata.resourceVersion}')),
      ).toBeGreaterThan(version)
    },
    120_000,
  )

  test('a folder of somebody else is refused with exit code 2, and left alone', async () => {
    writeFileSync(join(root, 'diary.txt'), 'mine')
    const { code, err } = await espalier(['up', '--once', '--data', root], { cwd: root })
    expect([code, err]).toEqual([2, expect.stringContaining('holds other files')])
    expect(readdirSync(root)).toEqual(['diary.txt'])
  })
})
