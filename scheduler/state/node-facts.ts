import type { KubeObject, Node, Taint } from '../../api/kinds/kubernetes.ts'
import { toMilli, toUnits } from '../../api/quantity.ts'
import { bare } from './record.ts'

/** What the scheduler keeps of a node. Readiness is read from taints only, as kube-scheduler does. */
export interface NodeFacts {
  readonly uid: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly isUnschedulable: boolean
  readonly taints: readonly Taint[]
  /** cpu in milli-cpu, memory in bytes, the rest in units. */
  readonly allocatable: Readonly<Record<string, number>>
}

export interface NodeObject extends KubeObject {
  readonly facts: NodeFacts
}

/** Without its version: a node that only says again that it is alive is no change. */
export function projectNode(raw: KubeObject): NodeObject {
  const { name, uid, creationTimestamp } = raw.metadata
  const metadata = { name, uid, resourceVersion: '', creationTimestamp }
  return { apiVersion: 'v1', kind: 'Node', metadata, facts: nodeFacts(raw as Node) }
}

export function nodeFacts(node: Node): NodeFacts {
  return {
    uid: node.metadata.uid,
    name: node.metadata.name,
    labels: bare(node.metadata.labels ?? {}),
    isUnschedulable: node.spec?.unschedulable === true,
    taints: (node.spec?.taints ?? []).filter((taint) => taint.effect === 'NoSchedule' || taint.effect === 'NoExecute'),
    allocatable: amounts(node.status?.allocatable ?? node.status?.capacity ?? {}),
  }
}

/** Amounts by how they are written: a node that says again that it lives writes them as before. */
const AMOUNTS_MAX = 1_024
/** Longer texts are read anew each time. */
const TEXT_MAX = 4_096
const known = new Map<string, Readonly<Record<string, number>>>()

function amounts(list: Readonly<Record<string, string>>): Readonly<Record<string, number>> {
  const written = JSON.stringify(list)
  const first = known.get(written)
  if (first !== undefined) return first
  if (known.size >= AMOUNTS_MAX) known.clear()
  const read = readAmounts(list)
  if (written.length <= TEXT_MAX) known.set(written, read)
  return read
}

/** An amount that cannot be read is none: nothing is placed on what nobody can count. */
function readAmounts(list: Readonly<Record<string, string>>): Record<string, number> {
  const read = Object.setPrototypeOf({}, null) as Record<string, number>
  for (const [name, text] of Object.entries(list)) read[name] = amount(name, String(text))
  return read
}

function amount(resource: string, text: string): number {
  try {
    const value = resource === 'cpu' ? toMilli(text) : toUnits(text)
    return Number.isFinite(value) ? value : 0
  } catch {
    return 0
  }
}
