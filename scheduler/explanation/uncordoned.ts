import { podsIn } from '../planner/counters.ts'
import { type Candidate, changedView, missingPods } from './candidate.ts'
import type { Failing } from './failing.ts'
import type { Subject } from './subject.ts'
import type { Survey } from './survey.ts'

/** In how many domains it is tried. */
const DOMAINS_MAX = 2
const NAMES_MAX = 3

interface Cordoned {
  readonly node: number
  readonly open: readonly number[]
  /** Pods of the gang that it would take. */
  readonly gain: number
}

/** The fewest cordoned nodes of one domain that would take the pods which find no place there. */
export function uncordoned(subject: Subject, survey: Survey, failing: Failing | null): readonly Candidate[] {
  const usable = subject.cordoned
    .map(({ node, open }) => ({ node, open, gain: gainOf(subject, survey, node, open) }))
    .filter(({ gain }) => gain > 0)
    .sort((a, b) => b.gain - a.gain || a.node - b.node)
  const sets = domainsToTry(failing).flatMap(({ has, missing }) => {
    const nodes = fewest(
      usable.filter(({ node }) => has(node)),
      missing,
    )
    return nodes === null ? [] : [nodes]
  })
  return sets
    .sort((a, b) => a.length - b.length)
    .slice(0, DOMAINS_MAX)
    .map((nodes) => candidateOf(subject, nodes))
}

function gainOf({ view }: Subject, { room }: Survey, node: number, open: readonly number[]): number {
  const asked = open.filter((c) => room.seated.includes(c))
  const fits = asked.map((c) => podsIn(view.free, node * view.resources.length, view.classes[c]!.requests, 1_000))
  return Math.max(0, ...fits)
}

function domainsToTry(failing: Failing | null): readonly { has: (node: number) => boolean; missing: number }[] {
  const level = failing?.level ?? null
  if (failing === null || level === null) return [{ has: () => true, missing: missingPods(failing) }]
  const isOpen = (node: number): boolean => failing.node.filter === null || failing.node.filter[node] === 1
  return failing.domains.map(({ d, missing }) => ({
    has: (node) => level.domainOf[node] === d && isOpen(node),
    missing,
  }))
}

function fewest(byGain: readonly Cordoned[], missing: number): readonly Cordoned[] | null {
  let gained = 0
  for (const [at, { gain }] of byGain.entries()) {
    gained += gain
    if (gained >= missing) return byGain.slice(0, at + 1)
  }
  return null
}

function candidateOf({ view }: Subject, nodes: readonly Cordoned[]): Candidate {
  const names = nodes.slice(0, NAMES_MAX).map(({ node }) => view.nodeNames[node])
  const others = nodes.length > NAMES_MAX ? ` and ${nodes.length - NAMES_MAX} more` : ''
  const rows = nodes.map(({ node }) => node)
  return {
    kind: 'uncordon',
    what: `uncordon ${nodes.length === 1 ? 'the node' : `${nodes.length} nodes:`} ${names.join(', ')}${others}`,
    touches: { pods: 0, nodes: nodes.length },
    apply: (asked) => ({
      ...asked,
      view: changedView(asked.view, { classes: opened(asked.view.classes, nodes) }, rows),
    }),
  }
}

function opened(classes: Subject['view']['classes'], nodes: readonly Cordoned[]): Subject['view']['classes'] {
  return classes.map((podClass, c) => {
    const here = nodes.filter(({ open }) => open.includes(c))
    if (here.length === 0) return podClass
    const feasible = podClass.feasible.slice()
    for (const { node } of here) feasible[node] = 1
    return { ...podClass, feasible }
  })
}
