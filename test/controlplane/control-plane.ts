/** A real kube-apiserver with etcd, and what else is asked for, on free ports in a temporary folder. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPrograms, type Program } from './binaries.ts'
import { at, COMMAND_LINES, type Features, type Layout } from './command-lines.ts'
import { writeCredentials, writeKubeconfig } from './credentials.ts'
import { KeptPrograms } from './kept-programs.ts'
import { freePort } from './ports.ts'

export type Part = keyof typeof COMMAND_LINES

export interface ControlPlaneOptions extends Partial<Features> {
  /** kube-controller-manager: garbage collection, namespaces, tokens. Default true. */
  readonly controllers?: boolean
  /** kube-scheduler. Default false: pods of `default-scheduler` wait. */
  readonly scheduler?: boolean
  /** kwok: every Node becomes Ready, and pods on it run, become Ready and go (`kwok-stages.ts`). Default false. */
  readonly kwok?: boolean
  /** The API server's port. Default: a free one. */
  readonly port?: number
  /** Builds what is in no cache, which takes minutes. Default false: test files find what build-once.ts has built. */
  readonly mayBuild?: boolean
}

/** What kube-scheduler's own gangs need: `startControlPlane({ scheduler: true, ...NATIVE_GANGS })`. */
export const NATIVE_GANGS: Pick<Features, 'featureGates' | 'serves'> = {
  featureGates: { GenericWorkload: true, TopologyAwareWorkloadScheduling: true },
  serves: ['scheduling.k8s.io/v1beta1'],
}

export interface ControlPlane {
  readonly folder: string
  readonly url: string
  /** A kubeconfig file of a cluster administrator. */
  readonly kubeconfig: string
  /** The process whose children the programs are. */
  readonly pid: number
  /** Process ids of the programs that run at this moment. */
  pids(): Readonly<Partial<Record<Program, number>>>
  /** Throws the last words of a program that has ended, whoever ended it. */
  checkAlive(): void
  /** Sends a signal: SIGSTOP lets a program hang, SIGCONT lets it go on. */
  signal(part: Part, signal: NodeJS.Signals): void
  /** Ends one program and resolves when it has ended. Default SIGKILL: as a crash. */
  end(part: Part, signal?: NodeJS.Signals): Promise<void>
  /** Starts one that has ended, with the same arguments, ports and data, and resolves when the API server is ready. */
  begin(part: Part): Promise<void>
  /** `end` and `begin`. */
  restart(part: Part, signal?: NodeJS.Signals): Promise<void>
  /** Ends the programs and removes the folder. */
  stop(): Promise<void>
}

/** Whether /readyz answers 200. The certificate is the server's own: nothing secret is sent before it is pinned. */
const isUp = ({ apiPort }: Layout): Promise<boolean> =>
  new Promise((resolve) => {
    const asked = request(
      { host: '127.0.0.1', port: apiPort, path: '/readyz', rejectUnauthorized: false, timeout: 2_000 },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode === 200)
      },
    )
    asked.on('error', () => resolve(false))
    asked.on('timeout', () => asked.destroy())
    asked.end()
  })

const UP_WITHIN_MS = 60_000
const PORT_IS_TAKEN = 'address already in use'

