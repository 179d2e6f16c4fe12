/** Which classes of bugs are planted, and what caught them. */
import type { Mutant } from './mutant.ts'

const from = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, at) => `B${first + at}`)

/** B31 waits for reservation; those after B40 that are left out are the operator's, but for B51 and B52. */
export const CLASSES: readonly string[] = [...from(1, 30), ...from(32, 40), 'B51', 'B52']

export interface Catch {
  readonly mutant: Mutant
  /** The first seed that failed, or the name of the scenario; null: nothing did. */
  readonly by: number | string | null
}

/** A line a class: what was planted of it, and the seed or the scenario that caught it first. */
export function classTable(catches: readonly Catch[]): string[] {
  const rows = CLASSES.map((name) => {
    const own = catches.filter(({ mutant }) => mutant.classes.includes(name))
    return `| ${name} | ${own.length === 0 ? 'nothing was planted' : own.map(textOf).join('; ')} |`
  })
  return ['| class | planted: caught by |', '|---|---|', ...rows]
}

function textOf({ mutant, by }: Catch): string {
  const how = by === null ? 'nothing' : typeof by === 'number' ? `seed ${by}` : `*${by}*`
  return `${mutant.name}: ${how}`
}

/** Classes of which something was planted and nothing of it was caught, or of which nothing is planted. */
export const uncaught = (catches: readonly Catch[]): string[] =>
  CLASSES.filter((name) => !catches.some(({ mutant, by }) => by !== null && mutant.classes.includes(name)))
