import type { NewObject, Volume } from '../../../api/kinds/kubernetes.ts'
import type { Cache } from '../../../kube/reflector/types.ts'
import { PERSISTENT_VOLUME_CLAIMS } from '../../../kube/resources.ts'
import type { Reconciled, WorkQueue } from '../../../kube/work-queue.ts'
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  keyOf,
  splitKey,
  valueUnlessGone,
} from '../controller.ts'
import {
  CONTROLLER_REVISIONS,
  type ControllerRevision,
  type PodTemplate,
  type StatefulSet,
  STATEFUL_SETS,
} from './kinds.ts'
import { OwnedPods } from './owned-pods.ts'
import { isTerminating, nextAvailableInMs } from './pod-state.ts'
import { RevisionHistory } from './revisions.ts'
import {
  type Action,
  type Creation,
  planPods,
  REVISION_LABEL,
  type Revisions,
  revisionLabel,
  setStatus,
} from './stateful-set-plan.ts'
import { writeStatus } from './status-write.ts'
import { podFrom } from './template.ts'

/** Pods with a name and a place of their own, made and updated in order, or all at once. */
export class StatefulSetController implements Controller {
  readonly #context: ControllerContext
  readonly #sets: Cache<StatefulSet>
  readonly #pods: OwnedPods
  readonly #history: RevisionHistory
  readonly #queue: WorkQueue<string>

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = controllerQueue('statefulset', context, (key) => this.#reconcile(key))
    const add = (key: string): void => this.#queue.add(key)
    this.#pods = new OwnedPods(context, STATEFUL_SETS.kind, add)
    this.#history = new RevisionHistory(context.client, add)
    context.informers.watch<ControllerRevision>(CONTROLLER_REVISIONS, (delta) => this.#history.take(delta))
    this.#sets = context.informers.watch<StatefulSet>(STATEFUL_SETS, ({ kind, object }) => {
      if (kind !== 'deleted') add(keyOf(object))
    })
  }

  start(): void {
    this.#queue.start()
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  async #reconcile(key: string): Promise<Reconciled | void> {
    const { namespace, name } = splitKey(key)
    const set = this.#sets.get(namespace, name)
    if (set === undefined || isTerminating(set)) return
    const unseenMs = this.#pods.unseenMs(set)
    if (unseenMs !== null) return { again: unseenMs, wake: 'background' }
    const update = await this.#history.ensure(set)
    if (update === null) return
    const revisions = { current: set.status?.currentRevision ?? update, update }
    const { client, clock } = this.#context
    const pods = this.#pods.of(set)
    await this.#carryOut(set, planPods(set, pods, revisions, clock.nowMs()), revisions)
    await writeStatus(client, STATEFUL_SETS, set, setStatus(set, this.#pods.of(set), revisions, clock.nowMs()))
    await this.#history.prune(set, new Set([revisions.current, update, ...pods.map((pod) => revisionLabel(pod))]))
    const refusal = this.#pods.refusal(set)
    if (refusal !== null) return { again: refusal.againMs, wake: 'background' }
    return { again: nextAvailableInMs(pods, set.spec.minReadySeconds ?? 0, clock.nowMs()) }
  }

  async #carryOut(set: StatefulSet, actions: readonly Action[], { update }: Revisions): Promise<void> {
    for (const action of actions) {
      if (action.kind === 'delete') await this.#pods.delete(set, action.pod)
      else if (this.#pods.refusal(set) === null) await this.#create(set, action, update)
    }
  }

  async #create(set: StatefulSet, { ordinal, revision }: Creation, update: string): Promise<void> {
    const kept = this.#history.template(set, revision)
    await this.#createClaims(set, ordinal)
    // A revision that is forgotten cannot be made again.
    const pod = memberPod(set, kept ?? set.spec.template, ordinal, kept === undefined ? update : revision)
    if (await this.#pods.create(set, pod)) return
    this.#context.onTrouble?.(`statefulset ${keyOf(set)}: ${this.#pods.refusal(set)?.message ?? ''}`)
  }

  async #createClaims(set: StatefulSet, ordinal: number): Promise<void> {
    for (const { metadata, spec } of set.spec.volumeClaimTemplates ?? []) {
      const claim: NewObject = {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: {
          ...metadata,
          name: claimName(set, metadata.name ?? '', ordinal),
          namespace: set.metadata.namespace ?? '',
          labels: { ...metadata.labels, ...(set.spec.selector as { matchLabels?: object }).matchLabels },
        },
        spec,
      }
      valueUnlessGone(await this.#context.client.create(PERSISTENT_VOLUME_CLAIMS, claim))
    }
  }
}

const claimName = ({ metadata }: StatefulSet, template: string, ordinal: number): string =>
  `${template}-${metadata.name}-${ordinal}`

function memberPod(set: StatefulSet, template: PodTemplate, ordinal: number, revision: string): NewObject {
  const name = `${set.metadata.name}-${ordinal}`
  const pod = podFrom(template, set, name)
  const claims = (set.spec.volumeClaimTemplates ?? []).map(({ metadata }): Volume => {
    const claim = metadata.name ?? ''
    return { name: claim, persistentVolumeClaim: { claimName: claimName(set, claim, ordinal) } }
  })
  const named = new Set(claims.map((volume) => volume.name))
  const volumes = [...(template.spec.volumes ?? []).filter((volume) => !named.has(volume.name)), ...claims]
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata.labels,
        [REVISION_LABEL]: revision,
        'statefulset.kubernetes.io/pod-name': name,
        'apps.kubernetes.io/pod-index': String(ordinal),
      },
    },
    spec: {
      ...structuredClone(template.spec),
      hostname: name,
      ...(set.spec.serviceName && { subdomain: set.spec.serviceName }),
      ...(volumes.length > 0 && { volumes }),
    },
  }
}
