/** The command as a child process, with the credentials of one service account. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { Transport } from '../../kube/transport.ts'
import { ROOT } from '../cli/espalier.ts'
import type { ControlPlane } from './control-plane.ts'

/** A bound token of the account, as a pod would be given one. */
export async function tokenOf(transport: Transport, namespace: string, account: string): Promise<string> {
  const answer = await transport.request({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
    deadlineMs: 30_000,
  })
  if (answer.status !== 201) throw new Error(`no token of ${namespace}/${account}: ${answer.body}`)
  return (JSON.parse(answer.body) as KubeObject & { status: { token: string } }).status.token
}

/** Writes a kubeconfig with that token. `server` is the control plane's own address, or that of a proxy before it. */
export function kubeconfigWith(plane: ControlPlane, name: string, token: string, server: string = plane.url): string {
  const ca = readFileSync(join(plane.folder, 'certs/apiserver.crt')).toString('base64')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, 'certificate-authority-data': ca } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  }
  const file = join(plane.folder, `${name}.kubeconfig`)
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  return file
}

export class Half {
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>
  #said = ''

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [join(ROOT, 'cli/main.ts'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#ended = new Promise((resolve) => this.#child.once('exit', resolve))
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#said += text))
  }

  /** All that it has written so far. */
  get said(): string {
    return this.#said
  }

  /** Its exit code, once it ends by itself. */
  get ended(): Promise<number | null> {
    return this.#ended
  }

  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.#ended
  }
}
