import type { KubeObject, NewObject } from '../../api/kinds/kubernetes.ts'
import type { Desired } from '../expansion/set.ts'
import type { OperatorContext } from '../reconciler.ts'
import type { Store } from '../store.ts'
import { isTerminating } from '../observed-pod.ts'
import { Lanes, writeAll } from '../batches.ts'
import { isRefused } from './parts.ts'

/**
 * Requests of one reconciler that may be under way at once. Its children are what pods are made of: with fewer the pods of a
 * large set wait for their cliques, and with so many of each of ten sets the cliques' own pods would wait.
 */
const WRITES_AT_ONCE = 48

/** What the reconcilers of one kind share of the way to the server. */
export const childLanes = (): Lanes => new Lanes(WRITES_AT_ONCE)

export interface ChildrenOptions {
  readonly context: OperatorContext
  readonly lanes: Lanes
  readonly owner: KubeObject
  readonly storeOf: (desired: Desired) => Store<KubeObject>
  /** Stores in which children that are not desired are deleted. */
  readonly pruned: readonly Store<KubeObject>[]
  /** Asked before anything is deleted: whether what asks for no more of them is what the server has. Default: it is. */
  readonly isCurrent?: (surplus: readonly KubeObject[]) => Promise<boolean>
  /** Names of children, as `KIND/NAME`, that are neither made nor deleted here. */
  readonly kept?: ReadonlySet<string>
  readonly seen?: SeenAsDesired
  readonly events: Readonly<Record<string, ChildEvents>>
}

/**
 * Children that were compared with what is desired and did not differ: looked at again only when they change, or what is
 * desired does. `version` says all that the latter follows from, beside the child itself.
 */
export interface SeenAsDesired {
  readonly version: string
  readonly versionOf: WeakMap<KubeObject, string>
}

/** Reason names of the events of a kind; what has none is not told. */
export interface ChildEvents {
  readonly created?: string
  readonly createFailed?: string
  readonly updated?: string
  readonly updateFailed?: string
  readonly deleted: string
  readonly deleteFailed: string
}

/** A clique's, whoever owns it. */
export const CLIQUE_EVENTS: ChildEvents = {
  created: 'PodCliqueCreateSuccessful',
  createFailed: 'PodCliqueCreateFailed',
  updated: 'PodCliqueCreateOrUpdateSuccessful',
  updateFailed: 'PodCliqueCreateOrUpdateFailed',
  deleted: 'PodCliqueDeleteSuccessful',
  deleteFailed: 'PodCliqueDeleteFailed',
}

export interface SyncResult {
  /** Objects of somebody else whose names would be needed. */
  readonly taken: readonly KubeObject[]
  /** Nothing was written: what is desired was thought from what is no longer so. */
  readonly isOutdated: boolean
}

/** Deletes what should not be, creates what should, brings the rest to what is desired. Throws the first error. */
export async function syncChildren(options: ChildrenOptions, desired: readonly Desired[]): Promise<SyncResult> {
  const surplus = surplusOf(options, desired)
  const isCurrent = surplus.length === 0 || ((await options.isCurrent?.(surplus.map(([, child]) => child))) ?? true)
  if (!isCurrent) return { taken: [], isOutdated: true }
  await deleteAll(options, surplus)
  const taken: KubeObject[] = []
  const errors: unknown[] = []
  for (const wave of waves(desired)) {
    await writeAll(wave, WRITES_AT_ONCE, async (each) => {
      const other = await syncChild(options, each)
      if (other !== null) taken.push(other)
    }).catch((error: unknown) => errors.push(error))
  }
  if (errors.length > 0) throw errors[0]
  return { taken: taken.sort(byKindAndName), isOutdated: false }
}

/** Whoever is no administrator can bind only a Role that is there: the API server looks at what it grants. */
function waves(desired: readonly Desired[]): readonly Desired[][] {
  const isRole = ({ type }: Desired): boolean => type.kind === 'Role'
  return [desired.filter(isRole), desired.filter((each) => !isRole(each))]
}

type Surplus = readonly [Store<KubeObject>, KubeObject]

function surplusOf({ owner, pruned, kept = new Set() }: ChildrenOptions, desired: readonly Desired[]): Surplus[] {
  const wanted = new Set([...kept, ...desired.map(({ type, name }) => `${type.kind}/${name}`)])
  const isSurplus = (child: KubeObject): boolean =>
    !isTerminating(child) && !wanted.has(`${child.kind}/${child.metadata.name}`)
  return pruned.flatMap((store) =>
    store
      .owned(owner.metadata.uid)
      .filter(isSurplus)
      .map((child): Surplus => [store, child]),
  )
}

