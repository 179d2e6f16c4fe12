/** The scenarios that come with Espalier, and those of files that somebody wrote. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from '../../api/field-error.ts'
import { Refused } from '../../cli/command.ts'
import { inPackage } from '../../cli/package.ts'
import { parseScenarios } from './parse.ts'
import type { Scenario } from './scenario.ts'

const FOLDER = 'bench/scenarios'

/** All of the folder, by name. Throws Refused with every error of every file. */
export function shippedScenarios(): readonly Scenario[] {
  const folder = inPackage(FOLDER)
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
  return scenariosOf(files.sort().map((name) => join(folder, name)))
}

export function scenariosOf(files: readonly string[]): readonly Scenario[] {
  const read = files.map((file) => {
    if (!existsSync(file)) throw new Refused(`${file}: no such file`, 2)
    return { file, ...parseScenarios(readFileSync(file, 'utf8')) }
  })
  const errors = read.flatMap(({ file, errors: of }) => of.map((error) => describe(file, error)))
  if (errors.length > 0) throw new Refused(errors.join('\n'), 2)
  const scenarios = read.flatMap(({ scenarios: of }) => of)
  const doubles = scenarios.filter(({ name }, i) => scenarios.findIndex((other) => other.name === name) < i)
  if (doubles.length > 0) throw new Refused(`two scenarios are called ${doubles[0]?.name}`, 2)
  return scenarios
}

/** Those of that name; `sweep` finds `sweep@500` and its sisters. Throws Refused where there is none. */
export function named(scenarios: readonly Scenario[], names: readonly string[]): readonly Scenario[] {
  return names.flatMap((name) => {
    const found = scenarios.filter((each) => each.name === name || each.name.split('@')[0] === name)
    if (found.length > 0) return found
    const known = scenarios.map((each) => each.name).join(', ')
    throw new Refused(`no scenario ${JSON.stringify(name)}; there are: ${known}`, 2)
  })
}
