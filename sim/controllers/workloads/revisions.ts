import type { NewObject } from '../../../api/kinds/kubernetes.ts'
import type { KubeClient } from '../../../kube/client.ts'
import type { Delta } from '../../../kube/reflector/types.ts'
import { valueUnlessGone } from '../controller.ts'
import {
  CONTROLLER_REVISIONS,
  type ControllerRevision,
  type PodTemplate,
  type StatefulSet,
  STATEFUL_SETS,
} from './kinds.ts'
import { byName, controllerOf, controllerReference } from './pod-state.ts'
import { REVISION_LABEL } from './stateful-set-plan.ts'
import { writeStatus } from './status-write.ts'
import { canonical, templateHash } from './template.ts'

const byRevision = (a: ControllerRevision, b: ControllerRevision): number => a.revision - b.revision || byName(a, b)
const templateOf = ({ data }: ControllerRevision): PodTemplate | undefined => data?.spec?.template

/** The templates that StatefulSets had and have: one ControllerRevision each, the newest with the highest number. */
export class RevisionHistory {
  readonly #client: KubeClient
  readonly #onChange: (setKey: string) => void
  /** By uid of the set. */
  readonly #revisions = new Map<string, Map<string, ControllerRevision>>()

  constructor(client: KubeClient, onChange: (setKey: string) => void) {
    this.#client = client
    this.#onChange = onChange
  }

  take({ kind, object }: Delta<ControllerRevision>): void {
    const owner = controllerOf(object)
    if (owner?.kind !== STATEFUL_SETS.kind) return
    const known = this.#revisions.get(owner.uid) ?? new Map<string, ControllerRevision>()
    if (kind === 'deleted') known.delete(object.metadata.uid)
    else known.set(object.metadata.uid, object)
    if (known.size === 0) this.#revisions.delete(owner.uid)
    else this.#revisions.set(owner.uid, known)
    this.#onChange(`${object.metadata.namespace ?? ''}/${owner.name}`)
  }

  /** Oldest first. */
  of({ metadata }: StatefulSet): readonly ControllerRevision[] {
    return [...(this.#revisions.get(metadata.uid)?.values() ?? [])].sort(byRevision)
  }

  template(set: StatefulSet, name: string): PodTemplate | undefined {
    const found = this.of(set).find(({ metadata }) => metadata.name === name)
    return found === undefined ? undefined : templateOf(found)
  }

  /** The revision of the template as it is now; null: it was just written, and its news will look here again. */
  async ensure(set: StatefulSet): Promise<string | null> {
    const known = this.of(set)
    const text = canonical(templateJson(set))
    const found = known.findLast((revision) => canonical(templateOf(revision)) === text)
    const newest = known.at(-1)
    if (found !== undefined && found === newest) return found.metadata.name
    const number = (newest?.revision ?? 0) + 1
    if (found === undefined) {
      await this.#create(set, revisionOf(set, number))
      return null
    }
    // A template that comes back is the newest again.
    const { namespace = '', name, uid } = found.metadata
    const patch = { metadata: { uid }, revision: number }
    valueUnlessGone(await this.#client.mergePatch(CONTROLLER_REVISIONS, { namespace, name }, patch))
    return null
  }

  /** A name that a stranger has is told apart by a count in the status, which goes into the hash. */
  async #create(set: StatefulSet, revision: NewObject): Promise<void> {
    const answer = await this.#client.create(CONTROLLER_REVISIONS, revision)
    if (answer.kind === 'ok' || answer.reason !== 'AlreadyExists') return void valueUnlessGone(answer)
    const key = { namespace: set.metadata.namespace ?? '', name: revision.metadata.name ?? '' }
    const found = valueUnlessGone(await this.#client.get<ControllerRevision>(CONTROLLER_REVISIONS, key))
    if (found === null || controllerOf(found)?.uid === set.metadata.uid) return
    const collisionCount = (set.status?.collisionCount ?? 0) + 1
    await writeStatus(this.#client, STATEFUL_SETS, set, { replicas: 0, ...set.status, collisionCount })
  }

  /** Forgets what is beyond the history that is kept and used by no pod. */
  async prune(set: StatefulSet, used: ReadonlySet<string>): Promise<void> {
    const unused = this.of(set).filter(({ metadata }) => !used.has(metadata.name))
    const surplus = unused.slice(0, Math.max(0, unused.length - (set.spec.revisionHistoryLimit ?? 10)))
    for (const { metadata } of surplus) {
      const { namespace = '', name, uid } = metadata
      valueUnlessGone(await this.#client.delete(CONTROLLER_REVISIONS, { namespace, name }, { uid }))
    }
  }
}

const templateJson = ({ spec }: StatefulSet): object => ({ ...spec.template, $patch: 'replace' })

function revisionOf(set: StatefulSet, revision: number): NewObject {
  const { metadata, spec } = set
  const hash = templateHash(spec.template, set.status?.collisionCount ?? 0)
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace ?? '',
      labels: { ...spec.template.metadata?.labels, [REVISION_LABEL]: hash },
      ownerReferences: [controllerReference(set)],
    },
    revision,
    data: { spec: { template: templateJson(set) } },
  }
}
