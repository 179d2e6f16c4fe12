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
import { cpuMsOf } from '../servers.ts'
import { benchNodes } from './objects.ts'
import { endWithUs } from './recorded-process.ts'

export interface BenchWorld {
  readonly name: 'embedded' | 'real'
  readonly kubeconfig: string
  readonly config: ClusterConfig
  readonly client: KubeClient
  /** A namespace in which pods may be made. */
  makeNamespace(name: string): Promise<void>
  /** User and system time so far of all that the cluster consists of; NaN where there is no /proc. */
  cpuMs(): number
  stop(): Promise<void>
}

const LOOK_MS = 50

interface Cluster {
  readonly name: BenchWorld['name']
  readonly kubeconfig: string
  readonly nodes: number
  readonly pids: () => readonly number[]
  readonly end: () => Promise<void>
}

async function connected({ name, kubeconfig, nodes, pids, end }: Cluster): Promise<BenchWorld> {
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
    cpuMs: () => pids().reduce((sum, pid) => sum + (cpuMsOf(pid) ?? Number.NaN), 0),
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
  const end = async (): Promise<void> => {
    child.stdin.end()
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  return connected({ name: 'embedded', kubeconfig, nodes, pids: () => [child.pid!], end })
}

/** Null, after a loud line, where its programs are not to be had, and where ESPALIER_PEERS says `none`. */
export async function startRealWorld(nodes: number): Promise<BenchWorld | null> {
  if (process.env['ESPALIER_PEERS'] === 'none') return null
  const plane = await startControlPlane({ kwok: true })
  if (plane === null) return null
  const { kubeconfig } = plane
  const pids = (): number[] => Object.values(plane.pids())
  return connected({ name: 'real', kubeconfig, nodes, pids, end: () => plane.stop() })
}
