import type { OperatorConfig } from '../operator/config.ts'
import { type Flag, type Flags, texts } from './command.ts'
import type { OperatorFile } from './operator-file.ts'

/** What a configuration file says and what was given as flags, made one: a flag that somebody gave goes before the file. */

/** A flag counts that somebody gave; one at its default cannot be told from one that nobody gave. */
export function flagsOver(given: Flags, inFile: Flags, defaults: Flags): Flags {
  const isDefault = (name: string): boolean => {
    const value = given[name]
    return value === undefined || (Array.isArray(value) && value.length === 0) || value === defaults[name]
  }
  return { ...given, ...Object.fromEntries(Object.entries(inFile).filter(([name]) => isDefault(name))) }
}

/** The defaults of flags by their name; what is switched off with `--no-` is on. */
export const defaultsOf = (flags: readonly Flag[]): Flags =>
  Object.fromEntries(
    flags.map(({ usage, default: value }) => {
      const [, negation, name = ''] = /--(no-)?([a-z-]+)/.exec(usage) ?? []
      return [camelCase(name), negation === undefined ? value : true]
    }),
  )

const camelCase = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** The name that pods get follows the served names where these were given as flags. */
export function configOf({ config }: OperatorFile, given: Flags, flags: Flags): Partial<OperatorConfig> {
  const { schedulerName, ...rest } = config
  const isNamed = schedulerName !== undefined && texts(given, 'schedulerName').length === 0
  const disruptionBudgets = flags['disruptionBudgets'] === true
  return { ...rest, disruptionBudgets, ...(isNamed ? { schedulerName } : {}) }
}
