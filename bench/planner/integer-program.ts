import highs from 'highs'
import type { CompiledLevel } from '../../topology/index.ts'
import type { SpreadRule } from '../../scheduler/planner/request.ts'
import type { Situation } from '../../test/scheduler/planner/situations.ts'

/** Its types describe an ES module's default export; at run time the CommonJS module is the function itself. */
const load = highs as unknown as typeof highs.default

/** Seconds for one case; one that takes longer proves nothing. */
const TIME_LIMIT_S = 10

/**
 * Whether a situation has a plan, by an integer program: how many pods of a group and class go to a node. HiGHS is
 * made anew for each case, because an instance that has failed once goes on failing.
 */
export async function isSolvable(situation: Situation): Promise<boolean | 'unknown'> {
  const solver = await load()
  const { Status } = solver.solve(programOf(situation), { time_limit: TIME_LIMIT_S, output_flag: false })
  if (Status === 'Optimal') return true
  return Status === 'Infeasible' ? false : 'unknown'
}

interface Program {
  readonly rows: string[]
  readonly bounds: string[]
  readonly integers: Set<string>
  readonly binaries: Set<string>
}

/** In the LP format. */
export function programOf(situation: Situation): string {
  const program: Program = { rows: [], bounds: [], integers: new Set(), binaries: new Set() }
  seatEverything(situation, program)
  situation.request.scopes.forEach((_, s) => {
    keepPack(situation, program, s)
    keepPins(situation, program, s)
    keepSpreads(situation, program, s)
  })
  const { rows, bounds, integers, binaries } = program
  const list = (names: ReadonlySet<string>): string => [...names].join('\n ')
  return [
    'Minimize',
    ' obj: nothing',
    'Subject To',
    ' r: nothing = 0',
    ...rows.map((row, at) => ` r${at}: ${row}`),
    'Bounds',
    ...bounds.map((bound) => ` ${bound}`),
    ...(integers.size > 0 ? [`General\n ${list(integers)}`] : []),
    ...(binaries.size > 0 ? [`Binary\n ${list(binaries)}`] : []),
    'End',
  ].join('\n')
}

const name = (group: number, podClass: number, node: number): string => `x${group}_${podClass}_${node}`
const sumOf = (terms: readonly string[]): string => (terms.length > 0 ? terms.join(' + ') : '0 nothing')

/** Pods per class of a group. */
function countsOf({ request }: Situation, group: number): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  for (const { podClass } of request.groups[group]!.seats) counts.set(podClass, (counts.get(podClass) ?? 0) + 1)
  return counts
}

function seatEverything(situation: Situation, { rows, integers, bounds }: Program): void {
  const { request, view } = situation
  const used = view.nodeNames.map(() => view.resources.map((): string[] => []))
  request.groups.forEach((_, g) => {
    for (const [c, count] of countsOf(situation, g)) {
      const names = view.nodeNames.map((__, n) => name(g, c, n))
      rows.push(`${sumOf(names)} = ${count}`)
      names.forEach((x, n) => {
        integers.add(x)
        bounds.push(`0 <= ${x} <= ${view.classes[c]!.feasible[n] === 1 ? count : 0}`)
        view.classes[c]!.requests.forEach((r, column) => void (r > 0 && used[n]![column]!.push(`${r} ${x}`)))
      })
    }
  })
  used.forEach((columns, n) =>
    columns.forEach((terms, column) => {
      if (terms.length > 0)
        rows.push(`${sumOf(terms)} <= ${Math.max(0, view.free[n * view.resources.length + column]!)}`)
    }),
  )
}

/** Variables of a scope's pods on a node. */
function podsOn(situation: Situation, scope: number, node: number): string[] {
  const { scopes, groups } = situation.request
  const isIn = (at: number): boolean => at === scope || (at >= 0 && isIn(scopes[at]!.parent))
  return groups.flatMap((group, g) =>
    isIn(group.scope) ? [...countsOf(situation, g).keys()].map((c) => name(g, c, node)) : [],
  )
}

const boundOf = ({ request }: Situation, scope: number): number[] => {
  const isIn = (at: number): boolean => at === scope || (at >= 0 && isIn(request.scopes[at]!.parent))
  return request.groups.flatMap((group) => (isIn(group.scope) ? [...group.bound] : []))
}

