/** The command line of each program of a control plane, and the files that it reads. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Program } from './binaries.ts'
import { kwokConfiguration } from './kwok-stages.ts'

export interface Layout {
  readonly folder: string
  /** The administrator's. */
  readonly token: string
  readonly etcdPort: number
  readonly peerPort: number
  readonly apiPort: number
}

/** What the programs are asked to be, beyond serving. */
export interface Features {
  readonly audit: boolean
  /** Feature gates of kube-apiserver and kube-scheduler. */
  readonly featureGates: Readonly<Record<string, boolean>>
  /** API groups and versions that kube-apiserver serves besides its own choice, as `group/version`. */
  readonly serves: readonly string[]
  /** Profiles of kube-scheduler, as in its configuration file. */
  readonly schedulerProfiles: readonly object[]
  readonly heartbeats: boolean
}

export const at = ({ folder }: Layout, name: string): string => join(folder, name)

/** Writes a file that a program reads, and gives its path. JSON is YAML too. */
function written(layout: Layout, name: string, content: object | readonly object[]): string {
  const documents = Array.isArray(content) ? content : [content]
  writeFileSync(at(layout, name), documents.map((document) => JSON.stringify(document)).join('\n---\n'))
  return at(layout, name)
}

const etcd = (layout: Layout): string[] => [
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

const audit = (layout: Layout): string[] => [
  `--audit-policy-file=${written(layout, 'audit-policy.json', AUDIT_POLICY)}`,
  `--audit-log-path=${at(layout, 'audit.log')}`,
  '--audit-log-maxsize=1000',
]

function gates({ featureGates }: Features): string[] {
  const named = Object.entries(featureGates).map(([name, isOn]) => `${name}=${isOn}`)
  return named.length === 0 ? [] : [`--feature-gates=${named.join()}`]
}

const apiServer = (layout: Layout, features: Features): string[] => [
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
  ...gates(features),
  ...(features.serves.length === 0 ? [] : [`--runtime-config=${features.serves.map((each) => `${each}=true`).join()}`]),
  ...(features.audit ? audit(layout) : []),
]

/** The limits of their own, 20 and 50 requests a second, would be what a test waits for and a benchmark measures. */
const REQUESTS_PER_SECOND = 5_000

const controllerManager = (layout: Layout): string[] => [
  `--kubeconfig=${at(layout, 'kubeconfig')}`,
  `--service-account-private-key-file=${at(layout, 'sa.key')}`,
  `--root-ca-file=${at(layout, 'certs/apiserver.crt')}`,
  '--controllers=*,-node-lifecycle-controller,-taint-eviction-controller',
  `--kube-api-qps=${REQUESTS_PER_SECOND}`,
  `--kube-api-burst=${REQUESTS_PER_SECOND}`,
  '--secure-port=0',
  '--leader-elect=false',
]

function scheduler(layout: Layout, features: Features): string[] {
  const configuration = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig: at(layout, 'kubeconfig'), qps: REQUESTS_PER_SECOND, burst: REQUESTS_PER_SECOND },
    leaderElection: { leaderElect: false },
    ...(features.schedulerProfiles.length === 0 ? {} : { profiles: features.schedulerProfiles }),
  }
  return [`--config=${written(layout, 'scheduler.yaml', configuration)}`, '--secure-port=0', ...gates(features)]
}

const kwok = (layout: Layout, { heartbeats }: Features): string[] => [
  `--config=${written(layout, 'kwok.yaml', kwokConfiguration({ heartbeats }))}`,
  `--kubeconfig=${at(layout, 'kubeconfig')}`,
]

/** The programs that serve, run and simulate, in the order of their start; kubectl is none of them. */
export const COMMAND_LINES: Readonly<
  Record<Exclude<Program, 'kubectl'>, (layout: Layout, features: Features) => string[]>
> = {
  etcd,
  'kube-apiserver': apiServer,
  'kube-controller-manager': controllerManager,
  'kube-scheduler': scheduler,
  kwok,
}
