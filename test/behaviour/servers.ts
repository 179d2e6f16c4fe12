/** One suite, two servers: the embedded API server, and a real kube-apiserver with etcd and its controllers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, inject } from 'vitest'
import { crdOf } from '../../api/crd.ts'
import { KINDS } from '../../api/kinds/all.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { loadConfig, openServer } from '../../kube/config.ts'
import { realClock } from '../../kube/clock.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { realRandom } from '../../kube/random.ts'
import type { Transport } from '../../kube/transport.ts'
import { type Cluster, createCluster } from '../../sim/cluster.ts'
import './control-plane.ts'

export interface Reply<T = KubeObject> {
  readonly status: number
  readonly body: T
  readonly headers: Readonly<Record<string, string>>
}

/** A server under test: plain HTTP in and out, because what travels is what is judged. */
export interface Server {
  readonly name: 'embedded' | 'real'
  readonly transport: Transport
  /** A file for kubectl. */
  readonly kubeconfig: string
  /** Where the server listens, as in the kubeconfig. */
  readonly url: string
  /** Null for the real one. */
  readonly cluster: Cluster | null
  call<T = KubeObject>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply<T>>
  /** A namespace of the test's own. */
  namespace(): Promise<string>
  /** Asks again until `holds` is true of the answer. */
  until<T = KubeObject>(path: string, holds: (reply: Reply<T>) => boolean): Promise<Reply<T>>
}

interface Started {
  readonly transport: Transport
  readonly kubeconfig: string
  readonly url: string
  readonly cluster: Cluster | null
  stop(): Promise<void>
}

/** Without kubelets, as the real one: what a pod's status says is what was written there. */
async function startEmbedded(): Promise<Started> {
  const cluster = createCluster({ clock: realClock, random: realRandom, kubelets: false })
  await cluster.start()
  const listening = await cluster.listen(0)
  const transport = httpTransport(openServer(listening.url))
  const folder = mkdtempSync(join(tmpdir(), 'espalier-embedded-'))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, cluster.kubeconfig(listening.url))
  return {
    transport,
    kubeconfig,
    url: listening.url,
    cluster,
    async stop() {
      await transport.close()
      await listening.close()
      await cluster.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const realKubeconfig: string | null = inject('realKubeconfig')

async function openReal(kubeconfig: string): Promise<Started> {
  const config = await loadConfig({ kubeconfig })
  const transport = httpTransport(config)
  return { transport, kubeconfig, url: config.server, cluster: null, stop: () => transport.close() }
}

let namespaces = 0

function serverOver(name: Server['name'], started: Started): Server {
  const { transport } = started
  const call: Server['call'] = async <T>(
    method: Parameters<Server['call']>[0],
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const answer = await transport.request({
      method,
      path,
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      deadlineMs: 30_000,
    })
    const parsed: unknown = answer.body.startsWith('{') ? JSON.parse(answer.body) : answer.body
    return { status: answer.status, body: parsed as T, headers: answer.headers }
  }
  return {
    name,
    transport,
    kubeconfig: started.kubeconfig,
    url: started.url,
    cluster: started.cluster,
    call,
    async namespace() {
      const created = `t${++namespaces}-${process.pid}`
      const { status } = await call('POST', '/api/v1/namespaces', { metadata: { name: created } })
      if (status !== 201) throw new Error(`namespace: ${status}`)
      // Pods wait for it on a real cluster.
      await this.until(`/api/v1/namespaces/${created}/serviceaccounts/default`, (reply) => reply.status === 200)
      return created
    },
    async until<T>(path: string, holds: (reply: Reply<T>) => boolean) {
      for (;;) {
        const reply = await call<T>('GET', path)
        if (holds(reply)) return reply
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
  }
}

async function installCrds(server: Server): Promise<void> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  for (const crd of KINDS.map(crdOf)) {
    const { status, body } = await server.call('POST', path, crd)
    // Another file may have been first on the real one.
    if (status !== 201 && status !== 409) throw new Error(`${crd.metadata.name}: ${JSON.stringify(body)}`)
    const isEstablished = ({ body: found }: Reply): boolean =>
      (found['status'] as { conditions?: { type: string; status: string }[] } | undefined)?.conditions?.some(
        ({ type, status: is }) => type === 'Established' && is === 'True',
      ) === true
    await server.until(`${path}/${crd.metadata.name}`, isEstablished)
  }
}

/** The same tests against both; the real one is skipped, loudly, where it cannot be had. */
export function describeBoth(name: string, suite: (server: () => Server) => void): void {
  for (const which of ['embedded', 'real'] as const) {
    describe.skipIf(which === 'real' && realKubeconfig === null)(`${name} (${which})`, () => {
      let started: Started | null = null
      let server: Server | null = null
      beforeAll(async () => {
        started =
          which === 'embedded' || realKubeconfig === null ? await startEmbedded() : await openReal(realKubeconfig)
        server = serverOver(which, started)
        await installCrds(server)
      })
      afterAll(() => started?.stop())
      suite(() => {
        if (server === null) throw new Error('the server did not start')
        return server
      })
    })
  }
}