/** One kind after the other, in the order in which they are pruned. */
async function deleteAll(options: ChildrenOptions, surplus: readonly Surplus[]): Promise<void> {
  const { writer } = options.context
  for (const store of options.pruned) {
    const ofStore = surplus.filter(([of]) => of === store)
    await writeAll(ofStore, WRITES_AT_ONCE, async ([, child]) => {
      const isDone = await orTell(options, child, 'delete', () => writer.delete(store, child))
      if (isDone) tell(options, child, 'deleted')
    })
  }
}

/** The object that has the name and is somebody else's, or null. */
async function syncChild(options: ChildrenOptions, desired: Desired): Promise<KubeObject | null> {
  const { context, owner, storeOf, seen } = options
  const store = storeOf(desired)
  const observed = store.get(owner.metadata.namespace ?? '', desired.name)
  if (observed !== undefined && seen?.versionOf.get(observed) === seen?.version && seen !== undefined) return null
  if (observed !== undefined && isChildOf(observed, owner)) {
    if (isTerminating(observed)) return null
    const isNew = await orTell(options, observed, 'update', () =>
      context.writer.update(store, desired.object, observed),
    )
    if (isNew) tell(options, observed, 'updated')
    else seen?.versionOf.set(observed, seen.version)
    return null
  }
  const created = await orTell(options, desired.object, 'create', () => context.writer.create(store, desired.object))
  // There all the while, out of our sight: somebody took the label away that we watch by.
  if (created.kind === 'found') {
    await orTell(options, desired.object, 'update', () => context.writer.update(store, desired.object, created.object))
  }
  if (created.kind === 'taken') return isSpare(created.by) ? null : takenBy(created.by, owner)
  if (created.kind === 'created') tell(options, desired.object, 'created')
  return null
}

const isChildOf = (child: KubeObject, owner: KubeObject): boolean =>
  child.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false

/** A service account of the same name that nobody controls serves as well as ours would. */
const isSpare = ({ kind, metadata }: KubeObject): boolean =>
  kind === 'ServiceAccount' && !metadata.ownerReferences?.some(({ controller }) => controller === true)

/** What is on its way out, or was the child of an owner that is gone, frees its name by itself: tried again. */
function takenBy(by: KubeObject, owner: KubeObject): KubeObject {
  if (isLeaving(by, owner)) throw new Error(`${by.kind} ${by.metadata.name} is still being deleted`)
  return by
}

export const isLeaving = (by: KubeObject, owner: KubeObject): boolean =>
  isTerminating(by) ||
  (by.metadata.ownerReferences ?? []).some(
    ({ name, kind, uid }) => name === owner.metadata.name && kind === owner.kind && uid !== owner.metadata.uid,
  )

/** On the owner, under the reason that its kind of child has for it. */
function tell(
  { context, owner, events }: ChildrenOptions,
  child: NewObject,
  what: 'created' | 'updated' | 'deleted',
): void {
  const reason = events[child.kind]?.[what]
  const done = `${what.charAt(0).toUpperCase()}${what.slice(1)}`
  if (reason !== undefined)
    context.events.event(owner, 'Normal', reason, `${done} ${child.kind} ${child.metadata.name}`)
}

/** What the server refuses is told on the owner; what may pass by itself is not. Either is thrown on. */
async function orTell<T>(
  { context, lanes, owner, events }: ChildrenOptions,
  child: NewObject,
  what: 'create' | 'update' | 'delete',
  write: () => Promise<T>,
): Promise<T> {
  return lanes.run(write).catch((error: unknown) => {
    const reason = events[child.kind]?.[`${what}Failed`]
    if (reason !== undefined && isRefused(error)) {
      const message = `Could not ${what} ${child.kind} ${child.metadata.name}: ${error.message}`
      context.events.event(owner, 'Warning', reason, message)
    }
    throw error
  })
}

const byKindAndName = (a: KubeObject, b: KubeObject): number => {
  const [left, right] = [`${a.kind}/${a.metadata.name}`, `${b.kind}/${b.metadata.name}`]
  return left < right ? -1 : left > right ? 1 : 0
}
