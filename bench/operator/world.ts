/** Two clusters with the same simulated nodes: the embedded one in a process of its own, and a real control plane with kwok. */
import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { installCrds } from '../../cli/serve.ts'
import type { Node } from '../../api/kinds/kubernetes.ts'
import type { KubeClient } from '../../kube/client.ts'
import { realClock } from '../../kube/clock.ts'
import { type ClusterConfig, loadConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { NAMESPACES, NODES, SERVICE_ACCOUNTS } from '../../kube/resources.ts'
import { kubeconfigText } from '../../sim/kubeconfig.ts'
import { startControlPlane } from '../../test/controlplane/control-plane.ts'
import { createNodes } from '../../test/controlplane/nodes.ts'
import { take } from '../load.ts'
import { benchNodes } from './objects.ts'
import { endWithUs } from './recorded-process.ts'

export interface BenchWorld {
  readonly name: 'embedded' | 'real'
  readonly kubeconfig: string
  readonly config: ClusterConfig
  readonly client: KubeClient
  /** A namespace in which pods may be made. */
  makeNamespace(name: string): Promise<void>
  stop(): Promise<void>
}

const LOOK_MS = 50

async function connected(
  name: BenchWorld['name'],
  kubeconfig: string,
  nodes: number,
  end: () => Promise<void>,
): Promise<BenchWorld> {
  const config = await loadConfig({ kubeconfig })
  const transport = httpTransport(config)
  const client = kubeClient(transport)
  assert.deepEqual(await installCrds(client, realClock), [])
  if (name === 'real') await createNodes(client, benchNodes(nodes))
  await until(async () => take(await client.list<Node>(NODES)).items.filter(isReady).length === nodes)
  return {
    name,
    kubeconfig,
    config,
    client,
    makeNamespace: (namespace) => makeNamespace(client, namespace),
    async stop() {
      await transport.close()
      await end()
    },
  }
}

const isReady = ({ status }: Node): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true

async function makeNamespace(client: KubeClient, name: string): Promise<void> {
  take(await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
  await until(async () => (await client.get(SERVICE_ACCOUNTS, { namespace: name, name: 'default' })).kind === 'ok')
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
}

export async function startEmbeddedWorld(seed: number, nodes: number): Promise<BenchWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'))
  const profile = process.env['ESPALIER_PROFILE']
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const args = [
    ...profiling,
    join(import.meta.dirname, '../processes/simulated-cluster.ts'),
    String(seed),
    String(nodes),
  ]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  endWithUs(child)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`the embedded cluster ended with ${code}`)))
  })
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigText(url))
  return connected('embedded', kubeconfig, nodes, async () => {
    child.stdin.end()
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
}

/** Null, after a loud line, where its programs are not to be had, and where ESPALIER_PEERS says `none`. */
export async function startRealWorld(nodes: number): Promise<BenchWorld | null> {
  if (process.env['ESPALIER_PEERS'] === 'none') return null
  const plane = await startControlPlane({ kwok: true })
  return plane === null ? null : connected('real', plane.kubeconfig, nodes, () => plane.stop())
}