/** A variable that is 1 where the scope has a new pod in the domain; with `isExact` only there. */
function enters(situation: Situation, program: Program, scope: number, level: CompiledLevel, domain: number): string {
  const is = `e${scope}_${level.key}_${domain}`
  if (program.binaries.has(is)) return is
  program.binaries.add(is)
  const pods = situation.view.nodeNames.flatMap((_, n) =>
    level.domainOf[n] === domain ? podsOn(situation, scope, n) : [],
  )
  for (const pod of pods) program.rows.push(`${pod} - 1000 ${is} <= 0`)
  program.rows.push(`${is} - ${pods.length > 0 ? pods.join(' - ') : '0 nothing'} <= 0`)
  return is
}

function keepPack(situation: Situation, program: Program, s: number): void {
  const { required } = situation.request.scopes[s]!
  if (required === null) return
  const held = new Set(
    boundOf(situation, s)
      .map((n) => required.domainOf[n]!)
      .filter((d) => d >= 0),
  )
  situation.view.nodeNames.forEach((_, n) => {
    const d = required.domainOf[n]!
    if (d < 0 || (held.size > 0 && !held.has(d))) forbid(situation, program, s, n)
  })
  if (held.size > 0 || required.paths.length === 0) return
  program.rows.push(`${sumOf(required.paths.map((_, d) => enters(situation, program, s, required, d)))} <= 1`)
}

function keepPins(situation: Situation, program: Program, s: number): void {
  for (const { level, domain } of situation.request.scopes[s]!.pins) {
    situation.view.nodeNames.forEach((_, n) => void (level.domainOf[n] !== domain && forbid(situation, program, s, n)))
  }
}

const forbid = (situation: Situation, { rows }: Program, scope: number, node: number): void => {
  for (const pod of podsOn(situation, scope, node)) rows.push(`${pod} = 0`)
}

function keepSpreads(situation: Situation, program: Program, s: number): void {
  situation.request.scopes[s]!.spreads.forEach((rule, at) => {
    if (!rule.isHard) return
    const { level } = rule
    situation.view.nodeNames.forEach((_, n) => void (level.domainOf[n]! < 0 && forbid(situation, program, s, n)))
    const eligible = level.paths.flatMap((_, d) => (rule.eligible[d] === 1 ? [d] : []))
    const isFloorless = eligible.length === 0 || eligible.length < (rule.minDomains ?? 0)
    const floor = `f${s}_${at}`
    program.bounds.push(`0 <= ${floor} <= ${isFloorless ? 0 : 1_000}`)
    const units = level.paths.map((_, d) => unitsIn(situation, program, s, rule, d))
    if (!isFloorless) {
      for (const d of eligible)
        program.rows.push(`${floor} - ${[...units[d]!.moving, '0 nothing'].join(' - ')} <= ${units[d]!.fixed}`)
    }
    level.paths.forEach((_, d) => {
      const held = rule.units === 'pods' ? [] : boundOf(situation, s).filter((n) => level.domainOf[n] === d)
      if (held.length > 0) return
      const is = enters(situation, program, s, level, d)
      const most = rule.maxSkew - units[d]!.fixed + 1_000
      program.rows.push(`${sumOf([...units[d]!.moving, '0 nothing'])} - ${floor} + 1000 ${is} <= ${most}`)
    })
  })
}

/** Units in a domain after the plan: a number and variables. */
function unitsIn(
  situation: Situation,
  program: Program,
  s: number,
  rule: SpreadRule,
  domain: number,
): { readonly fixed: number; readonly moving: string[] } {
  const { level } = rule
  const isPeer = (each: SpreadRule): boolean =>
    each.isHard &&
    rule.peers !== undefined &&
    each.peers === rule.peers &&
    each.level === level &&
    each.units === rule.units
  let fixed = rule.taken[domain]!
  const moving: string[] = []
  situation.request.scopes.forEach(({ spreads }, other) => {
    if (other !== s && !spreads.some(isPeer)) return
    if (rule.units === 'pods') {
      situation.view.nodeNames.forEach(
        (_, n) => void (level.domainOf[n] === domain && moving.push(...podsOn(situation, other, n))),
      )
      return
    }
    const isHeld = boundOf(situation, other).some((n) => level.domainOf[n] === domain)
    if (isHeld) fixed += other === s ? 1 : 0
    else moving.push(enters(situation, program, other, level, domain))
  })
  return { fixed, moving }
}
