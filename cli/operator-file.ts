/** The file of `--config`: `operator.config.grove.io/v1alpha1 OperatorConfiguration`, as far as it has a meaning here. */
import { parseDuration } from '../api/duration.ts'
import { type FieldError, pathText } from '../api/field-error.ts'
import { SCHEDULER_NAME } from '../api/names.ts'
import { type Entry, YamlReading } from '../api/yaml-reading.ts'
import type { OperatorConfig } from '../operator/config.ts'
import type { FlagValue } from './command.ts'
import { leaseTiming } from './lease-flags.ts'

/** What a file says, in the words of the flags, and what flags cannot say. */
export interface OperatorFile {
  readonly flags: Readonly<Record<string, FlagValue>>
  readonly config: Partial<OperatorConfig>
  /** Paths of what was given and has no effect here, in the order of the file. */
  readonly unused: readonly string[]
}

export type OperatorFileResult = Readonly<
  { kind: 'read'; file: OperatorFile } | { kind: 'wrong'; errors: readonly FieldError[] }
>

/** Never served, so that plain pods of the cluster stay with kube-scheduler. */
const KUBE_SCHEDULER = 'default-scheduler'
const API_VERSION = 'operator.config.grove.io/v1alpha1'
const KIND = 'OperatorConfiguration'
const ITEMS_MAX = 100

type Reader = (file: FileReading, entry: Entry) => void

const taken =
  (name: string, want: string, isRight: (text: string) => boolean): Reader =>
  (file, entry) => {
    const text = file.reading.text(entry)
    if (text === null || !isRight(text)) file.reading.fail(entry, want)
    else file.flags[name] = text
  }

const oneOf = (name: string, values: readonly string[]): Reader =>
  taken(name, values.map((value) => JSON.stringify(value)).join(' or '), (text) => values.includes(text))

const time = (name: string): Reader => taken(name, 'a time such as 15s', (text) => parseDuration(text) !== null)

const truth =
  (take: (file: FileReading, is: boolean) => void): Reader =>
  (file, entry) => {
    const text = file.reading.text(entry) ?? String(entry.node?.toJSON())
    if (text === 'true' || text === 'false') take(file, text === 'true')
    else file.reading.fail(entry, 'true or false')
  }

const whole =
  (max: number, want: string, take: (file: FileReading, value: number, path: string) => void): Reader =>
  (file, entry) => {
    const value = file.reading.number(entry)
    if (value !== null && Number.isInteger(value) && value > 0 && value <= max) take(file, value, pathText(entry.path))
    else file.reading.fail(entry, want)
  }

const syncs = (reconciler: string): Reader =>
  whole(1_000, 'a whole number from 1 to 1000', (file, value) => (file.concurrentSyncs[reconciler] = value))

const port = (of: 'metrics' | 'healthProbes'): Reader =>
  whole(65_535, 'a port from 1 to 65535', (file, value, path) => (file.ports[of] = { value, path }))

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['apiVersion', oneOf('apiVersion', [API_VERSION])],
  ['kind', oneOf('kind', [KIND])],
  ['clusterDomain', (file, entry) => file.readDomain(entry)],
  ['disruptionBudgets.enabled', truth((file, is) => (file.flags['disruptionBudgets'] = is))],
  ['logLevel', oneOf('logLevel', ['debug', 'info', 'warn', 'error'])],
  ['leaderElection.enabled', truth((file, is) => (file.flags['leaderElect'] = is))],
  ['leaderElection.leaseDuration', time('leaseDuration')],
  ['leaderElection.renewDeadline', time('renewDeadline')],
  ['leaderElection.retryPeriod', time('retryPeriod')],
  ['leaderElection.resourceNamespace', taken('leaseNamespace', 'the name of a namespace', (text) => text !== '')],
  ['server.metrics.port', port('metrics')],
  ['server.healthProbes.port', port('healthProbes')],
  ['controllers.podCliqueSet.concurrentSyncs', syncs('podcliqueset')],
  ['controllers.podClique.concurrentSyncs', syncs('podclique')],
  ['controllers.podCliqueScalingGroup.concurrentSyncs', syncs('podcliquescalinggroup')],
  ['controllers.podGang.concurrentSyncs', syncs('podgang')],
  ['topologyAwareScheduling.enabled', truth((file, is) => (file.isTopologyAware = is))],
  ['scheduler.profiles', (file, entry) => file.readProfiles(entry)],
  ['scheduler.defaultProfileName', (file, entry) => (file.defaultProfile = entry)],
])

/** Keys that hold others: something else in their place is wrong. */
const SECTIONS: ReadonlySet<string> = new Set(
  [...READERS.keys()].flatMap((path) => path.split('.').map((_, at, parts) => parts.slice(0, at).join('.'))),
)

class FileReading {
  readonly reading: YamlReading
  readonly flags: Record<string, FlagValue> = {}
  readonly concurrentSyncs: Record<string, number> = {}
  readonly ports: { metrics?: Port; healthProbes?: Port } = {}
  readonly unused: string[] = []
  isTopologyAware = true
  defaultProfile: Entry | null = null
  #clusterDomain: string | null = null
  #profiles: readonly string[] | null = null

