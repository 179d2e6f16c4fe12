/** The report service of `espalier up`, and the file that tells `espalier explain` where it is. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { reportServer } from '../api/http/server.ts'
import { type Io, messageOf, Refused } from './command.ts'
import type { Metrics } from './metrics.ts'
import { REPORT_URL_FILE } from './report-client.ts'
import { reportsOf } from './reports.ts'
import type { Running } from './serve.ts'

/** Serves reports on 127.0.0.1. Null: no scheduler runs here that could report. Throws Refused. */
export async function serveUpReports(
  io: Pick<Io, 'cwd'>,
  halves: Running,
  metrics: Metrics,
  port: number,
): Promise<{ readonly url: string; close(): Promise<void> } | null> {
  if (halves.scheduler === null) return null
  const server = reportServer(reportsOf(() => [halves], metrics))
  const url = await server.listen({ host: '127.0.0.1', port }).catch((error: unknown) => {
    throw new Refused(
      `--report-port ${port} cannot be used (${messageOf(error)}): choose another, or 0 for a free one`,
      1,
    )
  })
  const file = join(io.cwd, REPORT_URL_FILE)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${url}\n`)
  return {
    url,
    async close() {
      // Another one may have started here since.
      if (readFileSync(file, { encoding: 'utf8', flag: 'a+' }).trim() === url) rmSync(file, { force: true })
      await server.close()
    },
  }
}
