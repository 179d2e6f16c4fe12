/**
 * The plain cases of a kubeconfig and the service account of a pod, read without client-node: loading that costs every
 * start half a second of processor time and 20 MB. Exec plugins, auth providers, impersonation, several files and
 * whatever is missing or wrong are left to it (`config.ts`).
 */
import { accessSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import type { ClusterConfig, Credentials, TlsMaterial } from './config.ts'

type Fields = Readonly<Record<string, unknown>>
type Names = 'contexts' | 'clusters' | 'users'

const CLUSTER_KEYS: ReadonlySet<string> = new Set([
  'server',
  'certificate-authority',
  'certificate-authority-data',
  'insecure-skip-tls-verify',
  'tls-server-name',
  'proxy-url',
  'extensions',
])
const USER_KEYS: ReadonlySet<string> = new Set([
  'token',
  'tokenFile',
  'client-certificate',
  'client-certificate-data',
  'client-key',
  'client-key-data',
  'extensions',
])

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null
const textAt = (of: Fields, key: string): string | null => {
  const value = of[key]
  return typeof value === 'string' && value !== '' ? value : null
}
/** YAML reads `token: 123` as a number, which client-node takes for a text: then it is not plain. */
const areTexts = (of: Fields): boolean =>
  Object.entries(of).every(
    ([key, value]) => OTHERWISE.has(key) || value === undefined || value === null || typeof value === 'string',
  )
const OTHERWISE: ReadonlySet<string> = new Set(['insecure-skip-tls-verify', 'extensions'])
const hasOnly = (of: Fields, keys: ReadonlySet<string>): boolean => Object.keys(of).every((key) => keys.has(key))
/** One of them would have to go before the other. */
const isGivenTwice = (of: Fields): boolean =>
  Object.keys(of).some((key) => textAt(of, key) !== null && textAt(of, `${key}-data`) !== null)

/** Null: not plain, or not readable. */
export function plainConfig(file: string, context: string | undefined): ClusterConfig | null {
  const config = readYaml(file)
  if (config === null) return null
  const named = (list: Names, name: string | null): Fields | null => {
    const entries = Array.isArray(config[list]) ? (config[list] as unknown[]) : []
    const found = entries.filter(isFields).filter((entry) => entry['name'] === name)
    const body = found[0]?.[list.slice(0, -1)]
    return found.length === 1 && isFields(body) ? body : null
  }
  const current = named('contexts', context ?? textAt(config, 'current-context'))
  if (current === null) return null
  const cluster = named('clusters', textAt(current, 'cluster'))
  const userName = textAt(current, 'user')
  const user = userName === null ? {} : named('users', userName)
  const server = cluster === null ? null : textAt(cluster, 'server')
  if (cluster === null || user === null || server === null) return null
  if (!hasOnly(cluster, CLUSTER_KEYS) || !hasOnly(user, USER_KEYS)) return null
  if ([current, cluster, user].some((each) => !areTexts(each) || isGivenTwice(each))) return null
  const folder = dirname(resolve(file))
  return {
    server: server.replace(/\/+$/, ''),
    namespace: textAt(current, 'namespace') ?? 'default',
    proxyUrl: textAt(cluster, 'proxy-url'),
    credentials: () => Promise.resolve().then(() => credentials(cluster, user, folder)),
  }
}

function readYaml(file: string): Fields | null {
  try {
    const config: unknown = parse(readFileSync(file, 'utf8'))
    return isFields(config) ? config : null
  } catch {
    return null
  }
}

/** Throws where a file that is named cannot be read. */
function credentials(cluster: Fields, user: Fields, folder: string): Credentials {
  const tokenFile = textAt(user, 'tokenFile')
  const token = tokenFile === null ? textAt(user, 'token') : readFileSync(resolve(folder, tokenFile), 'utf8').trim()
  const material = (of: Fields, key: string): Buffer | undefined => {
    const data = textAt(of, `${key}-data`)
    const file = textAt(of, key)
    if (data !== null) return Buffer.from(data, 'base64')
    return file === null ? undefined : readFileSync(resolve(folder, file))
  }
  const tls: Record<keyof TlsMaterial, unknown> = {
    ca: material(cluster, 'certificate-authority'),
    cert: material(user, 'client-certificate'),
    key: material(user, 'client-key'),
    rejectUnauthorized: cluster['insecure-skip-tls-verify'] === true ? false : undefined,
    servername: textAt(cluster, 'tls-server-name') ?? undefined,
    passphrase: undefined,
  }
  return {
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)),
  }
}

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Of proxies beside the pod, to which client-node speaks HTTP. */
const PLAIN_HTTP_PORTS: ReadonlySet<string> = new Set(['80', '8001', '8080'])

/** The service account of the pod that we run in; null outside of one. The token rotates, so it is read each time. */
export function podConfig(
  env: Readonly<Record<string, string | undefined>>,
  folder: string = ACCOUNT,
): ClusterConfig | null {
  const host = env['KUBERNETES_SERVICE_HOST']
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443'
  if (host === undefined || !isThere(`${folder}/token`) || !isThere(`${folder}/ca.crt`)) return null
  if (PLAIN_HTTP_PORTS.has(port)) return null
  const read = (name: string): string => readFileSync(`${folder}/${name}`, 'utf8').trim()
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: isThere(`${folder}/namespace`) ? read('namespace') : 'default',
    proxyUrl: null,
    credentials: () =>
      Promise.resolve().then(() => ({
        headers: { authorization: `Bearer ${read('token')}` },
        tls: { ca: readFileSync(`${folder}/ca.crt`) },
      })),
  }
}

export function isThere(path: string): boolean {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}
