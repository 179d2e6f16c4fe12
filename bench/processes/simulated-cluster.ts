/** The embedded cluster with simulated nodes in a process of its own: prints its URL, ends with its standard input. */
import { realClock } from '../../kube/clock.ts'
import { seededRandom } from '../../kube/random.ts'
import { createCluster } from '../../sim/cluster.ts'
import { benchNodes } from '../operator/objects.ts'

const [seed = '1', nodes = '100'] = process.argv.slice(2)
const random = seededRandom(Number(seed))
const cluster = createCluster({ clock: realClock, random, seed: Number(seed), nodes: benchNodes(Number(nodes)) })
await cluster.start()
const listening = await cluster.listen(0)
process.stdout.write(`${listening.url}\n`)
process.stdin.resume().on('end', () => {
  void cluster
    .stop()
    .then(() => listening.close())
    .then(() => process.exit(0))
})
