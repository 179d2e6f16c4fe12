/** Builds the index of 100,000 nodes in a process of its own and prints the most memory that it held, in bytes. */
import { buildTopologyIndex } from '../../topology/index.ts'
import { bigCluster, DECLARED } from '../planner/index-rows.ts'

const nodes = bigCluster()
const { topologies } = buildTopologyIndex({ declarations: [DECLARED], nodes })
if (topologies[0]?.levels[2]?.paths.length !== nodes.length) throw new Error('the index is not of these nodes')
process.stdout.write(String(process.resourceUsage().maxRSS * 1_024))
