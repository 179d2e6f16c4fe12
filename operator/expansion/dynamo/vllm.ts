import { toUnits } from '../../../api/quantity.ts'
import type { Container } from '../../../api/kinds/kubernetes.ts'
import { VLLM_EXECUTOR } from '../../../api/names.ts'
import { asShellText, type Flags, flagValue, withFlags, wordsOf } from './command-line.ts'
import type { Component, ComponentGraph } from './component.ts'
import type { DynamoConfig } from './config.ts'
import {
  type EngineAnswer,
  type EngineChange,
  type EngineRequest,
  leaderHost,
  noPlace,
  rankOf,
  type StartAcrossNodes,
  unchanged,
  WORKER_RANK,
} from './multinode.ts'
import { originVersionOf } from './origin.ts'
import { isAtLeast, parseVersion } from './runtime-version.ts'
import { waitForLeader } from './wait-for-leader.ts'

const MASTER_PORT = 29_500
const RPC_PORT = 13_445
const RAY_PORT = 6379

/** How the model is spread, read from the flags that the user gave. */
interface Parallelism {
  /** GPUs of one engine: tensor times pipeline. */
  readonly world: number
  readonly data: number
  readonly gpusPerNode: number
}

/** vLLM over several nodes: one engine spread by `mp` or Ray, or data-parallel engines that find one another. */
export const startVllm: StartAcrossNodes = (request) => {
  const { graph, component, config, role, line, main } = request
  const words = wordsOf(line)
  if (words.includes('--enable-elastic-ep')) return elasticRefused(component)
  const { world, data, gpusPerNode } = parallelismOf(words, main, component)
  const probes = role === 'worker' ? 'remove' : 'keep'
  if (gpusPerNode === 0) return unchanged(line, { probes })
  const executor = executorOf(graph, config)
  if (world > gpusPerNode && executor === 'ray') return ray(request)
  const flags =
    world > gpusPerNode
      ? mpFlags(request)
      : world * data > gpusPerNode
        ? dataFlags(request, Math.floor(gpusPerNode / world))
        : null
  if (flags === null) return unchanged(line, { probes, note: fitsOneNode(component, gpusPerNode) })
  const changed = withFlags(line, flags)
  if (changed === null) return noPlace(component, line)
  const waits = world > gpusPerNode && role === 'worker'
  return unchanged(changed, {
    probes,
    ...(executor === 'mp' && { env: SIDE_CHANNEL }),
    ...(waits && waitForLeader(graph.name, component, main, MASTER_PORT)),
  })
}

const SIDE_CHANNEL: NonNullable<EngineChange['env']> = [
  { name: 'VLLM_NIXL_SIDE_CHANNEL_HOST', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
]

function parallelismOf(words: readonly string[], main: Container, { gpuResource }: Component): Parallelism {
  const count = (...flags: string[]): number => Math.max(1, Number.parseInt(flagValue(words, flags) ?? '1', 10) || 1)
  const { limits, requests } = main.resources ?? {}
  const gpus = limits?.[gpuResource] ?? requests?.[gpuResource] ?? '0'
  return {
    world: count('--tensor-parallel-size', '-tp') * count('--pipeline-parallel-size', '-pp'),
    data: count('--data-parallel-size', '-dp'),
    gpusPerNode: toUnits(gpus),
  }
}

/** The graph's annotation decides; graphs from before 1.0 had only Ray. */
function executorOf(graph: ComponentGraph, config: DynamoConfig): 'mp' | 'ray' {
  const asked = graph.switches[VLLM_EXECUTOR]?.toLowerCase()
  if (asked === 'mp' || asked === 'ray') return asked
  return isAtLeast(parseVersion(originVersionOf(graph, config)), 1, 0) ? 'mp' : 'ray'
}

function mpFlags({ component, role }: EngineRequest): Flags {
  const tokens = ['--distributed-executor-backend', 'mp', '--nnodes', String(component.nodeCount)]
  tokens.push('--master-addr', leaderHost(component), '--master-port', String(MASTER_PORT), '--node-rank', rankOf(role))
  if (role === 'worker') tokens.push('--headless')
  return { tokens, needsShell: role === 'worker' }
}

/** `perNode` engines run on each node; a node's first rank follows from its own. */
function dataFlags({ component, role }: EngineRequest, perNode: number): Flags {
  const startRank = role === 'leader' ? '0' : `$(( ${perNode} * ${WORKER_RANK} ))`
  const tokens = ['--data-parallel-hybrid-lb', '--data-parallel-size-local', String(perNode)]
  tokens.push('--data-parallel-start-rank', startRank, '--data-parallel-address', leaderHost(component))
  tokens.push('--data-parallel-rpc-port', String(RPC_PORT))
  return { tokens, needsShell: role === 'worker' }
}

function ray({ component, role, line }: EngineRequest): EngineAnswer {
  if (role === 'worker') {
    const join = `ray start --address=${leaderHost(component)}:${RAY_PORT} --block`
    return unchanged({ command: ['/bin/sh', '-c'], args: [join] }, { probes: 'remove' })
  }
  const engine = withFlags(line, { tokens: ['--distributed-executor-backend', 'ray'], needsShell: false })
  if (engine === null) return noPlace(component, line)
  const text = `ray start --head --port=${RAY_PORT} && ${asShellText(engine)}`
  return unchanged({ command: ['/bin/sh', '-c'], args: [text] })
}

const fitsOneNode = (component: Component, gpus: number): string =>
  `${component.path.join('.')}: the parallel sizes on the command line fit the ${gpus} GPUs of one node, so its ` +
  `${component.nodeCount} nodes run separate engines`

const elasticRefused = (component: Component): EngineAnswer => ({
  kind: 'refused',
  error: {
    path: [...component.path, 'extraPodSpec', 'mainContainer', 'args'],
    found: '--enable-elastic-ep',
    want: 'no elastic expert parallelism: it is a preview that is not supported',
    at: null,
  },
})
