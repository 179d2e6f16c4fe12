/** What chance meets too seldom in the life of an operator; told by directed.ts. */
import type { Pod } from '../../../api/kinds/kubernetes.ts'
import { POD_INDEX } from '../../../api/names.ts'
import { PODS } from '../../../kube/resources.ts'
import { keyOf } from '../kubelets.ts'
import type { DrawnClique, DrawnSet } from '../sets/drawn.ts'
import type { World } from '../world.ts'
import { later, nodesOf, refused, type Scenario, scenario } from './scenario.ts'

const cliqueOf = (replicas: number): DrawnClique => ({ name: 'a', replicas, minAvailable: 1, gpus: 1, cpus: 1 })

const setOf = (form: Partial<DrawnSet>): DrawnSet => ({
  name: 's',
  replicas: 1,
  cliques: [cliqueOf(1)],
  group: null,
  arriveMs: 1_000,
  departMs: null,
  changes: [],
  ...form,
})

const refusedDelete: Scenario = scenario({
  name: 'what may not be deleted just now is deleted later',
  nodes: nodesOf('r1: a4'),
  gangs: [],
  sets: [setOf({ replicas: 2, changes: [{ atMs: 20_000, kind: 'scale-set', on: 's', replicas: 1 }] })],
  script: (world) => {
    let isRefused = false
    world.meddle.fateOf = (_, ticket) => {
      if (isRefused || ticket?.method !== 'DELETE' || !ticket.path.includes('/podgangs/')) return null
      isRefused = true
      return refused('somebody between has reasons of his own')
    }
  },
  judge: ({ observer }) => (observer.tickets.some(({ status }) => status === 409) ? [] : ['nothing was refused']),
})

const firstPod = ({ history }: World): Pod | undefined =>
  [...history.pods.values()].find(({ metadata }) => metadata.labels?.[POD_INDEX] === '0')

/**
 * The first of three pods is not Ready, as far as the operator knows. Unheard it gets Ready and goes, so that the delete
 * which makes two of them finds it gone. Later the operator hears that it got Ready, and only then that it went.
 */
const goneBefore: Scenario = scenario({
  name: 'a pod that a delete has found gone does not count again when a silent watch tells how it was',
  nodes: nodesOf('r1: a4'),
  gangs: [],
  sets: [
    setOf({ cliques: [cliqueOf(3)], changes: [{ atMs: 25_000, kind: 'scale-clique', on: 's-0-a', replicas: 2 }] }),
  ],
  script: (world) => {
    let first: Pod | undefined
    const tell = (status: 'True' | 'False') => () => {
      first ??= firstPod(world)
      const body = { status: { conditions: [{ type: 'Ready', status }] } }
      return world.chaos.strategicPatch(PODS, keyOf(first!), body, { subresource: 'status' })
    }
    later(world, 10_000, tell('False'))
    later(world, 20_000, () => {
      for (const { network, life } of world.processes) {
        if (life.isOperator) network.frozenUntilMs.set('pods', 60_000)
      }
    })
    later(world, 21_000, tell('True'))
    later(world, 22_000, () => world.chaos.delete(PODS, keyOf(first!), { gracePeriodSeconds: 0 }))
    world.meddle.lineFateOf = (kept, line) =>
      kept === 'pods' && world.clock.monotonicMs() === 60_000 && line().includes('"type":"DELETED"')
        ? { kind: 'late', ms: 3_000 }
        : null
  },
  judge: ({ observer }) =>
    observer.tickets.some(({ method, status }) => method === 'DELETE' && status === 404)
      ? []
      : ['nothing was found gone'],
})

export const OF_SETS: readonly Scenario[] = [refusedDelete, goneBefore]
