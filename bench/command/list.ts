import type { Flags, Io } from '../../cli/command.ts'
import { table } from '../../cli/progress.ts'
import { ADAPTERS, PEERS } from '../peers/peers.ts'
import { shippedScenarios } from '../scenario/catalogue.ts'
import { nodesOf, type Scenario } from '../scenario/scenario.ts'

/** The real network has its own. */
const nodesText = ({ workload, cluster }: Scenario): string =>
  workload.kind === 'trace' && workload.trace.topology === 'lingjun' ? 'lingjun' : String(nodesOf(cluster))

export function listBench(flags: Flags, io: Io): number {
  const scenarios = shippedScenarios()
  if (flags['output'] === 'json') {
    for (const scenario of scenarios) io.out(JSON.stringify(scenario))
    return 0
  }
  const rows = scenarios.map((each) => [
    each.name,
    nodesText(each),
    each.depths.join(','),
    each.sets.join(','),
    each.summary,
  ])
  for (const line of table([['SCENARIO', 'NODES', 'DEPTHS', 'SETS', 'WHAT IT IS'], ...rows])) io.out(line)
  io.out('\nschedulers that a run starts itself (--peers):')
  for (const { name, adapter } of PEERS) io.out(`  ${name.padEnd(24)}${adapter.summary}`)
  io.out('\nschedulers of a cluster of yours (--against NAME --kubeconfig FILE):')
  for (const { name, summary, isTried } of ADAPTERS)
    io.out(`  ${name.padEnd(24)}${summary}${isTried ? '' : ' (untried)'}`)
  return 0
}
