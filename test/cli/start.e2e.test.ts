/** What `npm start` meets on a real machine: Ctrl-C, a port that is taken, a folder that cannot be written. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { realClock } from '../../kube/clock.ts'
import { seededRandom } from '../../kube/random.ts'
import { LEASES } from '../../kube/resources.ts'
import { createCluster } from '../../sim/cluster.ts'
import { espalier, ROOT } from './espalier.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-start-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Runs in a process group of its own, as a terminal's foreground job, and signals the whole group as Ctrl-C does. */
function interruptOnceReady(file: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(file, [...args], { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.setEncoding('utf8').once('data', () => process.kill(-(child.pid ?? 0), 'SIGINT'))
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })))
}

describe('Ctrl-C', () => {
  // The terminal signals bootstrap.mjs and the command alike, and bootstrap.mjs passes it on: it comes twice. npm's
  // shell gets it too, and would end with 130 whatever the command says, unless the starter has taken its place.
  test('ends npm start cleanly: the shell of its script, the starter and the command', async () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } }
    const script = scripts.start.replace('cli/bootstrap.mjs', join(ROOT, 'cli/bootstrap.mjs'))
    expect(await interruptOnceReady('sh', ['-c', `${script} --no-sample`])).toEqual({ code: 0, signal: null })
  })
})

test('a port that is taken is named, with what to do, and nothing is left running', async () => {
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  const { port } = holder.address() as AddressInfo
  const { code, err } = await espalier(['up', '--port', String(port)], { cwd: folder })
  holder.close()
  expect(code).toBe(1)
  expect(err).toMatch(new RegExp(`^port ${port} cannot be used .*: choose another --port, or 0 for a free one\n$`))
})

test('an address for reports that is taken is named, and the Lease is given back', async () => {
  const cluster = createCluster({ clock: realClock, random: seededRandom(1), nodes: [] })
  await cluster.start()
  const server = await cluster.listen(0)
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, cluster.kubeconfig(server.url))
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(holder.address() as AddressInfo).port}`
  const { code, err } = await espalier(['scheduler', '--kubeconfig', kubeconfig, '--listen', address])
  holder.close()
  expect(code).toBe(1)
  expect(err).toContain(`--listen ${address}: `)
  const leases = await cluster.client.list<KubeObject>(LEASES)
  await server.close()
  await cluster.stop()
  const items = leases.kind === 'ok' ? leases.value.items : null
  expect(items?.map((lease) => (lease['spec'] as { holderIdentity?: string }).holderIdentity ?? '')).toEqual([''])
})

test('a folder in which the kubeconfig cannot be written is named, with what to do', async () => {
  const inside = mkdtempSync(join(folder, 'blocked-'))
  writeFileSync(join(inside, '.espalier'), 'a file where a folder is wanted')
  const { code, err } = await espalier(['up', '--once'], { cwd: inside })
  expect(code).toBe(1)
  expect(err).toMatch(/\.espalier\/kubeconfig cannot be written \(.*\): start in a folder that you may write to\n$/)
})

test('a kubeconfig that is not there is named without a stack', async () => {
  const { code, err } = await espalier(['run', '--kubeconfig', join(folder, 'nothing')])
  expect(code).toBe(2)
  expect(err).toMatch(/^kubeconfig .*nothing cannot be read: ENOENT.*\n$/)
})
