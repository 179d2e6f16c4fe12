import { amountText } from '../../api/amount.ts'
import type { PlanView } from '../planner/request.ts'
import { allowedNodes, domainNodes, fitOn } from '../planner/shortfalls.ts'
import { type Candidate, changedView } from './candidate.ts'
import type { Failing } from './failing.ts'
import { type Freeing, freeing } from './freeing.ts'
import type { Subject } from './subject.ts'
import type { Survey } from './survey.ts'

/** In how many of the nearest domains room is made. */
const DOMAINS_MAX = 2

/** Room made in the nearest domains for the pods that find no place there. */
export function freed(subject: Subject, survey: Survey, failing: Failing | null): readonly Candidate[] {
  if (failing === null) return []
  const { level, node, domains } = failing
  if (level === null)
    return making(subject, survey, failing, allowedNodes(survey.tree, node.filter), 'the cluster', false)
  return domains
    .slice(0, DOMAINS_MAX)
    .flatMap(({ d, isShared }) =>
      making(subject, survey, failing, domainNodes(level, d, node.filter), level.paths[d] ?? '', isShared),
    )
}

function making(
  subject: Subject,
  { tree, room }: Survey,
  { node }: Failing,
  nodes: Int32Array,
  where: string,
  isShared: boolean,
): readonly Candidate[] {
  const { left, rest } = fitOn(tree, room, node, nodes)
  // In a shared domain the first fit stands for the scope that was given its room there.
  const wanted = isShared ? node.demand.counts : left
  const made = freeing(subject, nodes, rest, wanted, room.scarce)
  if (made === null || made.pods === 0) return []
  return [
    {
      kind: 'free',
      what: `free ${unitsText(subject.view, made)} in ${where}, held by ${count(made.pods, 'pod')} on ${count(made.rows.length, 'node')}`,
      touches: { pods: made.pods, nodes: 0 },
      apply: ({ request, view }) => ({ request, view: changedView(view, { free: made.free }, made.rows) }),
    },
  ]
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

/** `16 nvidia.com/gpu and 4 cpu`. Pod slots go with the pods. */
function unitsText({ resources }: PlanView, { units }: Freeing): string {
  const told = resources.flatMap((name, r) =>
    (units[r] ?? 0) > 0 && name !== 'pods' ? [`${amountText(name, units[r] ?? 0)} ${name}`] : [],
  )
  return told.length > 0 ? told.join(' and ') : 'pod slots'
}
