/**
 * Reflectors with the scheduler's projections, from nothing to synced, in a process of their own (run with
 * --expose-gc). Arguments: `pods|nodes|both protobuf|json --server URL|--kubeconfig FILE`. Prints what it measured as one JSON object.
 */
import { strict as assert } from 'node:assert'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { realClock } from '../../kube/clock.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import type { Message } from '../../kube/protobuf/projection.ts'
import { realRandom } from '../../kube/random.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import type { Reflector } from '../../kube/reflector/types.ts'
import { NODES, PODS, type ResourceType } from '../../kube/resources.ts'
import { projectNode } from '../../scheduler/state/node-facts.ts'
import { NODE_FIELDS } from '../../scheduler/state/node-fields.ts'
import { projectPod } from '../../scheduler/state/pod-facts.ts'
import { POD_FIELDS } from '../../scheduler/state/pod-fields.ts'
import { configOf } from '../servers.ts'

/** What one start cost. Counts are of what the caches hold; blocks are longest time between two turns of the loop. */
export interface Start {
  readonly ms: number
  readonly nodes: number
  readonly pods: number
  readonly bound: number
  readonly ready: number
  readonly longestBlockMs: number
  /** The longest such time of a process that did nothing, right before: what the machine's other work makes of it. */
  readonly idleBlockMs: number
  /** The longest work of this thread between two turns: processor time, which other processes cannot lengthen. */
  readonly longestTurnCpuMs: number
  readonly cpuMs: number
  readonly retainedBytes: number
}

/** Between two collections. */
const GIVE_BACK_MS = 100

const [what = 'both', form = 'protobuf', ...address] = process.argv.slice(2)
const { gc } = globalThis as { gc?: () => void }
assert.ok(gc !== undefined, 'run with --expose-gc')

/** What is held now: heap and what hangs on it. Buffers are given back by another thread, some time after a collection. */
async function heldBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    gc!()
    await new Promise((resolve) => setTimeout(resolve, GIVE_BACK_MS))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const threadCpuMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

/** Watches the turns of the event loop until it is ended. */
function watchTurns(): () => { wallMs: number; cpuMs: number } {
  const blocks = monitorEventLoopDelay({ resolution: 1 })
  blocks.enable()
  let lastMs = threadCpuMs()
  let cpuMs = 0
  const look = (): void => {
    const nowMs = threadCpuMs()
    cpuMs = Math.max(cpuMs, nowMs - lastMs)
    lastMs = nowMs
    timer = setTimeout(look, 1)
  }
  let timer = setTimeout(look, 1)
  return () => {
    clearTimeout(timer)
    blocks.disable()
    return { wallMs: Math.max(0, blocks.max / 1e6 - 1), cpuMs }
  }
}

const IDLE_MS = 1_000

async function idleBlockMs(): Promise<number> {
  const end = watchTurns()
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
  return end().wallMs
}

const transport = httpTransport(await configOf(address))
const client = kubeClient(transport)
const troubles: string[] = []
const of = <T extends KubeObject>(
  type: ResourceType,
  project: (raw: KubeObject) => T,
  projection: Message,
): Reflector<T> =>
  reflector<T>({
    client,
    type,
    project,
    ...(form === 'protobuf' ? { projection } : {}),
    clock: realClock,
    random: realRandom,
    onTrouble: (trouble) => void troubles.push(trouble),
  })
const nodes = of(NODES, projectNode, NODE_FIELDS)
const pods = of(PODS, projectPod, POD_FIELDS)
const started = what === 'both' ? [nodes, pods] : what === 'pods' ? [pods] : [nodes]

await client.raw('/version') // connections and code that every start needs are not what is measured
const beforeBytes = await heldBytes()
const idle = await idleBlockMs()
const endTurns = watchTurns()
const cpu = process.cpuUsage()
const startMs = performance.now()
for (const each of started) each.start()
await Promise.all(started.map((each) => each.synced))
const ms = performance.now() - startMs
const { user, system } = process.cpuUsage(cpu)
await new Promise((resolve) => setTimeout(resolve, 20)) // a block that still lasts is seen at its end
const turns = endTurns()
assert.deepEqual(troubles, [])
const facts = [...pods.cache.values()].map((pod) => pod.facts)
assert.equal(new Set(facts.map(({ uid }) => uid)).size, pods.cache.size)
const result: Start = {
  ms,
  nodes: nodes.cache.size,
  pods: pods.cache.size,
  bound: facts.filter(({ node }) => node !== null).length,
  ready: facts.filter(({ isReady }) => isReady).length,
  longestBlockMs: turns.wallMs,
  idleBlockMs: idle,
  longestTurnCpuMs: turns.cpuMs,
  cpuMs: (user + system) / 1_000,
  retainedBytes: (await heldBytes()) - beforeBytes,
}
process.stdout.write(`${JSON.stringify(result)}\n`)
await Promise.all([nodes.stop(), pods.stop()])
await transport.close()
