import type { Container, NewObject, Pod } from '../../../api/kinds/kubernetes.ts'
import type { Cache, Delta } from '../../../kube/reflector/types.ts'
import { PODS } from '../../../kube/resources.ts'
import type { Reconciled, WorkQueue } from '../../../kube/work-queue.ts'
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  keyOf,
  splitKey,
  valueUnlessGone,
} from '../controller.ts'
import { INDEX, isIndexed, type JobPlan, planJob, TRACKING, ttlLeftMs } from './job-plan.ts'
import { type Job, JOBS } from './kinds.ts'
import { OwnedPods } from './owned-pods.ts'
import { controllerOf, isTerminating } from './pod-state.ts'
import { writeStatus } from './status-write.ts'
import { generatedName, podFrom } from './template.ts'

/** Runs pods to completion: counts each end once, tries again after failures, and says how it ended. */
export class JobController implements Controller {
  readonly #context: ControllerContext
  readonly #jobs: Cache<Job>
  readonly #pods: OwnedPods
  readonly #allPods: Cache<Pod>
  /** What was last written, by uid: a count must not start from an older state than its own. */
  readonly #written = new Map<string, Job>()
  readonly #queue: WorkQueue<string>
  readonly #orphans: WorkQueue<string>

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = controllerQueue('job', context, (key) => this.#reconcile(key))
    this.#orphans = controllerQueue('job-orphan', context, (key) => this.#releaseOrphan(key))
    this.#pods = new OwnedPods(context, JOBS.kind, (key) => this.#queue.add(key))
    this.#jobs = context.informers.watch<Job>(JOBS, (delta) => this.#takeJob(delta))
    this.#allPods = context.informers.watch<Pod>(PODS, ({ kind, object }) => {
      if (kind !== 'deleted' && this.#isOrphan(object)) this.#orphans.add(keyOf(object))
    })
  }

  start(): void {
    this.#queue.start()
    this.#orphans.start()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#queue.stop(), this.#orphans.stop()])
  }

  #takeJob({ kind, object }: Delta<Job>): void {
    if (kind !== 'deleted') return this.#queue.add(keyOf(object))
    this.#written.delete(object.metadata.uid)
    for (const pod of this.#pods.of(object)) this.#orphans.add(keyOf(pod))
  }

  /** Held for a Job that is no more. */
  #isOrphan(pod: Pod): boolean {
    if (pod.metadata.finalizers?.includes(TRACKING) !== true) return false
    const owner = controllerOf(pod)
    if (owner?.kind !== JOBS.kind) return true
    return isTerminating(pod) && this.#jobs.get(pod.metadata.namespace ?? '', owner.name)?.metadata.uid !== owner.uid
  }

  async #releaseOrphan(key: string): Promise<void> {
    const { namespace, name } = splitKey(key)
    const pod = this.#allPods.get(namespace, name)
    if (pod === undefined) return
    const owner = controllerOf(pod)
    const job = this.#jobs.get(namespace, owner?.name ?? '')
    if (owner === undefined || job?.metadata.uid !== owner.uid) await this.#release(pod)
  }

  /** The cache's state, or the one that was written since. */
  #latest(namespace: string, name: string): Job | undefined {
    const cached = this.#jobs.get(namespace, name)
    const written = this.#written.get(cached?.metadata.uid ?? '')
    if (cached === undefined || written === undefined) return cached
    const isNewer = BigInt(written.metadata.resourceVersion) > BigInt(cached.metadata.resourceVersion)
    if (isNewer) return written
    this.#written.delete(cached.metadata.uid)
    return cached
  }

  async #reconcile(key: string): Promise<Reconciled | void> {
    const { namespace, name } = splitKey(key)
    const job = this.#latest(namespace, name)
    if (job === undefined || isTerminating(job)) return
    const unseenMs = this.#pods.unseenMs(job)
    if (unseenMs !== null) return { again: unseenMs, wake: 'background' }
    const { client, clock } = this.#context
    const plan = planJob(job, this.#pods.of(job), clock.nowMs())
    const stored = await writeStatus(client, JOBS, job, plan.status)
    if (stored === null) return
    this.#written.set(job.metadata.uid, stored)
    for (const pod of plan.release) await this.#release(pod)
    await this.#carryOut(job, plan)
    const ttlMs = ttlLeftMs(stored, clock.nowMs())
    if (ttlMs === 0) return this.#delete(job)
    if (ttlMs !== null) return { again: ttlMs, wake: 'background' }
    const refusal = this.#pods.refusal(job)
    return refusal === null ? { again: plan.againMs } : { again: refusal.againMs, wake: 'background' }
  }

  async #carryOut(job: Job, { create, delete: surplus }: JobPlan): Promise<void> {
    for (const pod of surplus) await this.#pods.delete(job, pod)
    for (const index of create) {
      if (this.#pods.refusal(job) !== null) return
      if (await this.#pods.create(job, jobPod(job, index, this.#context.random))) continue
      this.#context.onTrouble?.(`job ${keyOf(job)}: ${this.#pods.refusal(job)?.message ?? ''}`)
    }
  }

  async #release({ metadata: { namespace = '', name, uid, resourceVersion, finalizers = [] } }: Pod): Promise<void> {
    const rest = finalizers.filter((one) => one !== TRACKING)
    if (rest.length === finalizers.length) return
    const patch = { metadata: { uid, resourceVersion, finalizers: rest } }
    valueUnlessGone(await this.#context.client.mergePatch(PODS, { namespace, name }, patch))
  }

  async #delete({ metadata: { namespace = '', name, uid } }: Job): Promise<void> {
    const options = { uid, propagationPolicy: 'Background' } as const
    valueUnlessGone(await this.#context.client.delete(JOBS, { namespace, name }, options))
  }
}

function jobPod(job: Job, index: number | null, random: ControllerContext['random']): NewObject {
  const base = isIndexed(job) ? `${job.metadata.name}-${index}-` : `${job.metadata.name}-`
  const pod = podFrom(job.spec.template, job, generatedName(base, random))
  const metadata = {
    ...pod.metadata,
    generateName: base,
    finalizers: [...(pod.metadata.finalizers ?? []), TRACKING],
  }
  if (index === null) return { ...pod, metadata }
  const text = String(index)
  return {
    ...pod,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [INDEX]: text },
      annotations: { ...metadata.annotations, [INDEX]: text },
    },
    spec: withIndex(job, text),
  }
}

/** An index is the pod's host name and stands in every container's environment. */
function withIndex({ metadata, spec }: Job, index: string): object {
  const told = (container: Container): Container => ({
    ...container,
    env: [...(container.env ?? []), { name: 'JOB_COMPLETION_INDEX', value: index }],
  })
  const { containers, initContainers, ...rest } = structuredClone(spec.template.spec)
  return {
    ...rest,
    hostname: `${metadata.name}-${index}`,
    containers: containers.map(told),
    ...(initContainers && { initContainers: initContainers.map(told) }),
  }
}
