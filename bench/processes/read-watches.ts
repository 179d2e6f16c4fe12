/**
 * `node read-watches.ts KUBECONFIG`: holds the watches of nodes and pods open as the scheduler does and throws away what
 * comes, until SIGTERM. What it costs is what hearing costs; the rest of an idle scheduler is what it makes of it.
 *
 * It asks which version is the newest and watches from there, and does so again wherever a watch ends. It does not ask for
 * the objects that there are, as a reflector does first: a kube-apiserver ends such a watch when changes fill its queue
 * while the initial objects are still being sent (`apiserver_terminated_watchers_total`), here 20 changes a second.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { loadConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { collectionPath } from '../../kube/paths.ts'
import { PROTOBUF } from '../../kube/protobuf/watch-events.ts'
import { NODES, PODS } from '../../kube/resources.ts'

/** Longer than any measurement: it ends by itself, too. */
const LASTS_S = 600
const DEADLINE_MS = 10_000
const REST_MS = 500

const transport = httpTransport(await loadConfig({ kubeconfig: process.argv[2] ?? '' }))

async function newestVersion(path: string): Promise<string> {
  const headers = { accept: 'application/json' }
  const { status, body } = await transport.request({
    method: 'GET',
    path: `${path}?limit=1`,
    headers,
    deadlineMs: DEADLINE_MS,
  })
  if (status !== 200) throw new Error(`the list was refused with ${status}`)
  return (JSON.parse(body) as { metadata: { resourceVersion: string } }).metadata.resourceVersion
}

/** To the end of one watch. */
async function hear(path: string): Promise<void> {
  const from = await newestVersion(path)
  const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${from}&timeoutSeconds=${LASTS_S}`
  const stream = await transport.stream({
    method: 'GET',
    path: `${path}?${query}`,
    headers: { accept: `${PROTOBUF},application/json` },
    deadlineMs: DEADLINE_MS,
  })
  if (stream.status !== 200) throw new Error(`the watch was refused with ${stream.status}`)
  for await (const _ of stream.chunks ?? []);
}

async function hearOn(path: string): Promise<never> {
  for (;;) {
    await hear(path).catch((error: unknown) => process.stderr.write(`${path}: ${String(error)}; once more\n`))
    await sleep(REST_MS)
  }
}

process.once('SIGTERM', () => process.exit())
setTimeout(() => process.exit(1), LASTS_S * 1_000).unref()
await Promise.all([NODES, PODS].map((type) => hearOn(collectionPath(type, ''))))
