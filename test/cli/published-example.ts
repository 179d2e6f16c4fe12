/** The published Dynamo-on-Grove example, step by step, with the real kubectl: the same on every cluster. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Node, Pod } from '../../api/kinds/kubernetes.ts'
import { type Finished, ROOT } from './espalier.ts'

const NAMESPACE = 'inference'
const SAMPLE = join(ROOT, 'deploy/samples/dynamo-grove.yaml')

interface List<T> {
  items: T[]
}

/** A cluster on which both halves run, and nothing of ours yet. */
export interface ExampleCluster {
  readonly env: NodeJS.ProcessEnv
  kubectl(...args: readonly string[]): Promise<Finished>
  kubectlWith(input: string, ...args: readonly string[]): Promise<Finished>
  waitFor(holds: () => boolean | Promise<boolean>, what: string): Promise<void>
}

/** Registers the steps as tests. `hasKubelets`: containers answer requests and write logs there. */
export function publishedExample(cluster: () => ExampleCluster, { hasKubelets }: { hasKubelets: boolean }): void {
  const up: ExampleCluster = {
    get env() {
      return cluster().env
    },
    kubectl: (...args) => cluster().kubectl(...args),
    kubectlWith: (input, ...args) => cluster().kubectlWith(input, ...args),
    waitFor: (holds, what) => cluster().waitFor(holds, what),
  }

  const inNamespace = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await up.kubectl('-n', NAMESPACE, ...args)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err}`)
    return out
  }
  const get = async <T>(...args: string[]): Promise<T> =>
    JSON.parse(await inNamespace('get', ...args, '-o', 'json')) as T
  const pods = async (): Promise<Pod[]> => (await get<List<Pod>>('pods')).items

  test('the namespace and the secret are created', async () => {
    expect((await up.kubectl('create', 'namespace', NAMESPACE)).out).toBe(`namespace/${NAMESPACE} created\n`)
    const out = await inNamespace('create', 'secret', 'generic', 'hf-token-secret', '--from-literal=HF_TOKEN=x')
    expect(out).toBe('secret/hf-token-secret created\n')
  })

  test('the CRDs of the Grove API are there', async () => {
    const { out } = await up.kubectl('get', 'crd')
    const grove = out
      .split('\n')
      .map((line) => line.split(/\s+/)[0])
      .filter((name) => name?.includes('grove'))
    for (const plural of ['podcliques', 'podcliquescalinggroups', 'podcliquesets', 'podgangsets']) {
      expect(grove).toContain(`${plural}.grove.io`)
    }
    expect(grove).toContain('podgangs.scheduler.grove.io')
  })

  test('the graph is applied, and its pods are Running and 1/1 in one NVLink domain', async () => {
    expect(await inNamespace('apply', '-f', SAMPLE)).toBe('dynamographdeployment.nvidia.com/dynamo-grove created\n')
    const rows = async (): Promise<string[][]> =>
      (await inNamespace('get', 'pods', '--no-headers'))
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/))
    await up.waitFor(async () => {
      const seen = await rows()
      return seen.length === 4 && seen.every((row) => row[1] === '1/1' && row[2] === 'Running')
    }, 'four pods to be Running')
    const count = async (prefix: string): Promise<number> =>
      (await rows()).filter(([name]) => new RegExp(`^${prefix}-[a-z0-9]{5}$`).test(name ?? '')).length
    expect(await count('dynamo-grove-0-frontend')).toBe(1)
    expect(await count('dynamo-grove-0-vllmdecodeworker')).toBe(2)
    expect(await count('dynamo-grove-0-vllmprefillworker')).toBe(1)
    const nodes = (await get<List<Node>>('nodes')).items
    const cliqueOf = (name: string | undefined): string | undefined =>
      nodes.find((node) => node.metadata.name === name)?.metadata.labels?.['nvidia.com/gpu.clique']
    const cliques = new Set((await pods()).map((pod) => cliqueOf(pod.spec.nodeName)))
    expect(cliques.size).toBe(1)
    expect([...cliques][0]).toBeTypeOf('string')
  })

  test('the clique says how many replicas it has, and the graph that it is successful', async () => {
    const yaml = await inNamespace('get', 'podclique', 'dynamo-grove-0-vllmdecodeworker', '-o', 'yaml')
    expect(yaml).toMatch(/^ {2}replicas: 2$/m)
    await up.waitFor(async () => {
      const graph = await get<{ status?: { state?: string } }>('dynamographdeployment', 'dynamo-grove')
      return graph.status?.state === 'successful'
    }, 'the graph to be successful')
    const { status } = await get<{ status: { conditions: { type: string; status: string }[] } }>('dgd', 'dynamo-grove')
    expect(status.conditions.find(({ type }) => type === 'Ready')?.status).toBe('True')
  })

  test.skipIf(!hasKubelets)('the frontend answers through a port-forward of its service', async () => {
    let said = ''
    const forward = spawn('kubectl', ['-n', NAMESPACE, 'port-forward', 'svc/dynamo-grove-frontend', ':8000'], {
      env: up.env,
    })
    forward.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text))
    forward.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
    await up.waitFor(() => /127\.0\.0\.1:\d+ ->/.test(said), 'the port-forward')
    onTestFinished(() => void forward.kill())
    const port = /127\.0\.0\.1:(\d+) ->/.exec(said)?.[1]
    const answer = await fetch(`http://127.0.0.1:${port}/v1/models`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-espalier-simulated')).toBe('true')
    const models = (await answer.json()) as { data: { id: string }[] }
    expect(models.data.map(({ id }) => id)).toEqual(['Qwen/Qwen3-0.6B'])
  })

  test.skipIf(!hasKubelets)('logs are found by the selector of the tutorial', async () => {
    expect(await inNamespace('logs', '-l', 'app=dynamo-grove-0-frontend')).not.toBe('')
  })

  test('four decode workers instead of two restart nothing', async () => {
    const before = await pods()
    const edited = readFileSync(SAMPLE, 'utf8').replace('replicas: 2', 'replicas: 4')
    expect(edited).toContain('replicas: 4')
    const { out } = await up.kubectlWith(edited, '-n', NAMESPACE, 'apply', '-f', '-')
    expect(out).toBe('dynamographdeployment.nvidia.com/dynamo-grove configured\n')
    const isReady = (pod: Pod): boolean =>
      pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
    await up.waitFor(async () => (await pods()).filter(isReady).length === 6, 'six Ready pods')
    const after = new Map((await pods()).map((pod) => [pod.metadata.uid, pod]))
    for (const pod of before) {
      expect(after.get(pod.metadata.uid)?.status?.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([
        0,
      ])
    }
    const { out: clique } = await up.kubectl(
      '-n',
      NAMESPACE,
      'get',
      'podclique',
      'dynamo-grove-0-vllmdecodeworker',
      '-o',
      'jsonpath={.spec.replicas}',
    )
    expect(clique).toBe('4')
  })

  test('deleting the graph takes everything that was made for it', async () => {
    await inNamespace('delete', 'dgd', 'dynamo-grove')
    await up.waitFor(async () => (await pods()).length === 0, 'all pods to be gone')
    expect(await inNamespace('get', 'podcliquesets,podgangs,podcliques,services', '-o', 'name')).toBe('')
  })
}
