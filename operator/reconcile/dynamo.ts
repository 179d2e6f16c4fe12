import type {
  DynamoGraphDeployment,
  PodClique,
  PodCliqueScalingGroup,
  PodCliqueSet,
} from '../../api/generated/kinds.ts'
import { sentenceOf } from '../../api/field-error.ts'
import { DYNAMO_FINALIZER, PART_OF } from '../../api/names.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { KubeError } from '../../kube/answers.ts'
import {
  DYNAMO_GRAPHS,
  PERSISTENT_VOLUME_CLAIMS,
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  SCALING_GROUPS,
} from '../../kube/resources.ts'
import type { Reconciled } from '../../kube/work-queue.ts'
import { DYNAMO_DEFAULTS, type DynamoConfig } from '../expansion/dynamo/config.ts'
import {
  failure,
  type LiveChild,
  outcomeOf,
  readinessOf,
  serviceStatus,
  setReadiness,
  topologyAnswer,
} from '../expansion/dynamo/status.ts'
import { type Desired, type ScaledChild, translate } from '../expansion/dynamo/translate.ts'
import { isTerminating } from '../observed-pod.ts'
import { keyOf, type MakeReconciler, type OperatorContext, type Reconciler, splitKey, watch } from '../reconciler.ts'
import type { Store } from '../store.ts'
import type { Writer } from '../writer.ts'
import { besideWatches, NameTaken, SideObjects } from './dynamo-objects.ts'
import { scaleChild } from './dynamo-scale.ts'
import { syncSet } from './dynamo-set.ts'
import { type Found, writeGraphStatus } from './dynamo-status.ts'
import { dropFinalizer } from './parts.ts'

/** How soon a graph whose set's name somebody else holds is looked at again, if nothing tells us before. */
const TAKEN_AGAIN_MS = 30_000

/** A Dynamo graph: its PodCliqueSet, what stands beside that, the scale of its parts, and its status. */
export const dynamoReconciler: MakeReconciler = (context) => new DynamoReconciler(context)

/** The graph that controls an object, as a key. */
const controllingGraph = (object: KubeObject): `${string}/${string}`[] =>
  (object.metadata.ownerReferences ?? [])
    .filter(({ kind, controller }) => kind === 'DynamoGraphDeployment' && controller === true)
    .map(({ name }) => `${object.metadata.namespace ?? ''}/${name}` as const)

/** Somebody wrote in between: the next look decides, and nobody need hear of it. */
const isWorthTelling = (error: unknown): error is Error =>
  error instanceof NameTaken || (error instanceof KubeError && error.failure.reason !== 'Conflict')

class DynamoReconciler implements Reconciler {
  readonly name = 'dynamo'
  readonly concurrency = 10
  readonly watches: Reconciler['watches']
  readonly #context: OperatorContext
  readonly #config: DynamoConfig
  readonly #writer: Writer
  readonly #side: SideObjects
  readonly #graphs: Store<DynamoGraphDeployment>
  readonly #sets: Store<PodCliqueSet>
  readonly #cliques: Store<PodClique>
  readonly #groups: Store<PodCliqueScalingGroup>
  readonly #claims: Store<KubeObject>

