import type { KubeObject } from '../api/kinds/kubernetes.ts'
import type { KubeClient } from '../kube/client.ts'
import type { Clock } from '../kube/clock.ts'
import type { Log } from '../kube/log.ts'
import type { Random } from '../kube/random.ts'
import { reflector } from '../kube/reflector/reflector.ts'
import type { Delta, Reflector } from '../kube/reflector/types.ts'
import type { Message } from '../kube/protobuf/projection.ts'
import { NODES, POD_GANGS, PODS, type ResourceType } from '../kube/resources.ts'
import { isRivalBind } from './binder/two-schedulers.ts'
import type { ClusterState } from './state/cluster.ts'
import { type GangObject, projectGang } from './state/gang-facts.ts'
import { type NodeFacts, type NodeObject, projectNode } from './state/node-facts.ts'
import { NODE_FIELDS } from './state/node-fields.ts'
import { type PodFacts, type PodObject, projectPod } from './state/pod-facts.ts'
import { POD_FIELDS } from './state/pod-fields.ts'
import { isKubeletRefusal } from './state/refusals.ts'
import { shrunkBelowUse } from './state/shrunk.ts'

export interface FeedOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly cluster: ClusterState
  /** Something changed: look again. */
  readonly onNote: () => void
  readonly onPodGone: (uid: string) => void
  /** A read has found the pod gone, and its end was not told yet. */
  readonly isGone: (uid: string) => boolean
  /** A pod of ours that was pending got a node from somebody else. */
  readonly onRival: (pod: PodFacts) => void
  /** A node has become smaller than what is used on it. */
  readonly onShrunk: (node: NodeFacts, what: string) => void
  /** A kubelet refused a pod of ours; its class avoids the node from now on. */
  readonly onRefused: (pod: PodFacts, node: string) => void
}

export interface Feeds {
  start(): void
  /** Pods, nodes and PodGangs are known; in a cluster without the PodGang CRD there are none. */
  readonly synced: Promise<void>
  stop(): Promise<void>
}

/** Reflectors → cluster state. Every delta is one call on the state and one note. */
export function createFeeds(options: FeedOptions): Feeds {
  const { client, clock, random, log } = options
  let tellMissing = (): void => {}
  const missing = new Promise<void>((resolve) => {
    tellMissing = resolve
  })
  const of = <T extends KubeObject>(
    type: ResourceType,
    project: (raw: KubeObject) => T,
    take: (delta: Delta<T>, options: FeedOptions) => void,
    projection?: Message,
  ): Reflector<T> => {
    const onDelta = (delta: Delta<T>): void => {
      take(delta, options)
      options.onNote()
    }
    const onTrouble = (message: string): void => {
      log.warn(message)
      if (type === POD_GANGS && isNotInstalled(message)) tellMissing()
    }
    const form = projection === undefined ? {} : { projection }
    return reflector<T>({ client, type, clock, random, project, onDelta, onTrouble, ...form })
  }
  const nodes = of(NODES, projectNode, takeNode, NODE_FIELDS)
  const gangs = of(POD_GANGS, projectGang, takeGang)
  const pods = of(PODS, projectPod, takePod, POD_FIELDS)
  return {
    start: () => [nodes, gangs, pods].forEach((each) => each.start()),
    synced: Promise.all([nodes.synced, Promise.race([gangs.synced, missing]), pods.synced]).then(() => undefined),
    stop: async () => {
      await Promise.all([nodes.stop(), gangs.stop(), pods.stop()])
    },
  }
}

/**
 * The kind is not in the cluster (yet): nobody waits for its first list, and the reflector goes on asking. Asked of kinds
 * of CRDs only: pods and nodes are always there, but something between us and the server may say the same of them.
 */
export const isNotInstalled = (message: string): boolean => message.includes('NotFound')

function takeNode({ kind, object, before }: Delta<NodeObject>, { cluster, onShrunk }: FeedOptions): void {
  if (kind === 'deleted') return cluster.deleteNode(object.facts.name)
  cluster.setNode(object.facts)
  const short = before === null ? null : shrunkBelowUse(cluster, before.facts, object.facts)
  if (short !== null) onShrunk(object.facts, short)
}

function takeGang({ kind, object }: Delta<GangObject>, { cluster }: FeedOptions): void {
  if (kind === 'deleted') cluster.deleteGang(object.facts.uid)
  else cluster.setGang(object.facts)
}

/** It counts towards nothing any more, and uses its node until its end is told. */
const goneFacts = (facts: PodFacts): PodFacts => ({ ...facts, isTerminating: true, isPlaceable: false })

function takePod({ kind, object, before }: Delta<PodObject>, options: FeedOptions): void {
  const { cluster, onPodGone, onRival, onRefused, isGone } = options
  const told = object.facts // what it says of others, a scheduler or a kubelet, counts of a pod that is gone, too
  const facts = isGone(told.uid) ? goneFacts(told) : told
  if (kind === 'deleted') {
    cluster.deletePod(facts.uid)
    onPodGone(facts.uid)
    return
  }
  const known = before?.facts ?? null
  const atHand = cluster.pod(facts.uid) // a read may have told already
  const assumed = atHand === undefined ? null : cluster.nodeOf(atHand)
  cluster.setPod(facts)
  if (known === null) return
  if (atHand !== undefined && isRivalBind(atHand, told, cluster.isOurs(told), assumed)) onRival(told)
  const isRefused = !known.isFailed && told.failure !== null && isKubeletRefusal(told.failure)
  if (isRefused && told.node !== null && cluster.isOurs(told)) onRefused(told, told.node)
}
