/** Two API servers to be measured side by side: the embedded one in a process of its own, and kube-apiserver with etcd. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { KubeClient } from '../kube/client.ts'
import { type ClusterConfig, loadConfig, openServer } from '../kube/config.ts'
import { httpTransport } from '../kube/http-transport.ts'
import { kubeClient } from '../kube/kube-client.ts'
import { startControlPlane } from '../test/controlplane/control-plane.ts'

export interface BenchServer {
  readonly name: 'embedded' | 'real'
  readonly client: KubeClient
  /** Arguments by which a process of this folder finds the server. */
  readonly address: readonly string[]
  /** What the API server alone has used of the processors so far, without etcd; null where that cannot be read. */
  cpuMs(): number | null
  /** Of the API server's process. */
  readonly pid: number | null
  stop(): Promise<void>
}

/** Linux counts in ticks of 10 ms. */
const TICK_MS = 10

/** User and system time of a process; null where there is no /proc, or no such process. */
export function cpuMsOf(pid: number): number | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  } catch {
    return null
  }
}

/** The child of that name. */
function childOf(pid: number, name: string): number | null {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
    return children.find((child) => readFileSync(`/proc/${child}/comm`, 'utf8').trim() === name) ?? null
  } catch {
    return null
  }
}

/** A file by which the command finds the server. */
export function kubeconfigOf({ address: [how, where = ''] }: BenchServer): string {
  if (how === '--kubeconfig') return where
  const file = join(mkdtempSync(join(tmpdir(), 'espalier-bench-')), 'kubeconfig')
  const of = (list: string, name: string, body: object): object => ({ [list]: [{ name: 'a', [name]: body }] })
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    ...of('clusters', 'cluster', { server: where }),
    ...of('users', 'user', {}),
    ...of('contexts', 'context', { cluster: 'a', user: 'a' }),
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

/** From `--server URL` or `--kubeconfig FILE`, as `address` says it. */
export const configOf = (address: readonly string[]): Promise<ClusterConfig> =>
  address[0] === '--server' ? Promise.resolve(openServer(address[1]!)) : loadConfig({ kubeconfig: address[1]! })

async function connected(
  name: BenchServer['name'],
  address: readonly string[],
  end: () => Promise<void>,
): Promise<Pick<BenchServer, 'name' | 'client' | 'address' | 'stop'>> {
  const transport = httpTransport(await configOf(address))
  const stop = async (): Promise<void> => {
    await transport.close()
    await end()
  }
  return { name, address, client: kubeClient(transport), stop }
}

/** The first line that a process prints. */
function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout! }).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`the embedded server ended with ${code}`)))
  })
}

/** ESPALIER_PROFILE names a folder for a CPU profile of the server. */
const profileArgs = (): string[] => {
  const folder = process.env['ESPALIER_PROFILE']
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}

/** The embedded server alone, without controllers and simulated nodes: what kube-apiserver and etcd are together. */
export async function startEmbedded(seed: number): Promise<BenchServer> {
  const file = join(import.meta.dirname, 'processes/server.ts')
  const child = spawn(process.execPath, [...profileArgs(), file, String(seed)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = await firstLine(child)
  const end = (): Promise<void> => {
    child.stdin?.end()
    return ended
  }
  const pid = child.pid!
  return { ...(await connected('embedded', ['--server', url], end)), pid, cpuMs: () => cpuMsOf(pid) }
}

/**
 * kube-apiserver over etcd; null, after a loud line, where its programs are not to be had, and where ESPALIER_PEERS
 * says `none`.
 */
export async function startReal(): Promise<BenchServer | null> {
  if (process.env['ESPALIER_PEERS'] === 'none') return null
  const plane = await startControlPlane({ controllers: false })
  if (plane === null) return null
  const server = await connected('real', ['--kubeconfig', plane.kubeconfig], () => plane.stop())
  const pid = childOf(plane.pid, 'kube-apiserver')
  await makeServiceAccount(server.client)
  return { ...server, pid, cpuMs: () => (pid === null ? null : cpuMsOf(pid)) }
}

/** What a controller would make: pods are refused without it. */
async function makeServiceAccount(client: KubeClient): Promise<void> {
  const type = { group: '', version: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true }
  const metadata = { name: 'default', namespace: 'default' }
  for (;;) {
    const answer = await client.create(type, { apiVersion: 'v1', kind: 'ServiceAccount', metadata })
    if (answer.kind === 'ok' || answer.reason === 'AlreadyExists') return
    if (answer.reason !== 'NotFound') throw new Error(`the default service account: ${answer.message}`)
    await new Promise((resolve) => setTimeout(resolve, 100)) // the namespace `default` comes a moment later
  }
}