  constructor(context: OperatorContext) {
    this.#context = context
    this.#config = { ...DYNAMO_DEFAULTS, schedulerName: context.config.schedulerName, ...context.config.dynamo }
    this.#writer = context.writer
    this.#side = new SideObjects(context, this.#writer)
    this.#graphs = context.view.observe(DYNAMO_GRAPHS)
    this.#sets = context.view.observe(POD_CLIQUE_SETS)
    this.#cliques = context.view.observe(POD_CLIQUES)
    this.#groups = context.view.observe(SCALING_GROUPS)
    this.#claims = context.view.observe(PERSISTENT_VOLUME_CLAIMS)
    this.watches = [
      watch(DYNAMO_GRAPHS, (graph) => [keyOf(graph)]),
      watch(POD_CLIQUE_SETS, controllingGraph),
      watch(POD_CLIQUES, (clique) => this.#graphOfChild(clique)),
      watch(SCALING_GROUPS, (group) => this.#graphOfChild(group)),
      watch(PERSISTENT_VOLUME_CLAIMS, (claim) => this.#graphsNaming(claim)),
      ...besideWatches,
    ]
  }

  async reconcile(key: `${string}/${string}`): Promise<Reconciled | void> {
    const { namespace, name } = splitKey(key)
    const graph = this.#graphs.get(namespace, name)
    if (graph === undefined) return
    // Nothing of ours needs the graph to stay: owner references delete the rest.
    if (isTerminating(graph)) return dropFinalizer(this.#context, this.#graphs, graph, DYNAMO_FINALIZER)
    const desired = translate(graph, this.#config, { set: this.#setOf(graph), claims: this.#claimsIn(namespace) })
    if (desired.kind === 'refused') {
      await this.#tell(graph, { outcome: failure(desired.errors.map(sentenceOf).join('; ')), isRefused: true })
      return
    }
    const holder = this.#sets.get(namespace, desired.set.name)
    if (holder !== undefined && !controllingGraph(holder).includes(key)) return this.#refuseTakenName(graph, desired)
    try {
      await this.#bringAbout(graph, desired)
    } catch (error) {
      if (isWorthTelling(error)) await this.#tell(graph, { outcome: failure(error.message), isRefused: false })
      throw error
    }
    await this.#tell(graph, this.#lookAt(graph, desired))
  }

  async #bringAbout(graph: DynamoGraphDeployment, desired: Desired): Promise<void> {
    await this.#side.sync(graph, desired)
    await syncSet(this.#context, this.#writer, this.#sets, graph, this.#setOf(graph), desired.set)
    for (const child of desired.children) {
      await scaleChild(this.#context, graph, child, this.#childOf(desired, child).object)
    }
  }

  #lookAt({ spec }: DynamoGraphDeployment, desired: Desired): Found {
    const live = desired.children.map((child) => ({ child, now: this.#childOf(desired, child) }))
    const readiness = live.map(({ child, now }) => [child.name, readinessOf(now, child.replicas)] as const)
    const set = this.#sets.get(desired.set.namespace, desired.set.name) ?? null
    return {
      outcome: outcomeOf(desired.set.name, new Map([[desired.set.name, setReadiness(set)], ...readiness])),
      isRefused: false,
      topology: spec.topologyConstraint === undefined ? null : topologyAnswer(set),
      services: Object.fromEntries(live.map(({ child, now }) => [child.component, serviceStatus(child, now)])),
      desired,
    }
  }

  #tell(graph: DynamoGraphDeployment, found: Found): Promise<void> {
    return writeGraphStatus(this.#context, this.#writer, this.#graphs, graph, found)
  }

  async #refuseTakenName(graph: DynamoGraphDeployment, { set }: Desired): Promise<Reconciled> {
    const message = sentenceOf({
      path: ['metadata', 'name'],
      found: graph.metadata.name,
      want: `a name under which there is no other PodCliqueSet: ${set.name} is not of this graph`,
      at: null,
    })
    await this.#tell(graph, { outcome: failure(message), isRefused: true })
    return { again: TAKEN_AGAIN_MS, wake: 'background' }
  }

  #setOf(graph: DynamoGraphDeployment): PodCliqueSet | null {
    return this.#sets.owned(graph.metadata.uid).find(({ metadata }) => metadata.deletionTimestamp === undefined) ?? null
  }

  #claimsIn(namespace: string): ReadonlySet<string> {
    const there = [...this.#claims.values()].filter(({ metadata }) => metadata.namespace === namespace)
    return new Set(there.map(({ metadata }) => metadata.name))
  }

  /** The child of that name if it is of this graph's set and stays. */
  #childOf({ set }: Desired, { kind, name }: ScaledChild): LiveChild {
    const isOurs = ({ metadata }: KubeObject): boolean =>
      metadata.labels?.[PART_OF] === set.name && metadata.deletionTimestamp === undefined
    if (kind === 'PodClique') {
      const object = this.#cliques.get(set.namespace, name)
      return { kind, object: object !== undefined && isOurs(object) ? object : null }
    }
    const object = this.#groups.get(set.namespace, name)
    return { kind, object: object !== undefined && isOurs(object) ? object : null }
  }

  #graphOfChild(child: KubeObject): `${string}/${string}`[] {
    const set = this.#sets.get(child.metadata.namespace ?? '', child.metadata.labels?.[PART_OF] ?? '')
    return set === undefined ? [] : controllingGraph(set)
  }

  /** Graphs that mount a claim that came or went. O(graphs). */
  #graphsNaming({ metadata }: KubeObject): `${string}/${string}`[] {
    return [...this.#graphs.values()]
      .filter((graph) => graph.metadata.namespace === metadata.namespace)
      .filter(({ spec }) => (spec.pvcs ?? []).some(({ name }) => name === metadata.name))
      .map(keyOf)
  }
}
