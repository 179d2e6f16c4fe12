/** Wires the rooms: which halves run, over which client. */
import { crdOf } from '../api/crd.ts'
import { KINDS } from '../api/kinds/all.ts'
import type { KubeObject, NewObject } from '../api/kinds/kubernetes.ts'
import { SCHEDULER_NAME } from '../api/names.ts'
import type { KubeClient } from '../kube/client.ts'
import { type Clock, sleep } from '../kube/clock.ts'
import type { Log } from '../kube/log.ts'
import type { Random } from '../kube/random.ts'
import { CRDS } from '../kube/resources.ts'
import type { Metrics } from './metrics.ts'
import type { OperatorConfig } from '../operator/config.ts'
import type { createOperator, Operator } from '../operator/operator.ts'
import type { Memory } from '../scheduler/memory.ts'
import { createScheduler, type Scheduler } from '../scheduler/scheduler.ts'

export interface World {
  readonly client: KubeClient
  /** For Leases. Default: `client`. */
  readonly leaseClient?: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** What schedulers of this process have learned before. Default: nothing. */
  readonly memory?: Memory
  /** Default: nothing is counted. */
  readonly metrics?: Pick<Metrics, 'scheduler' | 'leading'>
}

export interface Halves {
  /** What makes it, handed in so that its modules are loaded where it runs only; null: it does not run. */
  readonly operator: typeof createOperator | null
  readonly scheduler: boolean
  readonly schedulerNames: readonly string[]
  readonly defaultPack: 'narrowest' | 'none'
  /** Default: as DEFAULT_OPERATOR_CONFIG; the scheduler's name comes from the names above. */
  readonly config?: Partial<OperatorConfig>
}

export interface Running {
  readonly operator: Operator | null
  readonly scheduler: Scheduler | null
  readonly ready: Promise<void>
  /** `ready` has resolved. */
  readonly isReady: boolean
  stop(): Promise<void>
}

export function startHalves({ metrics, ...world }: World, halves: Halves): Running {
  const { schedulerNames, defaultPack } = halves
  const config = { schedulerName: defaultName(schedulerNames), servedNames: schedulerNames, ...halves.config }
  const operator = halves.operator?.({ ...world, config }) ?? null
  const counted = metrics === undefined ? {} : { metrics: metrics.scheduler }
  const scheduler = halves.scheduler
    ? createScheduler({ ...world, ...counted, schedulerNames: [...schedulerNames], defaultPack })
    : null
  operator?.start()
  scheduler?.start()
  let isReady = false
  const ready = Promise.all([operator?.ready, scheduler?.ready]).then(() => {
    isReady = true
  })
  return {
    operator,
    scheduler,
    ready,
    get isReady() {
      return isReady
    },
    async stop() {
      await Promise.all([operator?.stop(), scheduler?.stop()])
    },
  }
}

/** What pods get that ask for no scheduler: our own name where we serve it, else the first that we do. */
const defaultName = (served: readonly string[]): string =>
  served.includes(SCHEDULER_NAME) ? SCHEDULER_NAME : (served[0] ?? SCHEDULER_NAME)

/** Creates what is missing. An object that is there already stays as it is. Returns what was refused, as sentences. */
export async function createMissing(
  client: KubeClient,
  objects: readonly NewObject[],
  typeOf: (object: NewObject) => Parameters<KubeClient['create']>[0] | null,
): Promise<string[]> {
  const refused: string[] = []
  for (const object of objects) {
    const type = typeOf(object)
    const name = `${object.kind} ${object.metadata.name ?? ''}`
    const answer = type === null ? null : await client.create(type, object)
    if (answer === null) refused.push(`${name}: no such kind ${object.apiVersion}/${object.kind}`)
    else if (answer.kind === 'failure' && answer.reason !== 'AlreadyExists') refused.push(`${name}: ${answer.message}`)
  }
  return refused
}

/** Between two looks at a new CRD, and for how long it is looked at, in milliseconds. */
const ESTABLISH_LOOK_MS = 50
const ESTABLISH_LIMIT_MS = 30_000

interface CrdStatus extends KubeObject {
  status?: { conditions?: { type: string; status: string }[] }
}

async function isEstablished(client: KubeClient, name: string): Promise<boolean> {
  const answer = await client.get<CrdStatus>(CRDS, { namespace: '', name })
  if (answer.kind === 'failure') return false
  return (
    answer.value.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') === true
  )
}

/** Creates the CRDs that are missing and waits until the server serves them. Returns what went wrong, as sentences. */
export async function installCrds(client: KubeClient, clock: Clock): Promise<string[]> {
  const crds = KINDS.map(crdOf)
  const refused = await createMissing(client, crds, () => CRDS)
  const endMs = clock.monotonicMs() + ESTABLISH_LIMIT_MS
  for (const { metadata } of refused.length > 0 ? [] : crds) {
    while (!(await isEstablished(client, metadata.name ?? ''))) {
      if (clock.monotonicMs() > endMs) return [`CRD ${metadata.name}: not established after ${ESTABLISH_LIMIT_MS} ms`]
      await sleep(clock, ESTABLISH_LOOK_MS, 'work')
    }
  }
  return refused
}
