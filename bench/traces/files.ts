/** Job traces that come with the benchmarks, with their licences: `bench/traces/data/FILE`. */
export const TRACE_FILES = ['philly-muri/trace3.csv', 'itp-elasticflow/cluster06.csv', 'tiresias/60_job.csv'] as const
export type TraceFile = (typeof TRACE_FILES)[number]
