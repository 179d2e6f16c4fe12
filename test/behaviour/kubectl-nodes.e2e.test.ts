/** kubectl on nodes, on what needs a kubelet, and on access. */
import { expect, test } from 'vitest'
import { describeAnswers } from './kubectl.ts'
import { pod } from './objects.ts'
import { Transcript } from './transcript.ts'

const node = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { rack: 'r1', 'node-role.kubernetes.io/gpu': '' } },
  status: {
    capacity: { cpu: '8', memory: '32Gi', pods: '110', 'nvidia.com/gpu': '4' },
    allocatable: { cpu: '7', memory: '30Gi', pods: '110', 'nvidia.com/gpu': '4' },
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'posting ready status' }],
    addresses: [{ type: 'InternalIP', address: '192.0.2.7' }],
    nodeInfo: {
      kubeletVersion: 'v1.37.0',
      osImage: 'Linux',
      kernelVersion: '6.1',
      containerRuntimeVersion: 'containerd://2.0',
      machineID: '',
      systemUUID: '',
      bootID: '',
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'arm64',
    },
  },
})

/** Without a hint that a controller of the real cluster leaves on nodes, and without what Go tells of unset fields. */
const plainNode = (out: string): string =>
  out
    .replace(/^ {2}annotations:\n {4}node\.alpha\.kubernetes\.io\/ttl: "0"\n/m, '')
    .replace(/node\.alpha\.kubernetes\.io\/ttl: 0/, '<none>')
    .replace(/^ {2}- lastHeartbeatTime: null\n {4}lastTransitionTime: null\n {4}/m, '  - ')
    .replace(/^ {2}daemonEndpoints:\n {4}kubeletEndpoint:\n {6}Port: 0\n/m, '')

/** A node of the test's own, and its name. */
async function withNode(t: Transcript, body: (name: string) => Promise<void>): Promise<void> {
  const name = `node-${t.namespace}`
  await t.prepare('create -f -', node(name))
  await body(name)
  await t.prepare(`delete node ${name}`)
}

const bound = (name: string, nodeName: string): object =>
  pod(name, { nodeName, tolerations: [{ operator: 'Exists' }] }, { app: name })

describeAnswers('kubectl on nodes', (same, server) => {
  same('nodes are shown, cordoned, tainted and described', (t) =>
    withNode(t, async (name) => {
      await t.kubectl(`get node ${name}`)
      await t.kubectl(`get node ${name} -o wide`)
      await t.kubectl(`cordon ${name}`)
      await t.kubectl(`cordon ${name}`)
      await t.kubectl(`get node ${name}`)
      await t.kubectl(`uncordon ${name}`)
      await t.kubectl(`taint node ${name} gpu=yes:NoSchedule`)
      await t.kubectl(`taint node ${name} gpu=no:NoSchedule`)
      await t.kubectl(`taint node ${name} gpu=no:NoSchedule --overwrite`)
      await t.prepare('create -f -', bound('a', name))
      await t.kubectl(`describe node ${name}`, { keep: plainNode })
      await t.kubectl(`taint node ${name} gpu-`)
      await t.kubectl(`taint node ${name} gpu=no:Sometimes`)
      await t.kubectl(`get node ${name} -o yaml`, { keep: plainNode })
      await t.prepare('delete pod a --grace-period=0 --force')
    }),
  )

  same('drain evicts what it may, and a budget stops it', (t) =>
    withNode(t, async (name) => {
      await t.prepare('create -f -', bound('free', name))
      await t.prepare('create -f -', bound('guarded', name))
      await t.kubectl(`drain ${name}`)
      for (const each of ['free', 'guarded']) {
        const conditions = [{ type: 'Ready', status: 'True' }]
        await t.prepare(
          `patch pod ${each} --subresource=status -p ${JSON.stringify({ status: { phase: 'Running', conditions } })}`,
        )
      }
      await t.prepare('create poddisruptionbudget keep --selector=app=guarded --min-available=1')
      const budget = `/apis/policy/v1/namespaces/${t.namespace}/poddisruptionbudgets/keep`
      await t.server.until<{ status?: { currentHealthy?: number } }>(
        budget,
        ({ body }) => body.status?.currentHealthy === 1,
      )
      await t.kubectl('get poddisruptionbudgets')
      await t.kubectl(`drain ${name} --force --grace-period=0 --pod-selector=app=free`)
      await t.kubectl(`drain ${name} --force --grace-period=0 --timeout=2s`, {
        keep: (out) => [...new Set(out.split('\n'))].join('\n'),
      })
      await t.kubectl('get pods -o name')
      await t.kubectl('describe poddisruptionbudget keep')
      await t.prepare('delete poddisruptionbudget keep')
      await t.kubectl(`drain ${name} --force --grace-period=0`)
      await t.kubectl('get pods')
    }),
  )

  same('a token is made for an account that is there', async (t) => {
    await t.prepare('create serviceaccount robot')
    await t.kubectl('create token robot', {
      keep: (out) => (/^[\w-]+\.[\w-]+\.[\w-]+\n?$/.test(out) ? 'a token\n' : 'no token\n'),
    })
    await t.kubectl('create token robot --duration=1s', { keep: () => '' })
    await t.kubectl('create token none')
  })

  same('a roll-out is told, and undone', async (t) => {
    await t.prepare('create deployment web --image=engine:1 --replicas=0')
    await t.kubectl('rollout status deployment web --timeout=20s')
    await t.kubectl('rollout history deployment web')
    await t.kubectl('rollout restart deployment web')
    await t.kubectl('rollout pause deployment web')
    await t.kubectl('rollout resume deployment web')
    await t.kubectl('rollout status pcs none')
  })

  test('logs and exec of a pod that no kubelet runs are refused in words', async () => {
    const t = new Transcript(server(), await server().namespace(), '')
    await t.prepare('create -f -', pod('a'))
    for (const line of ['exec a -- true', 'attach a', 'port-forward a 8080']) {
      const { code, err } = await t.kubectl(line)
      expect(code, line).toBe(1)
      expect(err, line).toMatch(/^[eE]rror/m)
      expect(err, line).not.toMatch(/panic|goroutine|at .*\.ts/)
    }
  })
})
