/** What kubectl changes: the same objects and the same words afterwards on both servers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { describeAnswers } from './kubectl.ts'
import { cliqueSet, configMap, deployment, pod, podGang, service } from './objects.ts'

const folder = mkdtempSync(join(tmpdir(), 'espalier-editor-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** An editor that runs one sed script. */
function editor(name: string, script: string): Record<string, string> {
  const file = join(folder, name)
  writeFileSync(file, `#!/bin/sh\nsed -i '${script}' "$1"\n`, { mode: 0o755 })
  return { KUBE_EDITOR: file }
}

/** What diff(1) says, without its file names and times. */
const changes = (out: string): string =>
  out
    .split('\n')
    .filter((line) => /^[-+] /.test(line))
    .join('\n')

/** A Deployment without what its controller writes whenever it comes to it. */
function withoutController(out: string): string {
  const [before = '', ...parts] = out.replace(/^status:\n(?: .*\n)*/m, '').split(/^(?= {2}- apiVersion:| {2}name: )/m)
  return [before, ...parts.filter((part) => !part.includes('subresource: status'))].join('')
}

describeAnswers('kubectl writes', (same) => {
  same('apply creates, changes, and says when nothing changes', async (t) => {
    for (const manifest of [
      deployment('engine:1'),
      service,
      configMap('settings', { a: '1', b: '1' }),
      cliqueSet('s'),
    ]) {
      await t.kubectl('apply -f -', { input: manifest })
      await t.kubectl('apply -f -', { input: manifest })
    }
    await t.kubectl('apply -f -', { input: deployment('engine:2') })
    await t.kubectl('apply -f -', { input: configMap('settings', { a: '2' }) })
    await t.kubectl('apply -f -', { input: cliqueSet('s', 3) })
    await t.kubectl('get deployment web -o yaml --show-managed-fields', { keep: withoutController })
    await t.kubectl('get configmap settings -o yaml --show-managed-fields')
    await t.kubectl('get pcs s -o yaml --show-managed-fields')
    await t.kubectl('apply view-last-applied configmap settings')
    await t.kubectl('apply -f -', { input: { ...configMap('x', {}), data: { a: 1 } } })
    await t.kubectl('apply -f -', { input: { ...configMap('x', {}), dat: {} } })
    await t.kubectl('apply --validate=warn -f -', { input: { ...configMap('x', {}), dat: {} } })
    await t.kubectl('apply -f -', { input: { ...configMap('x', {}), kind: 'Nothing' } })
    await t.kubectl('apply -f -', { input: '{"apiVersion": "v1", "kind": ' })
    await t.kubectl('apply -f -', { input: 'a: [1\n' })
  })

  same('server-side apply owns fields and names who owns the others', async (t) => {
    const apply = 'apply --server-side -f -'
    await t.kubectl(apply, { input: deployment('engine:1', 2) })
    await t.kubectl(apply, { input: deployment('engine:1', 2) })
    await t.kubectl('scale deployment web --replicas=4')
    await t.kubectl(apply, { input: deployment('engine:2', 2) })
    await t.kubectl(`${apply} --field-manager=other`, { input: deployment('engine:3', 4) })
    await t.kubectl(`${apply} --force-conflicts`, { input: deployment('engine:2', 2) })
    await t.kubectl('get deployment web -o yaml --show-managed-fields', { keep: withoutController })
    await t.kubectl('apply -f -', { input: configMap('moved', { a: '1' }) })
    await t.kubectl(apply, { input: configMap('moved', { a: '2' }) })
    await t.kubectl('get configmap moved -o yaml --show-managed-fields')
    await t.kubectl(apply, { input: cliqueSet('s') })
    await t.kubectl(`${apply} --field-manager=other`, { input: cliqueSet('s', 5) })
    await t.kubectl('get pcs s -o yaml --show-managed-fields')
  })

  same('create makes typed objects, and refuses a second one', async (t) => {
    await t.kubectl('create configmap c --from-literal=a=1')
    await t.kubectl('create configmap c --from-literal=a=1')
    await t.kubectl('create secret generic s --from-literal=user=me -o yaml')
    await t.kubectl('create serviceaccount robot')
    await t.kubectl('create role r --verb=get,list --resource=pods,podgangs.scheduler.grove.io -o yaml')
    await t.kubectl('create rolebinding rb --role=r --serviceaccount=default:robot -o yaml')
    await t.kubectl('create service clusterip back --tcp=80:8080')
    await t.kubectl('create poddisruptionbudget pdb --selector=app=web --min-available=1 -o yaml')
    await t.kubectl('create quota q --hard=pods=5 -o yaml')
    await t.kubectl('create ingress i --rule=example.com/=web:80 -o yaml')
    await t.kubectl('create priorityclass Not_A_Name --value=1')
    await t.kubectl('create -f -', { input: pod('Bad_Name') })
    await t.kubectl('create -f -', { input: { ...pod('p'), spec: { containers: [] } } })
    await t.kubectl('create -f -', { input: { ...pod('p'), spec: { containers: [{ name: 'A', image: ' i' }] } } })
    await t.kubectl('run p --image=engine:1 --restart=Never --overrides={"spec":{"schedulerName":"nobody"}}')
    await t.kubectl('expose pod p --port=80', {})
    await t.kubectl('label pod p app=web')
    await t.kubectl('expose pod p --port=80 --name=front')
  })

  same('replace, patch of three kinds, and edit change what they say', async (t) => {
    await t.prepare('create -f -', deployment('engine:1'))
    await t.kubectl('replace -f -', { input: deployment('engine:2') })
    await t.kubectl('replace -f -', { input: configMap('none', {}) })
    const container = JSON.stringify({
      spec: { template: { spec: { containers: [{ name: 'second', image: 'engine:2' }] } } },
    })
    await t.kubectl(`patch deployment web -p ${container}`)
    await t.kubectl(`patch deployment web --type=merge -p {"spec":{"replicas":0,"minReadySeconds":5}}`)
    await t.kubectl(`patch deployment web --type=merge -p {"spec":{"replicas":0,"minReadySeconds":5}}`)
    await t.kubectl(`patch deployment web --type=json -p [{"op":"remove","path":"/spec/minReadySeconds"}]`)
    await t.kubectl(`patch deployment web --type=json -p [{"op":"remove","path":"/spec/none"}]`)
    await t.kubectl(`patch deployment web --type=json -p [{"op":"test","path":"/spec/replicas","value":9}]`)
    await t.kubectl(
      'patch deployment web -p {"spec":{"template":{"spec":{"containers":[{"name":"second","$patch":"delete"}]}}}}',
    )
    await t.kubectl('patch deployment web -p {"spec":{"selector":{"matchLabels":{"app":"other"}}}}')
    await t.kubectl('get deployment web -o yaml', { keep: withoutController })
    await t.prepare('create -f -', cliqueSet('s'))
    await t.kubectl('patch pcs s -p {"spec":{"replicas":2}}')
    await t.kubectl('patch pcs s --type=merge -p {"spec":{"replicas":2}}')
    await t.kubectl('patch pcs s --type=merge -p {"spec":{"replicas":-2}}')
    await t.kubectl('patch pcs s --type=merge -p {"spec":{"replica":2}}')
    await t.kubectl('patch pcs s --subresource=status --type=merge -p {"status":{"replicas":1}}')
    await t.kubectl('edit deployment web', { env: editor('image', 's/engine:2/engine:7/') })
    await t.kubectl('edit deployment web', { env: editor('nothing', 's/no-such-text//') })
    await t.kubectl('edit pcs s', { env: editor('replicas', 's/replicas: 2$/replicas: 4/') })
    await t.kubectl('get pcs s -o jsonpath={.spec}')
  })

  same('labels and annotations are set, kept from being overwritten, and taken off', async (t) => {
    await t.prepare('create -f -', pod('a'))
    await t.kubectl('label pod a tier=gold')
    await t.kubectl('label pod a tier=silver')
    await t.kubectl('label pod a tier=silver --overwrite')
    await t.kubectl('label pod a tier-')
    await t.kubectl('label pod a tier-')
    await t.kubectl('label pod a bad=-x-')
    await t.kubectl('annotate pod a note=x other=y')
    await t.kubectl('annotate pod a note-')
    await t.kubectl('annotate pod a note=y --resource-version=1')
    await t.kubectl('label pods --all all=yes')
    await t.kubectl('get pod a -o jsonpath={.metadata.labels}{.metadata.annotations}')
  })

  same('diff and dry runs show what would be, and write nothing', async (t) => {
    await t.prepare('apply -f -', deployment('engine:1'))
    await t.prepare('apply -f -', cliqueSet('s'))
    await t.kubectl('diff -f -', { input: deployment('engine:1') })
    await t.kubectl('diff -f -', { input: deployment('engine:2'), keep: changes })
    await t.kubectl('diff --server-side -f -', { input: deployment('engine:2'), keep: changes })
    await t.kubectl('diff -f -', { input: cliqueSet('s', 4), keep: changes })
    await t.kubectl('diff -f -', { input: configMap('new', { a: '1' }), keep: changes })
    for (const mode of ['server', 'client']) {
      await t.kubectl(`apply --dry-run=${mode} -f -`, { input: deployment('engine:2') })
      await t.kubectl(`apply --dry-run=${mode} -f -`, { input: cliqueSet('other') })
      await t.kubectl(`create --dry-run=${mode} -o yaml -f -`, { input: configMap('new', { a: '1' }) })
      await t.kubectl(`delete --dry-run=${mode} pcs s`)
      await t.kubectl(`scale --dry-run=${mode} deployment web --replicas=3`)
      await t.kubectl(`label --dry-run=${mode} deployment web x=y`)
    }
    await t.kubectl('apply --dry-run=server --server-side -f -', { input: cliqueSet('other', -1) })
    await t.kubectl('get deployment,pcs,configmap -o name')
  })

  same('scale sets replicas where there is something to scale', async (t) => {
    await t.prepare('create -f -', deployment('engine:1'))
    await t.prepare('create -f -', cliqueSet('s'))
    await t.prepare('create -f -', podGang('g'))
    await t.kubectl('scale deployment web --replicas=3')
    await t.kubectl('scale deployment web --replicas=0')
    await t.kubectl('scale deployment web --current-replicas=7 --replicas=1')
    await t.kubectl('scale pcs s --replicas=2')
    await t.kubectl('scale podgang g --replicas=2')
    await t.kubectl('scale deployment none --replicas=2')
    await t.kubectl('get deployment web --subresource=scale -o yaml')
    await t.kubectl('get pcs s --subresource=scale -o yaml')
    await t.kubectl('get pcs s --subresource=status -o jsonpath={.metadata.name}')
    await t.kubectl('autoscale deployment web --min=1 --max=3 --cpu-percent=50')
    await t.kubectl('set image deployment/web main=engine:9')
    await t.kubectl('set resources deployment/web --limits=cpu=1')
    await t.kubectl('set env deployment/web A=1')
    await t.kubectl('get deployment web -o jsonpath={.spec.template.spec.containers}')
  })

  same('delete cascades as asked, waits as asked, and may be forced', async (t) => {
    const owned = async (owner: string): Promise<void> => {
      await t.prepare('create -f -', configMap(owner, {}))
      const { body } = await t.server.call('GET', `/api/v1/namespaces/${t.namespace}/configmaps/${owner}`)
      const { name, uid } = body.metadata
      const child = configMap(`${owner}-child`, {})
      const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid, blockOwnerDeletion: true }]
      await t.prepare('create -f -', { ...child, metadata: { ...child.metadata, ownerReferences } })
    }
    for (const cascade of ['background', 'foreground', 'orphan']) {
      await owned(cascade)
      await t.kubectl(`delete configmap ${cascade} --cascade=${cascade}`)
      if (cascade === 'background') await t.kubectl(`wait --for=delete configmap/${cascade}-child --timeout=20s`)
      await t.kubectl(`get configmap ${cascade}-child -o name`)
    }
    await t.prepare('create -f -', pod('a', {}, { app: 'x' }))
    await t.prepare('create -f -', pod('b', {}, { app: 'x' }))
    await t.kubectl('delete pods -l app=x')
    await t.prepare('create -f -', pod('bound', { nodeName: 'no-such-node' }))
    await t.kubectl('delete pod bound --wait=false')
    await t.kubectl('get pod bound -o jsonpath={.metadata.deletionGracePeriodSeconds}')
    await t.kubectl('delete pod bound --grace-period=5 --wait=false')
    await t.kubectl('get pod bound -o jsonpath={.metadata.deletionGracePeriodSeconds}')
    await t.kubectl('delete pod bound --grace-period=0 --force')
    await t.kubectl('get pod bound')
    await t.kubectl('delete configmaps --all')
    await t.kubectl('delete pod none --ignore-not-found')
    await t.kubectl('delete -f -', { input: service })
  })

  same('wait ends when a condition, a path or a deletion comes true', async (t) => {
    await t.prepare('create -f -', pod('a', { schedulingGates: [{ name: 'example.com/wait' }] }))
    await t.kubectl('wait --for=condition=PodScheduled=False pod/a --timeout=10s')
    await t.kubectl('wait --for=condition=Ready pod/a --timeout=1s')
    await t.kubectl('wait --for=jsonpath={.status.phase}=Pending pod/a --timeout=10s')
    const waiting = t.kubectl('wait --for=delete pod/a --timeout=20s')
    await t.server.call('DELETE', `/api/v1/namespaces/${t.namespace}/pods/a`)
    await waiting
    await t.kubectl('wait --for=condition=Ready pod/none --timeout=1s')
    await t.prepare('create -f -', podGang('g'))
    const gang = t.kubectl('wait --for=condition=Scheduled pg/g --timeout=20s')
    const conditions = [
      { type: 'Scheduled', status: 'True', reason: 'Placed', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
    ]
    await t.server.call(
      'PATCH',
      `/apis/scheduler.grove.io/v1alpha1/namespaces/${t.namespace}/podgangs/g/status`,
      { status: { conditions } },
      { 'content-type': 'application/merge-patch+json' },
    )
    await gang
  })
})
