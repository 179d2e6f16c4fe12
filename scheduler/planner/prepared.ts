import { Asked } from './bounds.ts'
import type { PlanRequest, PlanView } from './request.ts'
import { type Route, routeOf } from './route.ts'
import { requestRules, type Rules } from './rules.ts'
import { type ScopeTree, scopeTree } from './scopes.ts'

/** All that follows from what a gang asks for, before any look at what is free. */
export interface Prepared {
  readonly tree: ScopeTree
  readonly asked: Asked
  readonly rules: Rules
  readonly route: Route | null
}

const known = new WeakMap<PlanRequest['groups'], Prepared>()

/** Once for all gangs that ask for the same of the same view, where the request says that it is shared. */
export function prepare(request: PlanRequest, view: PlanView): Prepared {
  if (request.isShared !== true) return prepareAnew(request, view)
  const before = known.get(request.groups)
  if (before !== undefined && isFor(before.tree, request, view)) return before
  const prepared = prepareAnew(request, view)
  known.set(request.groups, prepared)
  return prepared
}

const isFor = (tree: ScopeTree, { scopes, defaultPack }: PlanRequest, view: PlanView): boolean =>
  tree.view === view && tree.request.scopes === scopes && tree.request.defaultPack === defaultPack

function prepareAnew(request: PlanRequest, view: PlanView): Prepared {
  const tree = scopeTree(request, view)
  const asked = new Asked(tree)
  const rules = requestRules(tree)
  return { tree, asked, rules, route: routeOf(tree, asked, rules) }
}