  constructor(text: string) {
    this.reading = new YamlReading(text)
  }

  read(): OperatorFileResult {
    const root = this.reading.root()
    if (root !== null) this.#readAll(root)
    const { errors } = this.reading
    if (errors.length > 0) return { kind: 'wrong', errors }
    const { apiVersion: _, kind: __, ...flags } = this.flags
    return { kind: 'read', file: { flags, config: this.#config(), unused: this.unused } }
  }

  readDomain(entry: Entry): void {
    const text = this.reading.text(entry)
    if (text !== null && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text)) this.#clusterDomain = text
    else this.reading.fail(entry, 'a DNS name such as cluster.local')
  }

  readProfiles(entry: Entry): void {
    const names = this.reading.list(entry, ITEMS_MAX)?.map((item) => this.#profileName(item))
    if (names?.length === 0) this.reading.fail(entry, 'one profile or more')
    this.#profiles = names?.filter((name) => name !== null) ?? null
    if (new Set(this.#profiles).size < (this.#profiles?.length ?? 0)) this.reading.fail(entry, 'each profile once')
  }

  #profileName(item: Entry): string | null {
    const fields = this.reading.entries(item, ITEMS_MAX) ?? []
    const entry = fields.find(([name]) => name === 'name')?.[1]
    const name = entry === undefined ? null : this.reading.text(entry)
    if (name === null || name === '') this.reading.fail(entry ?? item, 'a profile with the name of a scheduler')
    for (const [key, { path }] of fields) if (key !== 'name') this.unused.push(pathText(path))
    if (name === KUBE_SCHEDULER) this.unused.push(`${pathText(item.path)} (${KUBE_SCHEDULER})`)
    return name
  }

  #readAll(root: Entry): void {
    this.#walk(root)
    for (const field of ['apiVersion', 'kind']) {
      if (this.flags[field] === undefined && this.reading.errors.length === 0) {
        this.reading.fail({ ...root, path: [field], node: null }, field === 'kind' ? KIND : API_VERSION)
      }
    }
    this.#readTiming(root)
    this.#readNames()
    this.#readPorts()
  }

  #walk(entry: Entry): void {
    const path = entry.path.join('.')
    const read = READERS.get(path)
    if (entry.node === null || entry.node.toJSON() === null) return path === '' ? this.#failWhole(entry) : undefined
    if (read !== undefined) return read(this, entry)
    const isMap = typeof entry.node.toJSON() === 'object' && !this.reading.isList(entry)
    if (!isMap && SECTIONS.has(path))
      return path === '' ? this.#failWhole(entry) : this.reading.fail(entry, 'an object')
    if (!isMap) return void this.unused.push(pathText(entry.path))
    for (const [, child] of this.reading.entries(entry, ITEMS_MAX) ?? []) this.#walk(child)
  }

  #failWhole(entry: Entry): void {
    this.reading.fail(entry, `an ${KIND} of ${API_VERSION}`)
  }

  #readTiming(root: Entry): void {
    const timing = leaseTiming(this.flags)
    const section = this.reading.entries(root, ITEMS_MAX)?.find(([name]) => name === 'leaderElection')?.[1]
    if (typeof timing === 'string' && section !== undefined) this.reading.fail(section, `other times: ${timing}`)
  }

  /** Names that are served: the profiles, with our own name in the place of kube-scheduler's where that is the default. */
  #readNames(): void {
    const first = this.defaultProfile === null ? null : this.reading.text(this.defaultProfile)
    if (this.defaultProfile !== null && !(this.#profiles ?? [KUBE_SCHEDULER]).includes(first ?? '')) {
      this.reading.fail(this.defaultProfile, `one of ${(this.#profiles ?? [KUBE_SCHEDULER]).join(', ')}`)
    }
    if (this.#profiles === null) return
    const own = first === null || first === KUBE_SCHEDULER ? SCHEDULER_NAME : first
    const rest = this.#profiles.filter((name) => name !== own && name !== KUBE_SCHEDULER)
    this.flags['schedulerName'] = [own, ...rest]
  }

  /** Health and metrics are served at one address. */
  #readPorts(): void {
    const { metrics, healthProbes } = this.ports
    const used = metrics ?? healthProbes
    if (used !== undefined) this.flags['listen'] = `:${used.value}`
    if (metrics !== undefined && healthProbes !== undefined && metrics.value !== healthProbes.value) {
      this.unused.push(`${healthProbes.path} (health is served at ${metrics.path})`)
    }
  }

  #config(): Partial<OperatorConfig> {
    const served = this.flags['schedulerName']
    return {
      concurrentSyncs: this.concurrentSyncs,
      isTopologyAware: this.isTopologyAware,
      ...(this.#clusterDomain === null ? {} : { clusterDomain: this.#clusterDomain }),
      ...(Array.isArray(served) ? { schedulerName: String(served[0]) } : {}),
    }
  }
}

interface Port {
  readonly value: number
  readonly path: string
}

/** Reads the text of a file; everything that is wrong in it is told at once. */
export const readOperatorFile = (text: string): OperatorFileResult => new FileReading(text).read()
