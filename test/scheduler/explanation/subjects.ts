import type { Explanation } from '../../../api/explanation.ts'
import { whyNot } from '../../../scheduler/explanation/explain-gang.ts'
import type { Subject } from '../../../scheduler/explanation/subject.ts'
import { plan } from '../../../scheduler/planner/plan.ts'
import { asked, drawn, type DrawnScope } from '../planner/drawn.ts'

export type WhyNot = Pick<Explanation, 'demands' | 'scopes' | 'nearest' | 'changes'>

export interface DrawnNodes {
  /** Names of cordoned nodes. */
  readonly cordoned?: readonly string[]
  /** Names of nodes with a taint that nobody tolerates. */
  readonly tainted?: readonly string[]
  /** Sizes in GPUs of the pods that hold what is not free; without it one pod a GPU. */
  readonly pods?: Readonly<Record<string, readonly number[]>>
}

/** A gang in a drawn world, refused by the planner: throws where it has a place. */
export function subjectOf(world: string, gang: DrawnScope, nodes: DrawnNodes = {}): Subject {
  const { cordoned = [], tainted = [], pods = {} } = nodes
  const drawing = drawn(world)
  const { request, view } = asked(drawing, gang)
  const shut = new Set([...cordoned, ...tainted].map((name) => view.nodeNames.indexOf(name)))
  const classes = view.classes.map((each) => ({
    ...each,
    feasible: each.feasible.map((is, n) => (shut.has(n) ? 0 : is)),
  }))
  const subject: Subject = {
    request,
    wanted: 'minimum',
    view: { ...view, classes },
    keptOff: (_, n) => (cordoned.includes(view.nodeNames[n]!) ? 'NodeUnschedulable' : 'TaintNotTolerated'),
    cordoned: cordoned.map((name) => ({ node: view.nodeNames.indexOf(name), open: classes.map((_, c) => c) })),
    usedBy: (of) =>
      new Map(
        Array.from(of, (n) => {
          const used = drawing.total[n]! - drawing.free[n]!
          const sizes = pods[view.nodeNames[n]!] ?? Array.from({ length: used }, () => 1)
          const held = sizes.map((gpus) => Float64Array.of(gpus, 1))
          return [n, { pods: held, sums: Float64Array.of(used, held.length) }]
        }),
      ),
  }
  if (plan(subject.request, subject.view).kind === 'plan') throw new Error('it has a place')
  return subject
}

export const explained = (world: string, gang: DrawnScope, nodes: DrawnNodes = {}): WhyNot =>
  whyNot(subjectOf(world, gang, nodes), () => false)

/** `free: … = fits`, one line a change that was tried. */
export const triedIn = ({ changes }: WhyNot): readonly string[] =>
  (changes?.tried ?? []).map(({ what, touches, outcome }) => `${what} [${touches.pods}+${touches.nodes}] ${outcome}`)
