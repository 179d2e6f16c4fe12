/**
 * `node read-watches.ts KUBECONFIG`: opens the watches of nodes and pods as the scheduler does and throws away what comes,
 * until SIGTERM. What it costs is what hearing costs; the rest of an idle scheduler is what it makes of it.
 */
import { loadConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { collectionPath } from '../../kube/paths.ts'
import { PROTOBUF } from '../../kube/protobuf/watch-events.ts'
import { NODES, PODS } from '../../kube/resources.ts'

const LASTS_S = 600
const transport = httpTransport(await loadConfig({ kubeconfig: process.argv[2] ?? '' }))

async function readAll(path: string): Promise<void> {
  const query = `watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`
  const stream = await transport.stream({
    method: 'GET',
    path: `${path}?${query}&timeoutSeconds=${LASTS_S}`,
    headers: { accept: `${PROTOBUF},application/json` },
    deadlineMs: 10_000,
  })
  if (stream.status !== 200) throw new Error(`the watch was refused with ${stream.status}`)
  for await (const _ of stream.chunks ?? []);
  throw new Error('the watch ended')
}

process.once('SIGTERM', () => process.exit())
await Promise.all([NODES, PODS].map((type) => readAll(collectionPath(type, ''))))
