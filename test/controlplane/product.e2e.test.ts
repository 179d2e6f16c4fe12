/** The whole product against real Kubernetes: `espalier run` beside kube-apiserver, its controllers and simulated nodes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { KubeObject, NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { ATTEMPT } from '../../api/names.ts'
import { demoObjects } from '../../cli/demo.ts'
import { ResourceFinder } from '../../cli/resource-of.ts'
import { createMissing } from '../../cli/serve.ts'
import type { KubeClient } from '../../kube/client.ts'
import { loadConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import {
  DYNAMO_GRAPHS,
  NAMESPACES,
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  POD_GANGS,
  PODS,
  type ResourceType,
  SERVICE_ACCOUNTS,
} from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import { gb200Nvl72 } from '../../sim/shapes.ts'
import { ROOT } from '../cli/espalier.ts'
import { isReady } from '../in-process.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { type SimulatedNodes, startSimulatedNodes } from './simulated-nodes.ts'

const plane: ControlPlane | null = await startControlPlane()

describe.skipIf(plane === null)('espalier run on real Kubernetes', () => {
  let client: KubeClient
  let transport: Transport
  let nodes: SimulatedNodes
  let espalier: ChildProcess | undefined
  let said = ''

  beforeAll(async () => {
    if (plane === null) return
    transport = httpTransport(await loadConfig({ kubeconfig: plane.kubeconfig }))
    client = kubeClient(transport)
    await until('the default service account', () => hasAccount('default'))
    nodes = await startSimulatedNodes(client, gb200Nvl72({ racks: 4, racksPerBlock: 2 }))
    espalier = spawn(process.execPath, [
      join(ROOT, 'cli/main.ts'),
      'run',
      '--kubeconfig',
      plane.kubeconfig,
      '--install-crds',
    ])
    for (const stream of [espalier.stdout, espalier.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (said += text))
    await until('the leases', () =>
      Promise.resolve(said.includes('espalier-scheduler') && said.includes('espalier-operator')),
    )
    await create([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'espalier-system' } }, ...demoObjects()])
  })

  afterAll(async () => {
    if (espalier !== undefined) {
      const ended = new Promise((resolve) => espalier?.once('exit', resolve))
      espalier.kill('SIGTERM')
      await ended
    }
    await nodes?.stop()
    await transport?.close()
    await plane?.stop()
  })

  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const endMs = performance.now() + 60_000
    while (!(await holds())) {
      if (performance.now() > endMs)
        throw new Error(`gave up waiting for ${what}; espalier said:\n${said.slice(-4_000)}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  const hasAccount = async (namespace: string): Promise<boolean> =>
    (await client.get(SERVICE_ACCOUNTS, { namespace, name: 'default' })).kind === 'ok'

  async function create(objects: readonly NewObject[]): Promise<void> {
    const finder = new ResourceFinder(client)
    for (const object of objects) {
      const type = await finder.find(object.apiVersion, object.kind)
      expect(await createMissing(client, [object], () => type)).toEqual([])
    }
  }

  const sample = (name: string, namespace: string): NewObject[] =>
    parseAllDocuments(readFileSync(join(ROOT, 'deploy/samples', name), 'utf8'))
      .map((document) => document.toJS() as NewObject | null)
      .filter((object) => object !== null)
      .map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }))

  async function list<T extends KubeObject>(type: ResourceType, namespace: string): Promise<readonly T[]> {
    const answer = await client.list<T>(type, { namespace })
    if (answer.kind === 'failure') throw new Error(answer.message)
    return answer.value.items
  }

  async function allReady(namespace: string, count: number): Promise<void> {
    await until(`${count} Ready pods in ${namespace}`, async () => {
      const pods = await list<Pod>(PODS, namespace)
      return pods.length === count && pods.every(isReady)
    })
  }

  test('the published example becomes Ready, bound by our attempts, and its graph successful', async () => {
    await create(sample('dynamo-grove.yaml', 'default'))
    await allReady('default', 4)
    for (const pod of await list<Pod>(PODS, 'default'))
      expect(pod.metadata.annotations?.[ATTEMPT]).toMatch(/^[0-9a-f-]{36}\/\d+\/(first|surplus)\/\d+$/)
    await until('the graph to be successful', async () => {
      const answer = await client.get<KubeObject & { status?: { state?: string } }>(DYNAMO_GRAPHS, {
        namespace: 'default',
        name: 'dynamo-grove',
      })
      return answer.kind === 'ok' && answer.value.status?.state === 'successful'
    })
  })

  interface Settled extends KubeObject {
    status?: { state?: string; conditions?: { type: string; status: string }[] }
  }
  const isSettled = ({ status }: Settled): boolean =>
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true

  const samples = readdirSync(join(ROOT, 'deploy/samples')).filter((name) => name.endsWith('.yaml'))

  test.each(samples)('%s settles, every pod Ready', async (name) => {
    const namespace = name.replace('.yaml', '')
    const secret = demoObjects().filter(({ kind }) => kind === 'Secret')
    await create([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      ...secret.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } })),
    ])
    await until('the default service account', () => hasAccount(namespace))
    await create(sample(name, namespace))
    await until(`${name} to be Ready`, async () => {
      const sets = await list<Settled>(POD_CLIQUE_SETS, namespace)
      return sets.length > 0 && sets.every(isSettled)
    })
    // A set is Ready at its minimum: the surplus may still be starting.
    await until(`every pod of ${name} to be Ready`, async () => {
      const pods = await list<Pod>(PODS, namespace)
      return pods.length > 0 && pods.every(isReady)
    })
  })

  test('deleting the graph takes everything along, by owner references alone', async () => {
    expect((await client.delete(DYNAMO_GRAPHS, { namespace: 'default', name: 'dynamo-grove' })).kind).toBe('ok')
    await until('everything to be gone', async () => {
      const left = await Promise.all(
        [PODS, POD_CLIQUES, POD_GANGS, POD_CLIQUE_SETS].map((type) => list(type, 'default')),
      )
      return left.flat().length === 0
    })
  })

  test('a namespace is deleted whole', async () => {
    expect((await client.delete(NAMESPACES, { namespace: '', name: 'disaggregated-five-cliques' })).kind).toBe('ok')
    await until(
      'the namespace to be gone',
      async () =>
        (await client.get(NAMESPACES, { namespace: '', name: 'disaggregated-five-cliques' })).kind === 'failure',
    )
  })
})
