import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KubeObject, NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import { realClock, sleep } from '../../kube/clock.ts'
import { seededRandom } from '../../kube/random.ts'
import { PODS, type ResourceType, SERVICES } from '../../kube/resources.ts'
import { type Cluster, createCluster } from '../../sim/cluster.ts'
import { conditionOf, node } from './world.ts'

const run = promisify(execFile)

function hasKubectl(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

if (!hasKubectl()) console.warn('SKIPPED: no kubectl, so logs and port-forward are not tested')

const dynamoPod = (name: string, type: string, container: object): NewObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    labels: { app: name, 'nvidia.com/dynamo-component-type': type, 'nvidia.com/dynamo-namespace': 'demo' },
  },
  spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'example/runtime:1', ...container }] },
})

describe.skipIf(!hasKubectl())('kubectl on a simulated cluster', () => {
  const home = mkdtempSync(join(tmpdir(), 'espalier-kubectl-'))
  const kubeconfig = join(home, 'kubeconfig')
  const environment = { ...process.env, HOME: home, KUBECONFIG: kubeconfig }
  let cluster: Cluster
  let close: () => Promise<void>

  const create = async (type: ResourceType, object: NewObject): Promise<KubeObject> =>
    valueOrThrow(
      await cluster.client.create(type, { ...object, metadata: { namespace: 'default', ...object.metadata } }),
    )
  const kubectl = async (...args: string[]): Promise<string> =>
    (await run('kubectl', args, { env: environment })).stdout

  const ready = async (name: string): Promise<void> => {
    for (;;) {
      const pod = valueOrThrow(await cluster.client.get<Pod>(PODS, { namespace: 'default', name }))
      if (conditionOf(pod, 'Ready') === 'True') return
      await sleep(realClock, 50, 'background')
    }
  }

  /** A forward from a free local port, until `use` is done. */
  const forwarded = async (
    target: string,
    port: number,
    env: Record<string, string>,
    use: (url: string, said: () => string) => Promise<void>,
  ): Promise<void> => {
    const child = spawn('kubectl', ['port-forward', target, `:${port}`], { env: { ...environment, ...env } })
    const said = { text: '' }
    const note = (chunk: Buffer): void => void (said.text += chunk.toString())
    child.stdout.on('data', note)
    child.stderr.on('data', note)
    try {
      await use(await localUrl(child, said), () => said.text)
    } finally {
      child.kill()
    }
  }

  beforeAll(async () => {
    cluster = createCluster({ clock: realClock, random: seededRandom(1), nodes: [node('n1')] })
    await cluster.start()
    const server = await cluster.listen(0)
    close = () => server.close()
    writeFileSync(kubeconfig, cluster.kubeconfig(server.url))
    await create(PODS, dynamoPod('frontend', 'frontend', { ports: [{ name: 'http', containerPort: 8000 }] }))
    const port = { name: 'http', port: 8000, targetPort: 'http' }
    const spec = { selector: { app: 'frontend' }, ports: [port] }
    await create(SERVICES, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'frontend' }, spec })
    await ready('frontend')
  })

  afterAll(async () => {
    await close()
    await cluster.stop()
    rmSync(home, { recursive: true, force: true })
  })

  for (const overWebSockets of ['true', 'false']) {
    const env = { KUBECTL_PORT_FORWARD_WEBSOCKETS: overWebSockets }

    test(`forwards to a service, with KUBECTL_PORT_FORWARD_WEBSOCKETS=${overWebSockets}`, async () => {
      await forwarded('svc/frontend', 8000, env, async (url) => {
        for (let round = 0; round < 3; round++) {
          const answer = await fetch(`${url}/health`)
          expect([answer.status, answer.headers.get('x-espalier-simulated')]).toEqual([200, 'true'])
          expect(await answer.json()).toMatchObject({ status: 'healthy', pod: 'frontend' })
        }
        const many = await Promise.all(Array.from({ length: 8 }, () => fetch(`${url}/live`)))
        expect(many.map((answer) => answer.status)).toEqual(many.map(() => 200))
      })
    })

    test(`says that nothing listens, with KUBECTL_PORT_FORWARD_WEBSOCKETS=${overWebSockets}`, async () => {
      await forwarded('pod/frontend', 4711, env, async (url, said) => {
        await expect(fetch(`${url}/`)).rejects.toThrow()
        while (!said().includes('connection refused')) await sleep(realClock, 20, 'background')
      })
    })
  }

  test('lists the models of Ready workers, and answers with them', async () => {
    await forwarded('svc/frontend', 8000, {}, async (url) => {
      expect(await (await fetch(`${url}/v1/models`)).json()).toEqual({ object: 'list', data: [] })
      const ask = (): Promise<Response> =>
        fetch(`${url}/v1/chat/completions`, {
          method: 'POST',
          body: JSON.stringify({ model: 'Qwen/Qwen3-0.6B', messages: [{ role: 'user', content: 'hello' }] }),
        })
      expect((await ask()).status).toBe(503)
      const command = ['python3', '-m', 'dynamo.vllm']
      await create(PODS, dynamoPod('worker', 'worker', { command, args: ['--model', 'Qwen/Qwen3-0.6B'] }))
      await ready('worker')
      let models: { data: { id: string }[] } = { data: [] }
      while (models.data.length === 0) models = (await (await fetch(`${url}/v1/models`)).json()) as typeof models
      expect(models.data.map(({ id }) => id)).toEqual(['Qwen/Qwen3-0.6B'])
      const answer = (await (await ask()).json()) as { choices: { message: { content: string } }[] }
      expect(answer.choices[0]?.message.content).toContain('Qwen/Qwen3-0.6B')
    })
  })

  test('shows logs: all, the last line, with times, and as they come', async () => {
    const all = (await kubectl('logs', 'frontend')).trimEnd().split('\n')
    expect(all[0]).toBe('simulated container main of image example/runtime:1')
    const last = await kubectl('logs', 'frontend', '--tail', '1')
    expect(all).toContain(last.trimEnd())
    expect(await kubectl('logs', 'frontend', '-c', 'main', '--timestamps', '--tail', '1')).toMatch(
      /^\d{4}-\d\d-\d\dT\S+Z /,
    )
    await expect(kubectl('logs', 'frontend', '-p')).rejects.toThrow('previous terminated container')
    const child = spawn('kubectl', ['logs', '-f', 'frontend'], { env: environment })
    const first = await new Promise<string>((resolve) =>
      child.stdout.once('data', (chunk: Buffer) => resolve(String(chunk))),
    )
    child.kill()
    expect(first).toContain('simulated container main')
  })

  test('shows pods as kubectl shows them', async () => {
    const [head, ...rows] = (await kubectl('get', 'pods', '-o', 'wide')).trimEnd().split('\n')
    expect(head?.split(/ {2,}/)).toEqual([
      'NAME',
      'READY',
      'STATUS',
      'RESTARTS',
      'AGE',
      'IP',
      'NODE',
      'NOMINATED NODE',
      'READINESS GATES',
    ])
    expect(rows.find((row) => row.startsWith('frontend'))).toMatch(
      /^frontend +1\/1 +Running +0 +\d+s +10\.\S+ +n1 +<none> +<none>$/,
    )
  })
})

/** Resolves when kubectl has said where it listens; rejects when it ends before. */
function localUrl(child: ChildProcess, said: { readonly text: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const port = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(said.text)?.[1]
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`)
    }
    child.stdout?.on('data', look)
    child.on('exit', () => reject(new Error(`kubectl ended: ${said.text}`)))
  })
}
