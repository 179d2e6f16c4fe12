/** A real kube-apiserver with etcd, and controllers where asked, on free ports in a temporary folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPrograms, type Program } from './binaries.ts'

export interface ControlPlaneOptions {
  /** kube-controller-manager: garbage collection, namespaces, tokens. Default true. */
  readonly controllers?: boolean
  /** Records who asked for what, of all service accounts, in `audit.log` of the folder: a JSON event a line. */
  readonly audit?: boolean
  /** Builds what is in no cache, which takes minutes. Default false: test files find what build-once.ts has built. */
  readonly mayBuild?: boolean
}

export interface ControlPlane {
  readonly folder: string
  readonly url: string
  /** A kubeconfig file of a cluster administrator. */
  readonly kubeconfig: string
  /** The process whose children the programs are. */
  readonly pid: number
  /** Ends the programs and removes the folder. */
  stop(): Promise<void>
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

interface Layout {
  readonly folder: string
  readonly token: string
  readonly etcdPort: number
  readonly peerPort: number
  readonly apiPort: number
}

const at = ({ folder }: Layout, name: string): string => join(folder, name)

function writeCredentials(layout: Layout): void {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  writeFileSync(at(layout, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }))
  writeFileSync(at(layout, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
  writeFileSync(at(layout, 'tokens.csv'), `${layout.token},admin,admin,"system:masters"\n`, { mode: 0o600 })
}

const etcdArgs = (layout: Layout): string[] => [
  `--data-dir=${at(layout, 'etcd')}`,
  `--listen-client-urls=http://127.0.0.1:${layout.etcdPort}`,
  `--advertise-client-urls=http://127.0.0.1:${layout.etcdPort}`,
  `--listen-peer-urls=http://127.0.0.1:${layout.peerPort}`,
  '--unsafe-no-fsync',
]

/** What service accounts ask for, and what was decided; no bodies. */
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', userGroups: ['system:serviceaccounts'] }, { level: 'None' }],
}

function auditArgs(layout: Layout): string[] {
  writeFileSync(at(layout, 'audit-policy.json'), JSON.stringify(AUDIT_POLICY))
  return [
    `--audit-policy-file=${at(layout, 'audit-policy.json')}`,
    `--audit-log-path=${at(layout, 'audit.log')}`,
    '--audit-log-maxsize=1000',
  ]
}

const apiServerArgs = (layout: Layout): string[] => [
  `--etcd-servers=http://127.0.0.1:${layout.etcdPort}`,
  `--secure-port=${layout.apiPort}`,
  '--bind-address=127.0.0.1',
  // Nobody reaches this server through the Service `kubernetes`, and loopback addresses may not stand in it.
  '--endpoint-reconciler-type=none',
  `--cert-dir=${at(layout, 'certs')}`,
  `--token-auth-file=${at(layout, 'tokens.csv')}`,
  '--authorization-mode=RBAC',
  '--service-account-issuer=https://kubernetes.default.svc',
  `--service-account-key-file=${at(layout, 'sa.pub')}`,
  `--service-account-signing-key-file=${at(layout, 'sa.key')}`,
  '--service-cluster-ip-range=10.0.0.0/16',
  // Nobody clears the not-ready taint of nodes that no kubelet runs on.
  '--disable-admission-plugins=TaintNodesByCondition',
]

const controllerArgs = (layout: Layout): string[] => [
  `--kubeconfig=${at(layout, 'kubeconfig')}`,
  `--service-account-private-key-file=${at(layout, 'sa.key')}`,
  `--root-ca-file=${at(layout, 'certs/apiserver.crt')}`,
  '--controllers=*,-node-lifecycle-controller,-taint-eviction-controller',
  '--secure-port=0',
  '--leader-elect=false',
]

function writeKubeconfig(layout: Layout): string {
  const file = at(layout, 'kubeconfig')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [
      {
        name: 'test',
        cluster: {
          server: `https://127.0.0.1:${layout.apiPort}`,
          'certificate-authority-data': readFileSync(at(layout, 'certs/apiserver.crt')).toString('base64'),
        },
      },
    ],
    users: [{ name: 'admin', user: { token: layout.token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
  }
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  return file
}

/** Whether /readyz answers 200. The certificate is the server's own: nothing secret is sent before it is pinned. */
const isUp = (layout: Layout): Promise<boolean> =>
  new Promise((resolve) => {
    const asked = request(
      { host: '127.0.0.1', port: layout.apiPort, path: '/readyz', rejectUnauthorized: false, timeout: 2_000 },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode === 200)
      },
    )
    asked.on('error', () => resolve(false))
    asked.on('timeout', () => asked.destroy())
    asked.end()
  })

/** The first of the programs whose log says that it has ended, with its last lines; null while all of them run. */
function whatEnded(layout: Layout, programs: readonly Program[]): string | null {
  for (const program of programs) {
    const lines = readFileSync(at(layout, `${program}.log`), 'utf8')
      .trimEnd()
      .split('\n')
    if (lines.some((line) => line.startsWith('*** ended:'))) return `${program} did not stay up:\n${tailOf(lines)}`
  }
  return null
}

const tailOf = (lines: readonly string[]): string => lines.slice(-15).join('\n')

/** Rejects with the words of the program that ended or does not answer. */
async function untilUp(layout: Layout, keeper: ChildProcess): Promise<void> {
  const endMs = performance.now() + 60_000
  while (!(await isUp(layout))) {
    const ended = whatEnded(layout, ['etcd', 'kube-apiserver'])
    if (ended !== null) throw new Error(ended)
    if (performance.now() > endMs || keeper.exitCode !== null) {
      const lines = readFileSync(at(layout, 'kube-apiserver.log'), 'utf8').split('\n')
      throw new Error(`kube-apiserver did not come up in 60 s:\n${tailOf(lines)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function stop(keeper: ChildProcess, folder: string): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    if (keeper.exitCode !== null) resolve()
    keeper.once('exit', () => resolve())
  })
  keeper.stdin?.end()
  await ended
  rmSync(folder, { recursive: true, force: true })
}

/** Null, after a loud line, where the programs are not to be had. */
export async function startControlPlane({
  controllers = true,
  audit = false,
  mayBuild = false,
}: ControlPlaneOptions = {}): Promise<ControlPlane | null> {
  const wanted: Program[] = ['etcd', 'kube-apiserver', ...(controllers ? (['kube-controller-manager'] as const) : [])]
  const programs = findPrograms(wanted, { mayBuild })
  if (programs === null) return null
  const folder = mkdtempSync(join(tmpdir(), 'espalier-control-plane-'))
  const [etcdPort, peerPort, apiPort] = await Promise.all([freePort(), freePort(), freePort()])
  const layout: Layout = { folder, token: randomBytes(24).toString('hex'), etcdPort, peerPort, apiPort }
  mkdirSync(at(layout, 'certs'))
  writeCredentials(layout)
  const keeper = spawn(process.execPath, [join(import.meta.dirname, 'keeper.ts')], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  const run = (program: Program, args: string[]): void => {
    const log = at(layout, `${program}.log`)
    writeFileSync(log, '')
    keeper.stdin?.write(`${JSON.stringify({ file: programs[program], args, log })}\n`)
  }
  run('etcd', etcdArgs(layout))
  run('kube-apiserver', [...apiServerArgs(layout), ...(audit ? auditArgs(layout) : [])])
  try {
    await untilUp(layout, keeper)
  } catch (error) {
    await stop(keeper, folder)
    throw error
  }
  const kubeconfig = writeKubeconfig(layout)
  if (controllers) run('kube-controller-manager', controllerArgs(layout))
  return {
    folder,
    url: `https://127.0.0.1:${apiPort}`,
    kubeconfig,
    pid: keeper.pid ?? 0,
    stop: () => stop(keeper, folder),
  }
}
