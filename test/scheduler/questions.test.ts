import { expect, test } from 'vitest'
import type { Node, Pod } from '../../api/kinds/kubernetes.ts'
import { HOSTNAME_LABEL, POD_CLIQUE } from '../../api/names.ts'
import type { PodGang } from '../../api/generated/kinds.ts'
import { Questions } from '../../scheduler/gang/questions.ts'
import { type Question, questionOf } from '../../scheduler/gang/request.ts'
import { situationOf } from '../../scheduler/gang/situation.ts'
import { plan } from '../../scheduler/planner/plan.ts'
import { ClusterState } from '../../scheduler/state/cluster.ts'
import { gangFacts } from '../../scheduler/state/gang-facts.ts'
import { nodeFacts } from '../../scheduler/state/node-facts.ts'
import { podFacts } from '../../scheduler/state/pod-facts.ts'
import { asObject } from './facts.ts'
import { gang, inOne, node, pod, RACK } from './objects.ts'

const OPTIONS = { defaultPack: 'narrowest', maxSteps: 10_000, nowMs: 0 } as const

function cluster(): ClusterState {
  const made = new ClusterState(['espalier'])
  const level = { name: 'rack', key: RACK, within: 'parent' } as const
  made.setDeclarations([{ name: 'default', levels: [level], nodes: [] }])
  for (const name of ['a1', 'a2', 'b1', 'b2']) setNode(made, name, name.slice(0, 1))
  return made
}

const setNode = (of: ClusterState, name: string, rack: string): void =>
  of.setNode(nodeFacts(asObject(node(name, { gpus: 4, labels: { [RACK]: rack } }), name) as Node))

interface Shape {
  readonly gpus?: number
  readonly pods?: number
  readonly required?: string
  readonly group?: string
  readonly bound?: string
}

function setGang(of: ClusterState, name: string, { gpus = 1, pods = 2, required, group = 'g', bound }: Shape): string {
  const names = Array.from({ length: pods }, (_, i) => `${name}-${i}`)
  const pack = required === undefined ? {} : inOne(required)
  of.setGang(gangFacts(asObject(gang(name, [{ name: group, minimum: pods, pods: names }], pack), name) as PodGang))
  for (const [index, each] of names.entries()) {
    const form = { gpus, gang: name, group, index, ...(bound !== undefined && index === 0 ? { nodeName: bound } : {}) }
    of.setPod(podFacts(asObject(pod(each, form), each) as Pod))
  }
  return `default/${name}`
}

/** What kept questions lead to, and what a question made for this gang alone does. */
function both(of: ClusterState, questions: Questions, key: string): [unknown, unknown] {
  const situation = situationOf(of, key, () => false)!
  const told = (question: Question | null): unknown => {
    if (question === null) return null
    const verdict = plan(question.request, question.view)
    return { pods: question.pods.map(({ name }) => name), verdict }
  }
  return [
    told(questions.of(situation, { kind: 'minimum' }, OPTIONS)),
    told(questionOf(of, situation, { kind: 'minimum' }, OPTIONS)),
  ]
}

test('gangs alike share a question, and each gets the answer that its own would get', () => {
  const made = cluster()
  const questions = new Questions(made)
  const shapes: Shape[] = [
    {},
    { gpus: 2 },
    { pods: 3 },
    { required: RACK },
    { group: 'h' },
    { required: RACK, pods: 9 },
  ]
  const keys = [...shapes, ...shapes, { bound: 'a2' }].map((shape, i) => setGang(made, `x${i}`, shape))
  for (const key of keys) {
    const [kept, fresh] = both(made, questions, key)
    expect(kept, key).toEqual(fresh)
  }
  const [first, again] = [keys[0]!, keys[shapes.length]!].map((key) =>
    questions.of(situationOf(made, key, () => false)!, { kind: 'minimum' }, OPTIONS),
  )
  expect(again!.request.groups).toBe(first!.request.groups)
  expect(again!.pods).not.toEqual(first!.pods)
})

