import type { PlanRequest, PlanView } from '../../scheduler/planner/request.ts'

interface Asked {
  readonly request: PlanRequest
  readonly view: PlanView
}

/**
 * The field's baseline, with nothing of the planner in it: scopes in the order written, each into the fullest domain of
 * its required level whose free amounts suffice in sum, pods one by one onto the fullest node; nothing is taken back.
 * `isFaultless` judges what came out by the rules that it did not look at.
 */
export function greedyFits({ request, view }: Asked, isFaultless: (seats: number[][]) => boolean): boolean {
  const columns = view.resources.length
  const free = view.free.slice()
  const allowed = regionsOf({ request, view }, free)
  if (allowed === null) return false
  const seats = request.groups.map(({ scope, seats: wanted }) =>
    wanted.map(({ podClass }) => {
      const { requests, feasible } = view.classes[podClass]!
      const fits = (n: number): boolean =>
        feasible[n] === 1 && allowed[scope]!.has(n) && requests.every((r, c) => free[n * columns + c]! >= r)
      const node = [...view.nodeNames.keys()]
        .filter(fits)
        .sort((a, b) => free[a * columns]! - free[b * columns]! || a - b)[0]
      if (node === undefined) return -1
      requests.forEach((r, c) => (free[node * columns + c]! -= r))
      return node
    }),
  )
  return seats.every((of) => of.every((node) => node >= 0)) && isFaultless(seats)
}

/** Per scope the nodes that it may use; null: some scope has no domain that is large enough. */
function regionsOf({ request, view }: Asked, free: Float64Array): readonly ReadonlySet<number>[] | null {
  const columns = view.resources.length
  const regions: ReadonlySet<number>[] = []
  for (const [s, { parent, required }] of request.scopes.entries()) {
    const around = parent < 0 ? new Set(view.nodeNames.keys()) : regions[parent]!
    if (required === null) {
      regions.push(around)
      continue
    }
    const needed = gpusOf(request, view, s)
    const domains = required.paths.map((_, d) => [...around].filter((n) => required.domainOf[n] === d))
    const room = (nodes: readonly number[]): number => nodes.reduce((sum, n) => sum + free[n * columns]!, 0)
    const best = domains
      .filter((nodes) => nodes.length > 0 && room(nodes) >= needed)
      .sort((a, b) => room(a) - room(b))[0]
    if (best === undefined) return null
    regions.push(new Set(best))
  }
  return regions
}

function gpusOf({ groups, scopes }: PlanRequest, { classes }: PlanView, scope: number): number {
  const isIn = (s: number): boolean => s === scope || (s >= 0 && isIn(scopes[s]!.parent))
  return groups
    .filter((group) => isIn(group.scope))
    .flatMap(({ seats }) => seats)
    .reduce((sum, { podClass }) => sum + classes[podClass]!.requests[0]!, 0)
}
