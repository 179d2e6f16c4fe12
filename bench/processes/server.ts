/** The embedded API server in a process of its own, for benchmarks: prints its URL, ends with its standard input. */
import { realClock } from '../../kube/clock.ts'
import { seededRandom } from '../../kube/random.ts'
import { createApiServer } from '../../sim/server/api-server.ts'

const server = createApiServer({ clock: realClock, random: seededRandom(Number(process.argv[2] ?? 1)) })
const listening = await server.listen({ port: 0 })
process.stdout.write(`${listening.url}\n`)
process.stdin.resume().on('end', () => {
  server.stop()
  void listening.close().then(() => process.exit(0))
})
