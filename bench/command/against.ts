/** `--against NAME --kubeconfig FILE`: ours beside a scheduler that runs in somebody's cluster. */
import { Refused } from '../../cli/command.ts'
import { take } from '../load.ts'
import type { Adapter } from '../peers/adapter.ts'
import { ADAPTERS, PEERS } from '../peers/peers.ts'
import { contestantOf, standing } from '../runs/contestant.ts'
import { listNodes, listPods, reachCluster, type TestServer } from '../runs/server.ts'
import type { Heat, StandingCluster } from '../runs/ground.ts'

export interface Against {
  readonly name: string
  readonly schedulerName: string | null
  readonly kubeconfig: string | null
  readonly mayHoldMore: boolean
}

function adapterOf(name: string): Adapter {
  const adapter = ADAPTERS.find((each) => each.name === name)
  if (adapter !== undefined) return adapter
  const known = ADAPTERS.map((each) => each.name).join(', ')
  throw new Refused(`--against: found ${JSON.stringify(name)}, want one of ${known}`, 2)
}

/** Both schedulers on the cluster, after it was seen to be fit for it. Throws Refused where it is not. */
export async function againstCluster(
  { name, schedulerName, kubeconfig, mayHoldMore }: Against,
  heats: readonly Heat[],
): Promise<{ heats: readonly Heat[]; cluster: StandingCluster; warnings: readonly string[] }> {
  const adapter = adapterOf(name)
  if (kubeconfig === null)
    throw new Refused('--against needs --kubeconfig: the cluster in which that scheduler runs', 2)
  const server = await reachCluster(kubeconfig)
  try {
    await refuseUnserved(server, adapter)
    const hasNodes = await refuseFull(server, mayHoldMore)
    const contestants = [contestantOf(PEERS[0]!), standing(adapter, schedulerName ?? adapter.schedulerName)]
    const onServer = heats.filter(({ depth }) => depth === 'control-plane').map((heat) => ({ ...heat, contestants }))
    if (onServer.length === 0) throw new Refused('--against runs scenarios of depth control-plane only', 2)
    const warnings = adapter.isTried ? [] : [`${adapter.name} is untried: only the objects that it writes are tested`]
    return { heats: onServer, cluster: { reach: () => reachCluster(kubeconfig), hasNodes }, warnings }
  } finally {
    await server.stop()
  }
}

async function refuseUnserved({ client }: TestServer, adapter: Adapter): Promise<void> {
  for (const type of adapter.types) {
    const answer = await client.list(type, { limit: 1 })
    if (answer.kind === 'ok' || answer.reason === 'Forbidden') continue
    const what = `${type.kind} of ${type.group}/${type.version}`
    if (answer.status === 404) throw new Refused(`${adapter.name} is not there: this cluster serves no ${what}`, 1)
    take(answer)
  }
}

/** Whether there are nodes to use. A cluster in which something runs is left alone unless told otherwise. */
async function refuseFull(server: TestServer, mayHoldMore: boolean): Promise<boolean> {
  const nodes = (await listNodes(server)).length
  const pods = (await listPods(server)).filter(({ metadata }) => !(metadata.namespace ?? '').startsWith('kube-')).length
  if ((nodes > 0 || pods > 0) && !mayHoldMore)
    throw new Refused(
      `the cluster is not empty: ${nodes} nodes, ${pods} pods. --not-empty runs on its nodes all the same`,
      1,
    )
  return nodes > 0
}
