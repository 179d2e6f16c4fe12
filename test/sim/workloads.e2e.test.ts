import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { realClock } from '../../kube/clock.ts'
import { seededRandom } from '../../kube/random.ts'
import { type Cluster, createCluster } from '../../sim/cluster.ts'
import type { Listening } from '../../sim/server/http.ts'
import { type Kubectl, kubectlOn } from './server/kubectl.ts'
import { node } from './world.ts'

const hasKubectl = spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0
if (!hasKubectl) console.warn('SKIPPED: there is no kubectl on this machine')

/** Its pods are on n1 from the start, so that no scheduler is needed. */
const workload = (kind: string, name: string, spec: object): NewObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'i:1' }] },
    },
    ...spec,
  },
})

describe.skipIf(!hasKubectl)('kubectl and workloads', () => {
  let cluster: Cluster
  let listening: Awaited<ReturnType<Cluster['listen']>> | Listening
  let kubectl: Kubectl
  beforeAll(async () => {
    cluster = createCluster({ clock: realClock, random: seededRandom(1), nodes: [node('n1')] })
    await cluster.start()
    listening = await cluster.listen(0)
    kubectl = kubectlOn(listening.url)
  })
  afterAll(async () => {
    kubectl.end()
    await listening.close()
    await cluster.stop()
  })
  const out = async (args: string | readonly string[], input?: unknown): Promise<string> => {
    const ran = await kubectl.run(args, input)
    expect(`${ran.code} ${ran.err}`).toBe('0 ')
    return ran.out.trim().replaceAll(/[ \t]+/g, ' ')
  }
  const images = (app: string): Promise<string> =>
    out(`get pods -l app=${app} --field-selector status.phase=Running -o jsonpath={..containers[*].image}`)

  test('rollout status, history, undo, restart and pause of a Deployment', async () => {
    await out('create -f -', workload('Deployment', 'web', {}))
    expect(await out('rollout status deploy/web --timeout=30s')).toContain('"web" successfully rolled out')
    await out('set image deploy/web main=i:2')
    await out('rollout status deploy/web --timeout=30s')
    expect(await out('get deploy web --no-headers')).toMatch(/^web 2\/2 2 2 /)
    expect(await out('rollout history deploy/web')).toMatch(/REVISION CHANGE-CAUSE\n1 <none>\n2 <none>/)
    await out('rollout undo deploy/web')
    await out('rollout status deploy/web --timeout=30s')
    expect(await out('get deploy web -o jsonpath={.spec.template.spec.containers[0].image}')).toBe('i:1')
    expect(await out('rollout history deploy/web')).toMatch(/REVISION CHANGE-CAUSE\n2 <none>\n3 <none>/)
    await out('rollout pause deploy/web')
    await out('scale deploy/web --replicas=3')
    await out('rollout resume deploy/web')
    await out('rollout restart deploy/web')
    await out('rollout status deploy/web --timeout=30s')
    await out('wait --for=condition=Available deploy/web --timeout=30s')
    expect((await images('web')).split(' ').filter((image) => image === 'i:1').length).toBeGreaterThanOrEqual(3)
    expect(await out('describe deploy web')).toContain('NewReplicaSet: web-')
  })

  test('rollout status, history and undo of a StatefulSet', async () => {
    await out('create -f -', workload('StatefulSet', 'db', { serviceName: 'db' }))
    expect(await out('rollout status sts/db --timeout=30s')).toMatch(
      /partitioned roll out complete|rolling update complete/,
    )
    await out('set image sts/db main=i:2')
    await out('rollout status sts/db --timeout=30s')
    expect(await out('rollout history sts/db')).toMatch(/REVISION CHANGE-CAUSE\n1 <none>\n2 <none>/)
    await out('rollout undo sts/db')
    await out('rollout status sts/db --timeout=30s')
    expect(await out('get pods db-0 db-1 -o jsonpath={..containers[*].image}')).toBe('i:1 i:1')
    expect(await out('get sts db --no-headers')).toMatch(/^db 2\/2 /)
  })

  test('a Job that is waited for, and what goes with its owner', async () => {
    const spec = {
      template: { spec: { nodeName: 'n1', restartPolicy: 'Never', containers: [{ name: 'main', image: 'i' }] } },
    }
    await out('create -f -', { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'sum' }, spec })
    await out('wait --for=condition=Ready pod -l job-name=sum --timeout=30s')
    const name = await out('get pods -l job-name=sum -o jsonpath={.items[0].metadata.name}')
    cluster.faults.finishPod({ namespace: 'default', name })
    await out('wait --for=condition=Complete job/sum --timeout=30s')
    expect(await out('get job sum --no-headers')).toMatch(/^sum Complete 1\/1 /)
    await out('delete deploy/web sts/db job/sum --ignore-not-found --cascade=foreground --timeout=30s')
    expect(await out('get rs,pods,controllerrevisions -o name')).toBe('')
  })
})
