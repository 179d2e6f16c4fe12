/** One planted defect: a piece of a product file, and what stands there instead. */
export interface Mutant {
  readonly name: string
  /** Of reliability classes, as README.md lists them. */
  readonly classes: readonly string[]
  readonly file: string
  /** Occurs in the file exactly once. */
  readonly find: string
  readonly put: string
  /** Part of the name of a directed scenario that shows it; null: seeds do. */
  readonly shownBy: string | null
}

export const m = (
  name: string,
  classes: string,
  file: string,
  find: string,
  put: string,
  shownBy: string | null = null,
): Mutant => ({ name, classes: classes.split(' '), file, find, put, shownBy })