test('a question is not kept beyond what it was true for', () => {
  const made = cluster()
  const questions = new Questions(made)
  const steps: (() => void)[] = [
    () => setNode(made, 'a1', 'b'),
    () => made.assume('x0-0', 'b1'),
    () => setNode(made, 'c1', 'c'),
    () => made.deleteNode('b1'),
    () => void made.refusals.add(made.pod('x1-0')!.demand.key, { name: 'a2', uid: 'a2' }, 0),
    () => made.setNode(nodeFacts(asObject(node('c1', { gpus: 0 }), 'c1') as Node)),
  ]
  for (const step of [() => undefined, ...steps]) {
    step()
    const i = steps.indexOf(step) + 1
    for (const required of [undefined, RACK]) {
      const key = setGang(made, `x${i}${required ?? ''}`, { pods: 6, ...(required === undefined ? {} : { required }) })
      const [kept, fresh] = both(made, questions, key)
      expect(kept, `${i} ${required}`).toEqual(fresh)
    }
  }
})

/** A running pod of somebody else; its required anti-affinity is against pods with this label, node by node. */
function setFence(of: ClusterState, name: string, nodeName: string, against: Record<string, string>): void {
  const term = { topologyKey: HOSTNAME_LABEL, labelSelector: { matchLabels: against } }
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } }
  const made = pod(name, { schedulerName: 'other', gpus: 0, nodeName, spec: { affinity } })
  of.setPod(podFacts(asObject(made, name) as Pod))
}

test('anti-affinity of running pods leaves questions shared: by gangs that it is not against, and by those it is', () => {
  const made = cluster()
  const questions = new Questions(made)
  const asked = (key: string): Question =>
    questions.of(situationOf(made, key, () => false)!, { kind: 'minimum' }, OPTIONS)!
  const alike = ['x0', 'x1', 'x2', 'x3', 'x4', 'x5'].map((name) => setGang(made, name, {}))
  setFence(made, 'f', 'a1', { app: 'database' })
  const first = asked(alike[0]!)
  expect(asked(alike[1]!).request.groups).toBe(first.request.groups)
  setFence(made, 'f1', 'a1', { [POD_CLIQUE]: 'g' })
  const second = asked(alike[2]!)
  expect([second.view.classes[0]!.feasible, first.view.classes[0]!.feasible]).toEqual([
    Uint8Array.of(0, 1, 1, 1),
    Uint8Array.of(1, 1, 1, 1),
  ])
  expect(asked(alike[3]!).request.groups).toBe(second.request.groups)
  setFence(made, 'f2', 'b1', { [POD_CLIQUE]: 'g' })
  expect(asked(alike[4]!).view.classes[0]!.feasible).toEqual(Uint8Array.of(0, 1, 0, 1))
  made.deletePod('f1')
  made.deletePod('f2')
  expect(asked(alike[5]!).request.groups).toBe(first.request.groups)
})

test('a kubelet’s refusal keeps the questions of its own class alone from being shared', () => {
  const made = cluster()
  const questions = new Questions(made)
  const asked = (key: string): Question =>
    questions.of(situationOf(made, key, () => false)!, { kind: 'minimum' }, OPTIONS)!
  const keys = ['x0', 'x1'].map((name) => setGang(made, name, {}))
  const others = ['y0', 'y1'].map((name) => setGang(made, name, { gpus: 2 }))
  made.refusals.add(made.pod('x0-0')!.demand.key, { name: 'a2', uid: 'a2' }, 0)
  expect(asked(keys[1]!).request.groups).not.toBe(asked(keys[0]!).request.groups)
  expect(asked(keys[0]!).view.classes[0]!.feasible).toEqual(Uint8Array.of(1, 0, 1, 1))
  expect(asked(others[1]!).request.groups).toBe(asked(others[0]!).request.groups)
})
