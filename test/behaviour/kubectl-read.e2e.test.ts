/** What kubectl shows: the same words in the same columns from both servers. */
import { describeAnswers } from './kubectl.ts'
import { cliqueSet, configMap, deployment, pod, podGang, service } from './objects.ts'

const MERGE = { 'content-type': 'application/merge-patch+json' }

/** Fields and their types; the embedded server has no texts for built-in kinds. */
const fieldsOnly = (out: string): string =>
  out
    .split('\n')
    .filter((line) => /^(KIND|VERSION|FIELD|GROUP)|^ *[\w$]+\t+ *</.test(line))
    .join('\n')

describeAnswers('kubectl reads', (same) => {
  same('get shows the columns of built-in kinds, short and wide', async (t) => {
    await t.prepare('create -f -', pod('a', {}, { app: 'web' }))
    await t.prepare('create -f -', pod('gated', { schedulingGates: [{ name: 'example.com/wait' }] }))
    await t.prepare('create -f -', service)
    await t.prepare('create -f -', deployment('engine:1'))
    await t.prepare('create configmap settings --from-literal=a=1 --from-literal=b=2')
    await t.prepare('create secret generic keys --from-literal=a=1')
    for (const kind of ['pods', 'services', 'configmaps', 'secrets', 'serviceaccounts']) {
      await t.kubectl(`get ${kind}`)
      await t.kubectl(`get ${kind} -o wide`)
    }
    await t.kubectl('get pods --show-labels')
    await t.kubectl('get pods -L app')
    await t.kubectl('get pod a --no-headers')
    await t.kubectl('get pods,configmaps')
    await t.kubectl('get leases,endpoints,poddisruptionbudgets,jobs,statefulsets')
  })

  same('get shows the columns of our kinds', async (t) => {
    await t.prepare('create -f -', cliqueSet('s', 2))
    await t.prepare('create -f -', podGang('g'))
    await t.prepare('patch podgang g --subresource=status --type=merge -p {"status":{"phase":"Pending"}}')
    for (const kind of ['podcliquesets', 'pcs', 'podgangs', 'pg', 'podcliques', 'podcliquescalinggroups']) {
      await t.kubectl(`get ${kind}`)
    }
    await t.kubectl('get pcs s -o wide')
    await t.kubectl('get pg g -o wide')
  })

  same('get prints whole objects: yaml, json, names, paths and columns of one’s own', async (t) => {
    await t.prepare('create -f -', pod('a', {}, { app: 'web' }))
    await t.prepare(
      'create -f -',
      pod('b', { nodeSelector: { rack: 'r1' }, priorityClassName: 'system-node-critical' }),
    )
    await t.prepare('create -f -', service)
    await t.prepare('create -f -', cliqueSet('s'))
    await t.prepare('create -f -', podGang('g'))
    await t.kubectl('get pod a -o yaml')
    await t.kubectl('get pod b -o json')
    await t.kubectl('get service web -o yaml')
    await t.kubectl('get pcs s -o yaml')
    await t.kubectl('get pg g -o yaml')
    await t.kubectl('get pods -o name')
    await t.kubectl('get pods -o jsonpath={.items[*].metadata.name}')
    await t.kubectl('get pods -o \'jsonpath={range .items[*]}{.metadata.name} {.status.qosClass}{"\\n"}{end}\'')
    await t.kubectl(
      'get pods -o custom-columns=NAME:.metadata.name,WAITS:.spec.schedulingGates,IMAGE:.spec.containers[*].image',
    )
    await t.kubectl("get pods -o 'go-template={{range .items}}{{.metadata.name}} {{end}}'")
    await t.kubectl('get --raw /api/v1/namespaces/default -o json', { keep: (out) => out.slice(0, 30) })
  })

  same('selectors choose, and what is no selector is refused', async (t) => {
    for (const [name, labels] of [
      ['a', { tier: 'gold', n: '1' }],
      ['b', { tier: 'silver', n: '2' }],
      ['c', {}],
    ] as const) {
      await t.prepare('create -f -', pod(name, {}, labels))
    }
    await t.kubectl('get pods -l tier=gold -o name')
    await t.kubectl("get pods -l 'tier in (gold,silver),n!=2' -o name")
    await t.kubectl('get pods -l !tier -o name')
    await t.kubectl("get pods -l 'n>1' -o name")
    await t.kubectl('get pods -l tier==bronze')
    await t.kubectl("get pods -l 'tier in gold'")
    await t.kubectl('get pods -l -bad-=x')
    await t.kubectl('get pods --field-selector=metadata.name=b -o name')
    await t.kubectl('get pods --field-selector=metadata.name!=b,status.phase=Pending -o name')
    await t.kubectl('get pods --field-selector=spec.containers=x')
    await t.kubectl('get configmaps --field-selector=data.x=1')
    await t.kubectl('get pods --sort-by=.metadata.labels.n -o name')
    await t.kubectl('get pods --sort-by=.metadata.name --no-headers')
    await t.kubectl('get pods --chunk-size=1 -o name')
  })

  same('a watch prints what changes', async (t) => {
    await t.prepare('create -f -', configMap('first', { a: '1' }))
    // By list: kubectl watches a single object from whenever its watch opens, and what came before is lost.
    const change = async (a: string): Promise<unknown> =>
      t.server.call('PATCH', `/api/v1/namespaces/${t.namespace}/configmaps/first`, { data: { a } }, MERGE)
    await t.watching(
      'get configmaps --field-selector=metadata.name=first -w -o jsonpath={.data.a}{"\\n"}',
      3,
      async () => {
        await change('2')
        await change('3')
      },
    )
    await t.watching('get configmaps --field-selector=metadata.name=first -w --output-watch-events', 4, async () => {
      await change('4')
      await t.server.call('DELETE', `/api/v1/namespaces/${t.namespace}/configmaps/first`)
    })
  })

  same('what is not there is said as kubectl users know it', async (t) => {
    await t.kubectl('get pods')
    await t.kubectl('get pod none')
    await t.kubectl('get pcs none')
    await t.kubectl('get nothings')
    await t.kubectl('get pods.v2.nothing.example.com')
    await t.kubectl('get pod none --ignore-not-found')
    await t.kubectl('delete pod none')
    await t.kubectl('describe pod none')
    await t.kubectl('get configmaps -n no-such-namespace')
    await t.kubectl('create configmap a -n no-such-namespace')
    await t.kubectl('get --raw /apis/none')
    await t.kubectl('get --raw /nothing')
    await t.kubectl('logs none')
  })

  same('explain knows fields and their types', async (t) => {
    await t.kubectl('explain pods.spec.schedulingGates', { keep: fieldsOnly })
    await t.kubectl('explain pods.spec', { keep: fieldsOnly })
    await t.kubectl('explain pods --recursive', { keep: fieldsOnly })
    await t.kubectl('explain services.spec', { keep: fieldsOnly })
    await t.kubectl('explain deployments.spec.strategy --recursive', { keep: fieldsOnly })
    await t.kubectl('explain nodes.status', { keep: fieldsOnly })
    await t.kubectl('explain pcs.spec.template.cliques')
    await t.kubectl('explain pcs.spec.template.cliques --recursive', { keep: (out) => out.slice(0, 6_000) })
    await t.kubectl('explain podgangs.spec')
    await t.kubectl('explain pods.nothing')
  })

  same('api-resources and api-versions list our kinds and the built-in ones alike', async (t) => {
    await t.kubectl('api-resources --api-group=grove.io -o wide')
    await t.kubectl('api-resources --api-group=scheduler.grove.io')
    await t.kubectl('api-resources --api-group=apps -o wide')
    await t.kubectl('api-resources --api-group=policy')
    await t.kubectl('api-resources --api-group=batch')
    await t.kubectl("api-resources --api-group='' -o wide", { keep: (out) => out })
    await t.kubectl('api-versions', {
      keep: (out) =>
        out
          .split('\n')
          .filter((line) => line.includes('grove'))
          .join('\n'),
    })
  })

  same('an administrator may do everything, and is told so', async (t) => {
    await t.kubectl('auth can-i create pods')
    await t.kubectl('auth can-i delete nodes --subresource=status')
    await t.kubectl('auth can-i get /healthz')
    await t.kubectl('auth can-i patch pcs/s --quiet')
    await t.kubectl("auth can-i '*' '*' --all-namespaces")
    await t.kubectl('auth can-i list pods --as=nobody --as-group=system:masters')
    await t.kubectl('auth whoami -o jsonpath={.status.userInfo.groups}')
  })

  same('describe tells of pods, sets and gangs with their events', async (t) => {
    await t.prepare('create -f -', pod('a', { nodeSelector: { rack: 'r1' } }))
    await t.prepare('create -f -', cliqueSet('s'))
    await t.prepare('create -f -', podGang('g'))
    for (const [kind, name, apiVersion] of [
      ['Pod', 'a', 'v1'],
      ['PodGang', 'g', 'scheduler.grove.io/v1alpha1'],
    ] as const) {
      await t.prepare('create -f -', {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `${name}.1` },
        involvedObject: { apiVersion, kind, name, namespace: t.namespace },
        reason: 'Unschedulable',
        message: 'no domain has room',
        type: 'Warning',
        source: { component: 'espalier' },
        firstTimestamp: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, ''),
        lastTimestamp: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, ''),
        count: 1,
      })
    }
    await t.kubectl('describe pod a')
    await t.kubectl('describe pcs s')
    await t.kubectl('describe pg g')
    await t.prepare('create -f -', service)
    await t.prepare('create configmap settings --from-literal=a=1')
    await t.kubectl('describe configmap settings')
    await t.kubectl('describe namespace ' + t.namespace)
    await t.kubectl('get events --sort-by=.metadata.name')
  })
})
