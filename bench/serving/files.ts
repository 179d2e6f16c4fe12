/** Traces of request rates that come with the benchmarks, with their licences: `bench/traces/data/FILE`. */
export const LOAD_FILES = ['servegen/load.csv'] as const
export type LoadFile = (typeof LOAD_FILES)[number]
