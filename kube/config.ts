import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, resolve } from 'node:path'
import type { KubeConfig, User } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { isThere, plainConfig, podConfig } from './plain-config.ts'

/** Key material as node:tls takes it. */
export interface TlsMaterial {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly passphrase?: string
  readonly rejectUnauthorized?: boolean
  readonly servername?: string
}

/** What proves who we are, as of now: tokens and client certificates rotate. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsMaterial
}

/** Where a cluster is, and how to be let in. */
export interface ClusterConfig {
  /** `https://host:port` or `http://host:port`, with a path where a proxy serves several clusters. */
  readonly server: string
  /** The context's namespace. */
  readonly namespace: string
  readonly proxyUrl: string | null
  /** Reads files and runs exec plugins when they are due; rejects when that fails. */
  readonly credentials: () => Promise<Credentials>
}

export interface ConfigSource {
  /** A file. Without it: $KUBECONFIG, else the service account of the pod we run in, else ~/.kube/config. */
  readonly kubeconfig?: string
  /** The current one if not given. */
  readonly context?: string
}

/** A server that asks for no credentials, as the embedded cluster's. Needs none of client-node. */
export function openServer(server: string): ClusterConfig {
  const credentials = { headers: {}, tls: {} }
  return { server, namespace: 'default', proxyUrl: null, credentials: () => Promise.resolve(credentials) }
}

/** Rejects with a sentence that names the file or the context that is missing or wrong. */
export async function loadConfig(source: ConfigSource = {}): Promise<ClusterConfig> {
  const plain = plainOf(source)
  if (plain !== null) return plain
  const { KubeConfig } = await import('@kubernetes/client-node') // half a second: only for those who need it
  const config = new KubeConfig()
  const files = load(config, source)
  if (source.context !== undefined) config.setCurrentContext(source.context)
  const context = config.getContextObject(config.getCurrentContext())
  const cluster = config.getCurrentCluster()
  if (context === null || cluster === null) throw new Error(noContext(config, source, files))
  const user = config.getCurrentUser()
  if (user !== null) completeUser(user, files)
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: context.namespace ?? 'default',
    proxyUrl: cluster.proxyUrl ?? null,
    credentials: () => credentialsOf(config),
  }
}

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/** In order; none: $KUBECONFIG is not set. */
function filesOf({ kubeconfig }: ConfigSource): readonly string[] {
  if (kubeconfig !== undefined) return [kubeconfig]
  return (process.env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '')
}

/** Null: client-node has to read it, or to say what is wrong with it. */
function plainOf(source: ConfigSource): ClusterConfig | null {
  const files = filesOf(source)
  if (files.length > 1) return null
  if (files.length === 1) return plainConfig(files[0]!, source.context)
  if (process.env['KUBERNETES_SERVICE_HOST'] === undefined)
    return plainConfig(resolve(homedir(), '.kube', 'config'), source.context)
  return source.context === undefined ? podConfig(process.env) : null
}

/** Returns the files that were read, in order. */
function load(config: KubeConfig, source: ConfigSource): readonly string[] {
  const files = filesOf(source)
  if (files.length > 0) return loadFiles(config, files)
  if (process.env['KUBERNETES_SERVICE_HOST'] !== undefined && isThere(SERVICE_ACCOUNT_TOKEN)) {
    config.loadFromCluster()
    return []
  }
  const home = resolve(homedir(), '.kube', 'config')
  if (isThere(home)) return loadFiles(config, [home])
  throw new Error(`no cluster: no --kubeconfig, no $KUBECONFIG, not in a pod, and no ${home}`)
}

function loadFiles(config: KubeConfig, files: readonly string[]): readonly string[] {
  files.forEach((file, i) => {
    const part = i === 0 ? config : new (config.constructor as typeof KubeConfig)()
    try {
      part.loadFromFile(file)
      if (i > 0) config.mergeConfig(part, config.currentContext !== undefined)
    } catch (error) {
      throw new Error(`kubeconfig ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  })
  return files
}

function noContext(config: KubeConfig, { context }: ConfigSource, files: readonly string[]): string {
  const names = config
    .getContexts()
    .map(({ name }) => name)
    .join(', ')
  const wanted = context ?? config.getCurrentContext() ?? ''
  const missing = wanted === '' ? 'no current context' : `no context "${wanted}" with a cluster`
  return `${missing} in ${files.join(', ')}; there are: ${names || 'none'}`
}

/** What client-node leaves out: `tokenFile`, and what exec plugins are told about their caller. */
function completeUser(user: User, files: readonly string[]): void {
  const tokenFile = files.map((file) => tokenFileOf(file, user.name)).find((found) => found !== null)
  if (tokenFile) Object.assign(user, { authProvider: { name: 'tokenFile', config: { tokenFile } }, token: undefined })
  const exec = user.exec as { apiVersion?: string; env?: { name: string; value: string }[] } | null | undefined
  if (!exec || exec.env?.some(({ name }) => name === EXEC_INFO)) return
  const info = { apiVersion: exec.apiVersion, kind: 'ExecCredential', spec: { interactive: false } }
  exec.env = [...(exec.env ?? []), { name: EXEC_INFO, value: JSON.stringify(info) }]
}

const EXEC_INFO = 'KUBERNETES_EXEC_INFO'

/** Absolute; null: this file's user of that name has none. */
function tokenFileOf(file: string, userName: string): string | null {
  const config = parse(readFileSync(file, 'utf8')) as { users?: { name?: string; user?: { tokenFile?: string } }[] }
  const tokenFile = config.users?.find(({ name }) => name === userName)?.user?.tokenFile
  return tokenFile ? resolve(dirname(file), tokenFile) : null
}

interface AuthSink {
  setHeaderParam(name: string, value: string): void
  setDispatcher(): void
}

/**
 * client-node works out the credentials and would then open an agent a request; it is handed a context that keeps
 * the headers, and an agent maker that keeps the key material and makes none.
 */
async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const headers: Record<string, string> = {}
  let tls: TlsMaterial = {}
  const keepTls = (_cluster: unknown, material: TlsMaterial): void => {
    tls = withoutUndefined(material)
  }
  Object.assign(config, { createDispatcher: keepTls })
  const sink: AuthSink = {
    setHeaderParam: (name, value) => {
      headers[name.toLowerCase()] = value.trim() // token files end in a newline
    },
    setDispatcher: () => {},
  }
  await config.applySecurityAuthentication(sink as unknown as Parameters<KubeConfig['applySecurityAuthentication']>[0])
  return { headers, tls }
}

const withoutUndefined = (material: TlsMaterial): TlsMaterial =>
  Object.fromEntries(Object.entries(material).filter(([, value]) => value !== undefined && value !== null))
