import type { FieldError } from '../field-error.ts'
import type { PodCliqueSetSpec, PodCliqueTemplate } from '../generated/kinds.ts'

/** What CEL cannot say about startsAfter: that it never leads back to where it began. */

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The first cycle that a walk from `start` runs into; what it leaves without one is added to `done`. */
function cycleFrom(start: string, after: ReadonlyMap<string, readonly string[]>, done: Set<string>): string[] | null {
  const path: string[] = [start]
  const next: number[] = [0]
  const onPath = new Set(path)
  while (path.length > 0) {
    const at = path.length - 1
    const name = path[at] ?? ''
    const dependency = after.get(name)?.[next[at] ?? 0]
    next[at] = (next[at] ?? 0) + 1
    if (dependency === undefined) {
      done.add(name)
      onPath.delete(name)
      path.pop()
      next.pop()
    } else if (onPath.has(dependency)) return path.slice(path.indexOf(dependency))
    else if (after.has(dependency) && !done.has(dependency)) {
      path.push(dependency)
      next.push(0)
      onPath.add(dependency)
    }
  }
  return null
}

const pathTo = (cliques: readonly PodCliqueTemplate[], name: string): FieldError['path'] => [
  'spec',
  'template',
  'cliques',
  cliques.findIndex((clique) => clique.name === name),
  'spec',
  'startsAfter',
]

/**
 * With CliqueStartupTypeExplicit: names that are not there, and one error a cycle, spelled out from its first clique
 * in byte order. Of cycles that share a clique one is told.
 */
export function validateStartOrder(spec: PodCliqueSetSpec): FieldError[] {
  const { cliques, cliqueStartupType } = spec.template
  if (cliqueStartupType !== 'CliqueStartupTypeExplicit') return []
  const after = new Map(cliques.map((clique) => [clique.name, clique.spec.startsAfter ?? []]))
  const errors: FieldError[] = []
  for (const [name, dependencies] of after) {
    const unknown = dependencies.filter((dependency) => !after.has(dependency))
    const want = 'cliques of the set'
    if (unknown.length > 0) errors.push({ path: pathTo(cliques, name), found: unknown, want, at: null })
  }
  const done = new Set<string>()
  for (const name of [...after.keys()].sort(byName)) {
    const cycle = done.has(name) ? null : cycleFrom(name, after, done)
    if (cycle === null) continue
    for (const member of cycle) done.add(member)
    const first = [...cycle].sort(byName)[0] ?? name
    const turned = [...cycle.slice(cycle.indexOf(first)), ...cycle.slice(0, cycle.indexOf(first)), first]
    const want = `an order without a cycle; now ${turned.join(' after ')}`
    errors.push({ path: pathTo(cliques, first), found: after.get(first), want, at: null })
  }
  return errors
}
