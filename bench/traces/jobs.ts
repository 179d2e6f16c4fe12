/** Job traces → gangs that come and go. */
import { readFileSync } from 'node:fs'
import { inPackage } from '../../cli/package.ts'
import type { TraceWork } from '../scenario/scenario.ts'
import type { TraceFile } from './files.ts'

export interface TraceJob {
  readonly name: string
  readonly pods: number
  readonly gpusAPod: number
  readonly arrivesMs: number
  readonly durationMs: number
}

interface Columns {
  readonly submitted: string
  readonly duration: string
  readonly gpus: string
  /** Milliseconds of one of the file's units. */
  readonly unitMs: number
}

const COLUMNS: Readonly<Record<TraceFile, Columns>> = {
  'philly-muri/trace3.csv': { submitted: 'submit_time', duration: 'duration', gpus: 'num_gpu', unitMs: 1 },
  'itp-elasticflow/cluster06.csv': {
    submitted: 'submission_time',
    duration: 'duration',
    gpus: 'num_gpu',
    unitMs: 1_000,
  },
  'tiresias/60_job.csv': { submitted: 'submit_time', duration: 'duration', gpus: 'num_gpu', unitMs: 1_000 },
}

const DAY_MS = 86_400_000

/** Rows of a CSV file with a header and no quotes. */
export function rowsOf(text: string): ReadonlyMap<string, string>[] {
  const [header = '', ...lines] = text.split(/\r?\n/).filter((line) => line !== '')
  const names = header.split(',')
  return lines.map((line) => new Map(line.split(',').map((cell, i) => [names[i] ?? '', cell])))
}

/**
 * The jobs of the trace's first `days`, from its first submission on. A job of more GPUs than a pod has is cut into pods of
 * `gpusPerPod`, the last one as large as the others; a smaller one is one pod. Durations are the trace's; times between
 * arrivals are stretched or shrunk so that `load` of `gpus` is asked for until the last arrival.
 */
export function jobsOf({ file, gpusPerPod, days, load }: TraceWork, gpus: number): TraceJob[] {
  const known = COLUMNS[file as TraceFile]
  const rows = rowsOf(readFileSync(inPackage(`bench/traces/data/${file}`), 'utf8'))
  const number = (row: ReadonlyMap<string, string>, name: string): number => Number(row.get(name) ?? Number.NaN)
  const read = rows.map((row) => ({
    gpus: number(row, known.gpus),
    arrivesMs: number(row, known.submitted) * known.unitMs,
    durationMs: number(row, known.duration) * known.unitMs,
  }))
  if (read.some((job) => !(job.gpus > 0 && job.durationMs > 0 && job.arrivesMs >= 0)))
    throw new Error(`${file} has a row without a figure`)
  const sorted = read.sort((a, b) => a.arrivesMs - b.arrivesMs)
  const firstMs = sorted[0]?.arrivesMs ?? 0
  const within = sorted.filter(({ arrivesMs }) => arrivesMs - firstMs <= days * DAY_MS)
  const spanMs = Math.max(1, (within.at(-1)?.arrivesMs ?? 0) - firstMs)
  const workMs = within.reduce((sum, job) => sum + job.gpus * job.durationMs, 0)
  const stretch = workMs / (load * gpus * spanMs)
  return within.map((job, i) => ({
    name: `j${String(i).padStart(5, '0')}`,
    pods: Math.max(1, Math.ceil(job.gpus / gpusPerPod)),
    gpusAPod: Math.min(job.gpus, gpusPerPod),
    arrivesMs: Math.round((job.arrivesMs - firstMs) * stretch),
    durationMs: job.durationMs,
  }))
}
