/** `espalier wait-for`: the start-up waiter, run as an init container beside a pod whose predecessors must be Ready. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { POD_GANG } from '../../api/names.ts'
import { isStartUpMet, parseWaiterArgs } from '../../api/start-up.ts'
import { realClock, sleep } from '../../kube/clock.ts'
import { loadConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { realRandom } from '../../kube/random.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import { PODS } from '../../kube/resources.ts'
import { type Command, text, texts } from '../command.ts'

/** Where the downward API volume of the operator's pods is mounted. */
const POD_INFO = '/var/grove/pod-info'
/** Between two looks at the cache, in milliseconds. */
const LOOK_EVERY_MS = 200

function readInfo(folder: string): { namespace: string; podGang: string } | string {
  try {
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8').trim()
    return { namespace: read('namespace'), podGang: read('podgangname') }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

export const waitFor: Command = {
  name: 'wait-for',
  summary: 'Wait until the cliques that must start first are Ready (the init container of ordered start-up)',
  flags: [
    {
      usage: '--podcliques <fqn:minAvailable...>',
      summary: 'PodCliques to wait for, each with the pods it needs Ready',
    },
    { usage: '--pod-info <folder>', summary: 'files namespace and podgangname', default: POD_INFO },
    { usage: '--kubeconfig <file>', summary: 'which cluster; without it: in-cluster' },
  ],
  async run(_args, flags, io) {
    const parsed = parseWaiterArgs(texts(flags, 'podcliques').map((value) => `--podcliques=${value}`))
    const info = readInfo(text(flags, 'podInfo') ?? POD_INFO)
    if (parsed.errors.length > 0 || parsed.dependencies.length === 0 || typeof info === 'string') {
      for (const error of parsed.errors) io.err(error)
      if (parsed.dependencies.length === 0) io.err('nothing to wait for: want --podcliques=<fqn>:<minAvailable>')
      if (typeof info === 'string') io.err(info)
      return 2
    }
    const kubeconfig = text(flags, 'kubeconfig')
    const transport = httpTransport(await loadConfig(kubeconfig === null ? {} : { kubeconfig }))
    const pods = reflector<Pod>({
      client: kubeClient(transport),
      type: PODS,
      namespace: info.namespace,
      labelSelector: `${POD_GANG}=${info.podGang}`,
      clock: realClock,
      random: realRandom,
      onTrouble: (message) => io.err(message),
    })
    pods.start()
    const isMet = (): boolean => pods.isSynced && isStartUpMet(parsed.dependencies, [...pods.cache.values()])
    while (!io.stop.aborted && !isMet()) await sleep(realClock, LOOK_EVERY_MS, 'background', io.stop)
    await pods.stop()
    await transport.close()
    return io.stop.aborted ? 1 : 0
  },
}
