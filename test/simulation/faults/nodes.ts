import type { Node, Taint } from '../../../api/kinds/kubernetes.ts'
import { NODES } from '../../../kube/resources.ts'
import { between, oneOf } from '../random.ts'
import { GPU, RACK } from '../facts.ts'
import type { World } from '../world.ts'
import type { Strike } from './strike.ts'

function anyNode({ history, random }: World): Node | null {
  const nodes = [...history.nodes.values()]
  return nodes.length === 0 ? null : oneOf(random, nodes)
}

/** One that a scheduler has just chosen, more often than not: there the race is. */
function hotNode(world: World): Node | null {
  const recent = world.observer.tickets.slice(-20).filter(({ kind }) => kind === 'bind')
  const hot = recent.map(({ node }) => world.history.nodes.get(node)).filter((node) => node !== undefined)
  return hot.length > 0 && world.random() < 0.6 ? oneOf(world.random, hot) : anyNode(world)
}

const on =
  (strike: (world: World, node: Node) => Promise<unknown>) =>
  async (world: World): Promise<boolean> => {
    const node = hotNode(world)
    if (node !== null) await strike(world, node)
    return node !== null
  }

const key = ({ metadata: { name } }: Node): { namespace: string; name: string } => ({ namespace: '', name })
const patch = (world: World, node: Node, body: object, subresource?: 'status'): Promise<unknown> =>
  world.chaos.mergePatch(NODES, key(node), body, subresource === undefined ? {} : { subresource })
const later = (world: World, ms: readonly [number, number], act: () => void): void =>
  void world.clock.after(between(world.random, ...ms), 'work', act)

const taintsWith = (node: Node, taint: Taint): Taint[] => [
  ...(node.spec?.taints ?? []).filter(({ key: k }) => k !== taint.key),
  taint,
]
const taintsWithout = (node: Node | undefined, name: string): Taint[] =>
  (node?.spec?.taints ?? []).filter(({ key: k }) => k !== name)

/** Taints it and takes the taint off again. */
async function taintFor(
  world: World,
  node: Node,
  taint: Taint,
  ms: readonly [number, number],
  then = (): void => {},
): Promise<void> {
  await patch(world, node, { spec: { taints: taintsWith(node, taint) } })
  later(world, ms, () => {
    const now = world.history.nodes.get(node.metadata.name)
    if (now?.metadata.uid === node.metadata.uid)
      void patch(world, now, { spec: { taints: taintsWithout(now, taint.key) } })
    then()
  })
}

const smaller = (node: Node, share: number): Record<string, string> => {
  const amounts = { ...node.status?.allocatable }
  for (const name of [GPU, 'cpu']) amounts[name] = String(Math.floor(Number(amounts[name] ?? 0) * share))
  return amounts
}

async function remake(world: World, node: Node, share: number, ms: readonly [number, number]): Promise<void> {
  await world.chaos.delete(NODES, key(node))
  const { name, labels = {} } = node.metadata
  const amounts = smaller(node, share)
  const made = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    spec: {},
    status: { capacity: amounts, allocatable: amounts },
  }
  later(world, ms, () => void world.addNode(made))
}

type Kinds =
  | 'node-dead'
  | 'node-deleted'
  | 'node-smaller'
  | 'node-flapped'
  | 'node-relabelled'
  | 'node-tainted'
  | 'node-cordoned'
  | 'node-shrinks'
  | 'kubelet-refuses'
  | 'never-ready'

export const nodeFaults: Readonly<Record<Kinds, Strike>> = {
  'node-dead': on(async (world, node) => {
    const { name } = node.metadata
    world.kubelets.dead.add(name)
    const back = (): void => {
      world.kubelets.dead.delete(name)
      void world.kubelets.catchUp(name)
    }
    await taintFor(world, node, { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' }, [10_000, 40_000], back)
  }),
  'node-deleted': on(async (world, node) => {
    if (world.history.nodes.size <= 8) return
    await world.chaos.delete(NODES, key(node))
  }),
  'node-smaller': on((world, node) => remake(world, node, 0.5, [300, 8_000])),
  /** Away and back in one instant, with half of what it had. */
  'node-flapped': on((world, node) => remake(world, node, world.random() < 0.5 ? 1 : 0.5, [0, 0])),
  'node-relabelled': on((world, node) => {
    const racks = [...new Set([...world.history.nodes.values()].map(({ metadata }) => metadata.labels?.[RACK] ?? 'r0'))]
    return patch(world, node, {
      metadata: { labels: { [RACK]: world.random() < 0.15 ? null : oneOf(world.random, racks) } },
    })
  }),
  'node-tainted': on((world, node) =>
    taintFor(world, node, { key: 'example.com/maintenance', effect: 'NoSchedule' }, [3_000, 20_000]),
  ),
  'node-cordoned': on(async (world, node) => {
    await patch(world, node, { spec: { unschedulable: true } })
    later(world, [3_000, 20_000], () => void patch(world, node, { spec: { unschedulable: null } }))
  }),
  'node-shrinks': on((world, node) => patch(world, node, { status: { allocatable: smaller(node, 0.6) } }, 'status')),
  'kubelet-refuses': on(async (world, { metadata: { name } }) => {
    const reasons = [`OutOf${GPU}`, 'OutOfcpu', 'UnexpectedAdmissionError', 'TopologyAffinityError', 'NodeAffinity']
    world.kubelets.refusing.set(name, oneOf(world.random, reasons))
  }),
  'never-ready': on(async (world, { metadata: { name } }) => void world.kubelets.stuck.add(name)),
}
