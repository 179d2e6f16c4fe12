import type { NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { crdOf } from '../../api/crd.ts'
import { KINDS } from '../../api/kinds/all.ts'
import type { KubeClient } from '../../kube/client.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { type Random, seededRandom } from '../../kube/random.ts'
import { CRDS, NODES, PODS } from '../../kube/resources.ts'
import type { HttpRequest, Transport } from '../../kube/transport.ts'
import { VirtualClock } from '../../sim/clock.ts'
import { type ApiServer, createApiServer } from '../../sim/server/api-server.ts'
import { CHECKERS } from './checkers/all.ts'
import type { Drawn } from './draw.ts'
import { between, oneOf } from './random.ts'
import { fateFrom, lineFateFrom, type WireFaults } from './faults/wire.ts'
import type { FaultKind } from './faults/kinds.ts'
import { History } from './history.ts'
import { Kubelets, keyOf } from './kubelets.ts'
import { nodeObject, OWNER, podName, topologyObjects } from './objects.ts'
import type { Fate, LineFate, NetworkOptions } from './network.ts'
import { Observer } from './observer.ts'
import { Process } from './process.ts'
import { Reach } from './reach.ts'
import type { Ticket } from './ticket.ts'
import { Neighbours } from './neighbours.ts'
import { SetPeople } from './sets/people.ts'
import { Workload } from './workload.ts'

type Wire = Pick<NetworkOptions, 'fateOf' | 'lineFateOf' | 'handedFor'>
interface Meddle {
  fateOf: (...asked: Parameters<Wire['fateOf']>) => Fate | null
  lineFateOf: (...told: Parameters<Wire['lineFateOf']>) => LineFate | null
  handedFor: Wire['handedFor']
}

/** What becomes of a request that it was waiting for, null: as usual; and whether that was all. Null: it was not this one. */
export type Ambush = (
  process: Process,
  request: HttpRequest,
  ticket: Ticket | null,
) => { readonly fate: Fate | null; readonly isOver: boolean } | null

const MAKES_POD = /^\/api\/v1\/namespaces\/[^/]+\/pods(?:\?|$)/
const OVER_QUOTA = { status: 403, reason: 'Forbidden' } as const
const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'

/** One seed's cluster: API server, kubelets, people, schedulers, and the observer. Everything on one virtual clock. */
export class World {
  readonly drawn: Drawn
  readonly onLog: ((line: string) => void) | null
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: Random
  readonly history: History
  readonly observer: Observer
  readonly server: ApiServer
  readonly kubelets: Kubelets
  readonly workload: Workload
  readonly reach: Reach
  readonly processes: Process[] = []
  /** Whoever breaks things, and another scheduler: by their own names in the history. */
  readonly chaos: KubeClient
  readonly foreign: KubeClient
  /** When another scheduler took a pod last; -1: never. */
  lastRivalMs = -1
  /** So many of the next bindings meet a pod that has just gone. */
  deleteInBind = 0
  areFaultsOver = false
  /** Until then pods of people are refused. */
  quotaFullUntilMs = 0
  /** What a written situation does on the wire; null: nothing to this one. */
  readonly meddle: Meddle = { fateOf: () => null, lineFateOf: () => null, handedFor: (_, line) => line }
  /** Of the cluster itself; null where nothing has an owner that goes. */
  neighbours: Neighbours | null = null
  readonly #ambushes = new Set<Ambush>()
  readonly #generations = new Map<string, number>()
  readonly #seeds = new Set<number>()
  readonly #killAt = new Map<Process, number>()
  readonly #wireFaults: WireFaults

  constructor(drawn: Drawn, onLog: ((line: string) => void) | null = null) {
    this.drawn = drawn
    this.onLog = onLog
    const { clock } = this
    this.random = seededRandom(drawn.seed * 104_729 + 3)
    this.history = new History(() => clock.monotonicMs())
    this.observer = new Observer(this.history, CHECKERS, () => clock.monotonicMs())
    this.reach = new Reach(this.history, this.observer)
    const onWrite = (record: Parameters<History['take']>[0]): void => this.history.take(record)
    this.server = createApiServer({
      clock,
      random: seededRandom(drawn.seed + 1),
      onWrite,
      keepsOwners: () => false, // nobody here asks who owns a field
    })
    this.server.setIntercept(({ headers, method, path }) => {
      const sender = headers['x-sender'] ?? ''
      this.history.announce(sender)
      const isAsked = sender === 'user' || sender.startsWith('operator')
      const isFull = isAsked && !this.areFaultsOver && clock.monotonicMs() < this.quotaFullUntilMs
      return isFull && method === 'POST' && MAKES_POD.test(path) ? OVER_QUOTA : 'pass'
    })
    this.chaos = this.#clientOf('chaos')
    this.foreign = this.#clientOf('another-scheduler')
    const common = { clock, history: this.history, random: seededRandom(drawn.seed + 2) }
    this.kubelets = new Kubelets({ ...common, client: this.#clientOf('kubelet') })
    const onError = (text: string): void => this.observer.report('workload', text)
    this.workload = new Workload({ ...common, client: this.#clientOf('user'), gangs: drawn.gangs, onError })
    this.#wireFaults = {
      random: seededRandom(drawn.seed + 4),
      faults: drawn.faults,
      isOver: () => this.areFaultsOver,
      told: (kind) => this.struck(kind),
    }
  }

  during<T>(work: Promise<T>): Promise<T> {
    return this.clock.during(work)
  }

  async start(): Promise<void> {
    const topology = this.drawn.hasTopology === true ? topologyObjects() : []
    for (const object of [OWNER, ...topology, ...this.drawn.nodes.map(nodeObject)]) {
      const seeded = this.server.seed(object)
      if (seeded.kind === 'Node') this.history.seed(seeded)
    }
    const { sets, operators = 0 } = this.drawn
    const kinds = sets === undefined ? KINDS.filter(({ kind }) => kind === 'PodGang') : KINDS
    for (const kind of kinds) await this.during(this.#clientOf('user').create(CRDS, crdOf(kind)))
    for (let at = 0; at < this.drawn.replicas; at++) this.startProcess(`scheduler-${'abc'[at]}`)
    for (let at = 0; at < operators; at++) this.startProcess(`operator-${'ab'[at]}`)
    this.workload.start()
    if (sets === undefined) return
    const user = this.#clientOf('user')
    new SetPeople(user, this.clock, sets, (text) => this.observer.report('workload', text)).start()
    this.neighbours = new Neighbours(this.server, this.clock)
    await this.during(this.neighbours.start())
  }

  struck(kind: FaultKind): void {
    this.reach.struck(kind)
  }

  lieInWait(ambush: Ambush): void {
    this.#ambushes.add(ambush)
  }

  /** Whatever was to strike yet does not. */
  endFaults(): void {
    this.areFaultsOver = true
    this.#ambushes.clear()
    this.#killAt.clear()
    this.deleteInBind = 0
    this.kubelets.holding.clear()
  }

  #ambushed(...asked: Parameters<Ambush>): Fate | null {
    for (const ambush of this.#ambushes) {
      const found = ambush(...asked)
      if (found === null) continue
      if (found.isOver) this.#ambushes.delete(ambush)
      if (found.fate !== null) return found.fate
    }
    return null
  }

  startProcess(name: string): Process {
    const generation = (this.#generations.get(name) ?? 0) + 1
    this.#generations.set(name, generation)
    const seed = this.#freshSeed(this.drawn.seed * 31 + generation * 7 + this.processes.length)
    const { clock, observer, history } = this
    const [fateOf, lineFateOf] = [fateFrom(this.#wireFaults), lineFateFrom(this.#wireFaults)]
    const process = new Process(name, generation, seed, {
      server: this.server.held,
      clock,
      observer,
      history,
      onLog: this.onLog,
      latencyMs: this.drawn.latencyMs,
      fateOf: (asking, request, ticket) =>
        this.#ambushed(asking, request, ticket) ?? this.meddle.fateOf(request, ticket) ?? fateOf(request, ticket),
      lineFateOf: (kept, line) => this.meddle.lineFateOf(kept, line) ?? lineFateOf(),
      handedFor: (kept, line) => this.meddle.handedFor(kept, line),
      onSend: (sender, ticket) => this.#onSend(sender, ticket),
    })
    this.processes.push(process)
    return process
  }

  killAndRestart(process: Process): void {
    process.kill()
    this.clock.after(between(this.random, 50, 5_000), 'work', () => void this.startProcess(process.name))
  }

  terminateAndRestart(process: Process): void {
    void process.stop().then(() => this.startProcess(process.name))
  }

  /** At its `n`th write from now on: before it goes out, or while it is on its way. */
  killAtWrite(process: Process, n: number): void {
    this.#killAt.set(process, n)
  }

  addNode(object: NewObject): Promise<unknown> {
    return this.history.nodes.has(object.metadata.name ?? '') ? Promise.resolve() : this.chaos.create(NODES, object)
  }

  deleteNode(name: string): Promise<unknown> {
    return this.chaos.delete(NODES, { namespace: '', name })
  }

  /** A pod of the workload that does not exist yet; null: all do. */
  unmadePod(): string | null {
    const made = new Set([...this.history.pods.values()].map(({ metadata }) => metadata.name))
    const nowMs = this.clock.monotonicMs()
    const names = this.drawn.gangs
      .filter(({ arriveMs }) => arriveMs > nowMs)
      .flatMap((gang) =>
        gang.groups.flatMap((group) => Array.from({ length: group.pods }, (_, at) => podName(gang, group, at))),
      )
      .filter((name) => !made.has(name))
    return names.length === 0 ? null : oneOf(this.random, names)
  }

  /** No two processes draw the same: they would campaign under one name, and each take the other's lease for its own. */
  #freshSeed(wanted: number): number {
    const seed = this.#seeds.has(wanted) ? wanted + 1_000_003 : wanted
    this.#seeds.add(seed)
    return seed
  }

  #onSend(process: Process, ticket: Ticket): void {
    const left = this.#killAt.get(process)
    if (left !== undefined) this.#countDown(process, ticket, left)
    if (ticket.kind !== 'bind' || this.deleteInBind === 0) return
    const pod: Pod | undefined = this.history.pods.get(ticket.uid)
    if (pod === undefined) return
    this.deleteInBind--
    void this.chaos.delete(PODS, keyOf(pod), this.random() < 0.5 ? { gracePeriodSeconds: 0 } : {})
  }

  #countDown(process: Process, ticket: Ticket, left: number): void {
    this.#killAt.set(process, left - 1)
    if (left > 1) return
    this.#killAt.delete(process)
    if (this.random() < 0.5) this.observer.impossible(ticket)
    this.killAndRestart(process)
  }

  /** Its owner only asks whether a write succeeded: what was written is not told as text and read again. */
  #clientOf(sender: string): KubeClient {
    const transport = this.server.held
    const signed: Transport = {
      request: async (request) => {
        const headers = { ...request.headers, 'x-sender': sender, accept: METADATA_ONLY }
        const answer = await transport.request({ ...request, headers })
        return answer.status < 300 ? { status: answer.status, headers: answer.headers, body: '{}' } : answer
      },
      stream: (request) => transport.stream(request),
      close: () => transport.close(),
    }
    return kubeClient(signed, { userAgent: sender })
  }
}
