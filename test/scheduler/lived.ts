/** What happens to gangs after they were placed, in the fewest words. */
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { NODES, POD_GANGS, PODS } from '../../kube/resources.ts'
import { HOSTNAME_LABEL } from '../../api/names.ts'
import { node, pod, RACK } from './objects.ts'
import type { World } from './world.ts'

export interface Lived {
  /** A member of gang `g`, group `a`, unless it is said otherwise. */
  make(name: string, form?: Parameters<typeof pod>[1]): Promise<void>
  remove(...names: readonly string[]): Promise<void>
  removeGang(name: string): Promise<void>
  edit(name: string, spec: Readonly<Record<string, unknown>>): Promise<void>
  node(name: string, patch: Readonly<Record<string, unknown>>): Promise<void>
  cordon(...names: readonly string[]): Promise<void>
  uncordon(...names: readonly string[]): Promise<void>
  loseNode(name: string): Promise<void>
  resize(name: string, gpus: number): Promise<void>
  addNode(name: string, rack: string, gpus?: number): Promise<void>
  /** The nodes of these pods, `-` where one has none: `a b -`. */
  on(...names: readonly string[]): Promise<string>
  /** The same in byte order, where it does not matter which pod is where. */
  sorted(...names: readonly string[]): Promise<string>
  why(name: string): string
  whyGang(name: string): string
}

const must = <T extends { kind: string }>(answer: T): void => {
  if (answer.kind === 'failure') throw new Error(JSON.stringify(answer))
}

export function lived(world: World): Lived {
  const { client } = world
  const during = <T>(work: Promise<T>): Promise<T> => world.during(work)
  const patchNode = async (name: string, patch: Readonly<Record<string, unknown>>): Promise<void> =>
    must(await during(client.mergePatch<KubeObject>(NODES, { namespace: '', name }, patch)))
  const on = async (...names: readonly string[]): Promise<string[]> => {
    const placed = await world.placed()
    return names.map((name) => placed[name] ?? '-')
  }
  return {
    on: async (...names) => (await on(...names)).join(' '),
    sorted: async (...names) => (await on(...names)).sort().join(' '),
    make: (name, form = {}) =>
      world.create(pod(name, { gang: 'g', group: 'a', index: Number(name.split('-')[1] ?? 0), ...form })),
    async remove(...names) {
      const at = { gracePeriodSeconds: 0 }
      for (const name of names) must(await during(client.delete(PODS, { namespace: 'default', name }, at)))
    },
    removeGang: async (name) => must(await during(client.delete(POD_GANGS, { namespace: 'default', name }))),
    edit: async (name, spec) =>
      must(await during(client.mergePatch(POD_GANGS, { namespace: 'default', name }, { spec }))),
    node: patchNode,
    async cordon(...names) {
      for (const name of names) await patchNode(name, { spec: { unschedulable: true } })
    },
    async uncordon(...names) {
      for (const name of names) await patchNode(name, { spec: { unschedulable: null } })
    },
    loseNode: async (name) => must(await during(client.delete(NODES, { namespace: '', name }))),
    async resize(name, gpus) {
      const amounts = { 'nvidia.com/gpu': String(gpus) }
      const status = { allocatable: amounts, capacity: amounts }
      must(await during(client.mergePatch(NODES, { namespace: '', name }, { status }, { subresource: 'status' })))
    },
    addNode: (name, rack, gpus = 1) =>
      world.create(node(name, { gpus, labels: { [RACK]: rack, [HOSTNAME_LABEL]: name } })),
    why(name) {
      const found = world.scheduler.report().pods.find((each) => each.name === name)
      return found === undefined ? 'no pod' : `${found.node ?? ''}${found.reason ?? ''}: ${found.message ?? ''}`
    },
    whyGang(name) {
      const found = world.scheduler.report().gangs.find((each) => each.name === name)
      return found === undefined ? 'no gang' : `${found.phase} ${found.reason ?? '-'}: ${found.message ?? ''}`
    },
  }
}

/** The entry of `podgroups` for pods by their names. */
export const podGroup = (name: string, minReplicas: number, pods: readonly string[], more: object = {}): object => ({
  name,
  minReplicas,
  podReferences: pods.map((each) => ({ namespace: 'default', name: each })),
  ...more,
})

export const groupsOf = (...groups: readonly object[]): { podgroups: readonly object[] } => ({ podgroups: groups })
