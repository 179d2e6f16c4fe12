/** The order of names everywhere: by code units, the same on every machine. */
export const byBytes = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)