const lastLines = (layout: Layout, program: Part): string =>
  readFileSync(at(layout, `${program}.log`), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(-15)
    .join('\n')

function checkAlive(layout: Layout, programs: KeptPrograms): void {
  for (const part of Object.keys(COMMAND_LINES) as Part[]) {
    if (programs.endedWith(part) !== null) throw new Error(`${part} did not stay up:\n${lastLines(layout, part)}`)
  }
}

/** Rejects with the words of the program that ended or does not answer. */
async function untilUp(layout: Layout, programs: KeptPrograms): Promise<void> {
  const endMs = performance.now() + UP_WITHIN_MS
  while (!(await isUp(layout))) {
    checkAlive(layout, programs)
    if (performance.now() > endMs || programs.isOver)
      throw new Error(`kube-apiserver did not come up in 60 s:\n${lastLines(layout, 'kube-apiserver')}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

class Running implements ControlPlane {
  readonly #layout: Layout
  readonly #programs: KeptPrograms
  readonly #features: Features

  constructor(layout: Layout, features: Features) {
    this.#layout = layout
    this.#features = features
    this.#programs = new KeptPrograms(layout.folder)
  }

  get folder(): string {
    return this.#layout.folder
  }

  get url(): string {
    return `https://127.0.0.1:${this.#layout.apiPort}`
  }

  get kubeconfig(): string {
    return at(this.#layout, 'kubeconfig')
  }

  get pid(): number {
    return this.#programs.pid
  }

  /** Everything else begins when the API server is ready. */
  async start(files: Readonly<Partial<Record<Part, string>>>): Promise<void> {
    this.#start('etcd', files)
    this.#start('kube-apiserver', files)
    await untilUp(this.#layout, this.#programs)
    writeKubeconfig(this.#layout)
    for (const part of ['kube-controller-manager', 'kube-scheduler', 'kwok'] as const) this.#start(part, files)
  }

  pids(): Readonly<Partial<Record<Program, number>>> {
    return this.#programs.pids()
  }

  checkAlive(): void {
    checkAlive(this.#layout, this.#programs)
  }

  signal(part: Part, signal: NodeJS.Signals): void {
    this.#programs.signal(part, signal)
  }

  end(part: Part, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    return this.#programs.end(part, signal)
  }

  begin(part: Part): Promise<void> {
    this.#programs.startAgain(part)
    return untilUp(this.#layout, this.#programs)
  }

  async restart(part: Part, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.end(part, signal)
    await this.begin(part)
  }

  stop(): Promise<void> {
    return this.#programs.stop()
  }

  #start(part: Part, files: Readonly<Partial<Record<Part, string>>>): void {
    const file = files[part]
    if (file === undefined) return
    const args = COMMAND_LINES[part](this.#layout, this.#features)
    this.#programs.start(part, { file, args, log: at(this.#layout, `${part}.log`) })
  }
}

async function newLayout(port: number): Promise<Layout> {
  const [etcdPort, peerPort, apiPort] = await Promise.all([freePort(), freePort(), freePort(port)])
  const folder = mkdtempSync(join(tmpdir(), 'espalier-control-plane-'))
  const layout = { folder, token: randomBytes(24).toString('hex'), etcdPort, peerPort, apiPort }
  writeCredentials(layout)
  return layout
}

const partsOf = ({ controllers = true, scheduler = false, kwok = false }: ControlPlaneOptions): Part[] => [
  'etcd',
  'kube-apiserver',
  ...(controllers ? (['kube-controller-manager'] as const) : []),
  ...(scheduler ? (['kube-scheduler'] as const) : []),
  ...(kwok ? (['kwok'] as const) : []),
]

const featuresOf = (options: ControlPlaneOptions): Features => ({
  audit: options.audit ?? false,
  featureGates: options.featureGates ?? {},
  serves: options.serves ?? [],
  schedulerProfiles: options.schedulerProfiles ?? [],
  heartbeats: options.heartbeats ?? false,
})

/** A free port may be taken by a neighbour before the program listens there. */
const ATTEMPTS = 3

/** Null, after a loud line, where the programs are not to be had. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane | null> {
  const files = findPrograms(partsOf(options), { mayBuild: options.mayBuild ?? false })
  if (files === null) return null
  for (let attempt = 1; ; attempt++) {
    const plane = new Running(await newLayout(options.port ?? 0), featuresOf(options))
    try {
      await plane.start(files)
      return plane
    } catch (error) {
      await plane.stop()
      if (attempt === ATTEMPTS || !String(error).includes(PORT_IS_TAKEN)) throw error
    }
  }
}
