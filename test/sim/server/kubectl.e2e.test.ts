import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realClock } from '../../../kube/clock.ts'
import { seededRandom } from '../../../kube/random.ts'
import { type ApiServer, createApiServer } from '../../../sim/server/api-server.ts'
import type { Listening } from '../../../sim/server/http.ts'
import { type Json, pod, thing, thingCrd } from './asking.ts'
import { type Kubectl, kubectlOn, type Ran } from './kubectl.ts'

const hasKubectl = spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0
if (!hasKubectl) console.warn('SKIPPED: there is no kubectl on this machine')

let server: ApiServer
let listening: Listening
let kubectl: Kubectl

const run = async (args: string | readonly string[], input?: unknown): Promise<Ran> => kubectl.run(args, input)
/** Output of a command that must succeed, spaces made single. */
const out = async (args: string | readonly string[], input?: unknown): Promise<string> => {
  const ran = await run(args, input)
  expect(`${ran.code} ${ran.err}`).toBe('0 ')
  return ran.out.trim().replaceAll(/[ \t]+/g, ' ')
}

const deployment = (image: string): Json => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } },
  },
})

const spec = {
  'x-kubernetes-validations': [{ rule: 'self.replicas != 7', message: 'seven is unlucky' }],
  properties: { replicas: { type: 'integer', default: 1, minimum: 0, description: 'How many there are.' } },
}
const columns = { additionalPrinterColumns: [{ name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' }] }

describe.skipIf(!hasKubectl)('kubectl', () => {
  beforeAll(async () => {
    server = createApiServer({ clock: realClock, random: seededRandom(1) })
    listening = await server.listen({ port: 0 })
    kubectl = kubectlOn(listening.url)
    await out('create -f -', thingCrd(spec, columns))
  })
  afterAll(async () => {
    kubectl.end()
    server.stop()
    await listening.close()
  })

  test('typed creates, which travel as protobuf, arrive whole', async () => {
    await out('create namespace typed')
    await out('create secret generic s --from-literal=user=me -n typed')
    await out('create configmap c --from-literal=a=b -n typed')
    await out('create deployment d --image=nginx:1 --replicas=3 -n typed')
    await out('create serviceaccount robot -n typed')
    await out('create role r --verb=get,list --resource=pods -n typed')
    await out('create rolebinding rb --role=r --serviceaccount=typed:robot -n typed')
    expect(await out('get secret s -n typed -o jsonpath={.data.user}')).toBe(Buffer.from('me').toString('base64'))
    expect(
      await out('get deploy d -n typed -o jsonpath={.spec.replicas},{.spec.template.spec.containers[0].image}'),
    ).toBe('3,nginx:1')
    expect(await out('get rolebinding rb -n typed -o jsonpath={.subjects[0].name},{.roleRef.name}')).toBe('robot,r')
    expect(await out('create token robot -n typed')).toMatch(/^[\w-]+\.[\w-]+\.\w+$/)
  })

  test('apply creates, changes and sees that nothing changes, on both sides', async () => {
    expect(await out('apply -f -', deployment('i:1'))).toBe('deployment.apps/web created')
    expect(await out('apply -f -', deployment('i:1'))).toBe('deployment.apps/web unchanged')
    const difference = await run('diff -f -', deployment('i:2'))
    expect([
      difference.code,
      difference.out.match(/^[-+] .*image.*$/gm)?.map((line) => line.replaceAll(/ +/g, ' ')),
    ]).toEqual([1, ['- - image: i:1', '+ - image: i:2']])
    expect(await out('apply -f -', deployment('i:2'))).toBe('deployment.apps/web configured')
    expect(await out('apply --dry-run=server -f -', deployment('i:3'))).toBe(
      'deployment.apps/web configured (server dry run)',
    )
    expect(await out('apply --server-side -f -', deployment('i:2'))).toBe('deployment.apps/web serverside-applied')
    expect(await out('get deploy web -o jsonpath={.spec.template.spec.containers[*].image}')).toBe('i:2')
    await out('scale deploy web --replicas=4')
    const clash = await run('apply --server-side -f -', deployment('i:2'))
    expect([clash.code, clash.err]).toEqual([1, expect.stringContaining('conflict with "kubectl"')])
    expect(await out('apply --server-side --force-conflicts -f -', deployment('i:2'))).toBe(
      'deployment.apps/web serverside-applied',
    )
    expect(await out('get deploy web -o jsonpath={.spec.replicas}')).toBe('2')
  })

  test('label, annotate, patch, set, replace and delete do what they say', async () => {
    await out('apply -f -', pod('p', {}, { labels: { app: 'one' } }))
    await out('label pod p tier=front')
    await out('annotate pod p note=x')
    await out(['patch', 'pod', 'p', '-p', '{"spec":{"containers":[{"name":"c","image":"i:9"}]}}'])
    expect(
      await out(
        'get pod p -o jsonpath={.metadata.labels.tier},{.metadata.annotations.note},{.spec.containers[0].image}',
      ),
    ).toBe('front,x,i:9')
    expect(await out('get pods -l tier=front -o name')).toBe('pod/p')
    expect(await out('get pods --field-selector status.phase=Running -o name')).toBe('')
    const found = JSON.parse((await run('get pod p -o json')).out) as { metadata: { labels: Json } }
    found.metadata.labels['tier'] = 'back'
    expect(await out('replace -f -', found)).toBe('pod/p replaced')
    expect((await run('replace -f -', found)).err).toContain('Conflict')
    expect(await out('wait --for=jsonpath={.status.phase}=Pending pod/p')).toBe('pod/p condition met')
    expect(await out('describe pod p')).toMatch(/Name: p\n[\s\S]*QoS Class: BestEffort/)
    expect(await out('delete pod p')).toMatch(/^pod "p" deleted/)
    expect((await run('get pod p')).err).toBe('Error from server (NotFound): pods "p" not found\n')
  })

  test('nodes are cordoned, tainted, drained and described', async () => {
    const node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n1' },
      status: { capacity: { cpu: '4' }, conditions: [{ type: 'Ready', status: 'True' }] },
    }
    await out('create -f -', node)
    await out('cordon n1')
    expect(await out('get nodes --no-headers')).toMatch(/^n1 Ready,SchedulingDisabled <none> \S+$/)
    await out('uncordon n1')
    await out('taint node n1 a=b:NoSchedule')
    expect(await out('get node n1 -o jsonpath={.spec.taints[*].key}{.spec.unschedulable}')).toBe('a')
    expect(await out('describe node n1')).toContain('Taints: a=b:NoSchedule')
    expect((await run('drain n1')).out).toContain('node/n1 drained')
  })

  test('custom kinds: columns, short names, explain, scale, strict fields and refusals by field', async () => {
    expect(await out('apply -f -', thing('a', {}))).toBe('thing.t.io/a created')
    expect((await out('get th')).split('\n')).toEqual([expect.stringMatching(/^NAME REPLICAS/), 'a 1'])
    await out('scale th a --replicas=3')
    expect(await out('get th a -o jsonpath={.spec.replicas}')).toBe('3')
    expect(await out('explain thing.spec.replicas')).toContain('How many there are.')
    expect(await out('api-resources --api-group=t.io --no-headers')).toBe('things th t.io/v1 true Thing')
    const unknown = await run('apply -f -', thing('b', { replica: 1 }))
    expect(unknown.err).toContain('strict decoding error: unknown field "spec.replica"')
    const wrong = await run('apply -f -', thing('b', { replicas: -1 }))
    expect(wrong.err).toContain('spec.replicas in body should be greater than or equal to 0')
    const unlucky = await run('apply -f -', thing('b', { replicas: 7 }))
    expect(unlucky.err).toBe('The Thing "b" is invalid: spec: Invalid value: seven is unlucky\n')
    expect(await out('explain pod.spec.containers')).toContain('image <string>')
  })

  test('a watch shows changes as they come', async () => {
    await out('apply -f -', thing('w', { replicas: 2 }))
    const watched = run('wait --for=jsonpath={.spec.replicas}=5 th/w --timeout=30s')
    await out('scale th w --replicas=5')
    expect((await watched).out.trim()).toBe('thing.t.io/w condition met')
  })

  test('exec is refused in words, and what is no manifest is refused with its place', async () => {
    await out('apply -f -', pod('e'))
    expect((await run('exec e -- ls')).err).toContain('the containers of this cluster are simulated')
    expect((await run('create -f -', '{"apiVersion":')).code).toBe(1)
    const typed = await run('create --validate=false -f -', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'x' },
      spec: { replicas: 'two' },
    })
    expect(typed.err).toContain('cannot unmarshal string into Go struct field')
  })
})
