/** Fine points of single objects, asked of both servers and compared answer by answer. */
import { describeAnswers } from './kubectl.ts'
import { cliqueSet, configMap, deployment, pod, podGang, service } from './objects.ts'

const MERGE = { 'content-type': 'application/merge-patch+json' }
const APPLY = { 'content-type': 'application/apply-patch+yaml' }
const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' }
const NOBODY = '00000000-0000-0000-0000-000000000000'

type Body = Record<string, unknown>
/** Of a refusal all, of an object the named fields. */
const show =
  (...fields: string[]) =>
  (body: Body): unknown =>
    body['kind'] === 'Status' ? body : Object.fromEntries(fields.map((field) => [field, body[field]]))
const meta =
  (...fields: string[]) =>
  (body: Body): unknown => {
    const metadata = body['metadata'] as Body
    return body['kind'] === 'Status' ? body : fields.map((field) => [field, metadata[field]])
  }

describeAnswers(
  'objects by http',
  (same) => {
    same('what is marked immutable stays', async (t) => {
      const core = `/api/v1/namespaces/${t.namespace}`
      await t.http(
        'POST',
        `${core}/configmaps`,
        { ...configMap('c', { a: '1' }), immutable: true },
        {},
        show('immutable'),
      )
      await t.http('PATCH', `${core}/configmaps/c`, { data: { a: '2' } }, MERGE)
      await t.http('PATCH', `${core}/configmaps/c`, { immutable: null }, MERGE)
      await t.http('PATCH', `${core}/configmaps/c`, { metadata: { labels: { a: 'b' } } }, MERGE, show('data'))
      await t.http(
        'POST',
        `${core}/secrets`,
        { metadata: { name: 's' }, stringData: { a: '1' }, immutable: true },
        {},
        show('data', 'type'),
      )
      await t.http('PATCH', `${core}/secrets/s`, { stringData: { a: '2' } }, MERGE)
      await t.http('PATCH', `${core}/secrets/s`, { type: 'Other' }, MERGE)
      await t.http('PATCH', `${core}/secrets/s`, { immutable: false }, MERGE)
      await t.http(
        'POST',
        `${core}/secrets`,
        { metadata: { name: 't' }, data: { a: 'not base64!' } },
        {},
        (b) => b['code'],
      )
      await t.http('POST', `${core}/secrets`, { metadata: { name: 't' }, data: { 'a b': 'YQ==' } })
      await t.http('POST', `${core}/services`, service, {}, show('kind'))
      await t.http('PATCH', `${core}/services/web`, { spec: { clusterIP: '10.0.3.3' } }, MERGE, (b) => [
        b['code'],
        (b['details'] as Body)['causes'],
      ])
      await t.http('PATCH', `${core}/services/web`, { spec: { ports: [] } }, MERGE)
      await t.http('POST', `${core}/pods`, pod('p'), {}, show('kind'))
      await t.http('PATCH', `${core}/pods/p`, { spec: { nodeName: 'n' } }, MERGE, (b) => b['code'])
      await t.http(
        'PATCH',
        `${core}/pods/p`,
        { spec: { containers: [{ name: 'main', image: 'other' }] } },
        STRATEGIC,
        show('kind'),
      )
      await t.http(
        'POST',
        '/apis/scheduling.k8s.io/v1/priorityclasses',
        { metadata: { name: `p-${t.namespace}` }, value: 3 },
        {},
        show('value', 'preemptionPolicy'),
      )
      await t.http('PATCH', `/apis/scheduling.k8s.io/v1/priorityclasses/p-${t.namespace}`, { value: 4 }, MERGE)
      await t.http(
        'DELETE',
        `/apis/scheduling.k8s.io/v1/priorityclasses/p-${t.namespace}`,
        undefined,
        {},
        show('status'),
      )
    })

    same('identity is the server’s, and preconditions hold', async (t) => {
      const maps = `/api/v1/namespaces/${t.namespace}/configmaps`
      await t.http(
        'POST',
        maps,
        { metadata: { name: 'a', uid: NOBODY, resourceVersion: '' } },
        {},
        meta('generation', 'name'),
      )
      await t.http('POST', maps, { metadata: { name: 'b', resourceVersion: '5' } })
      await t.http('POST', maps, { metadata: {} })
      await t.http('POST', maps, { metadata: { name: 'x', generateName: 'y-' } }, {}, meta('name', 'generateName'))
      await t.http('POST', maps, { metadata: { generateName: 'Bad_' } }, {}, (b) => b['code'])
      await t.http('PUT', `${maps}/a`, { metadata: { name: 'a', uid: NOBODY } })
      await t.http('PUT', `${maps}/a`, { metadata: { name: 'a', resourceVersion: '1' } })
      await t.http('PUT', `${maps}/a`, { metadata: { name: 'a', resourceVersion: 'x' } })
      await t.http('PUT', `${maps}/none`, configMap('none', {}))
      await t.http('PATCH', `${maps}/a`, { metadata: { uid: NOBODY } }, MERGE)
      await t.http('PATCH', `${maps}/a`, { metadata: { name: 'other' } }, MERGE)
      await t.http('PATCH', `${maps}/a`, { metadata: { resourceVersion: '1' } }, MERGE)
      await t.http('PATCH', `${maps}/none`, {}, MERGE)
      await t.http(
        'PATCH',
        `${maps}/made?fieldManager=m`,
        { ...configMap('made', {}), metadata: { name: 'made', uid: NOBODY } },
        APPLY,
      )
      await t.http(
        'PATCH',
        `${maps}/made?fieldManager=m`,
        configMap('made', { a: '1' }),
        APPLY,
        meta('name', 'managedFields'),
      )
      await t.http(
        'PATCH',
        `${maps}/made?fieldManager=m`,
        { ...configMap('made', {}), metadata: { name: 'made', uid: NOBODY } },
        APPLY,
      )
      await t.http(
        'PATCH',
        `${maps}/made?fieldManager=m`,
        { ...configMap('made', {}), metadata: { name: 'made', resourceVersion: '1' } },
        APPLY,
      )
      await t.http('PATCH', `${maps}/made`, configMap('made', {}), APPLY)
      await t.http('PATCH', `${maps}/made?fieldManager=m`, configMap('other', {}), APPLY)
      await t.http('PATCH', `${maps}/a?force=true`, {}, MERGE)
      await t.http('POST', `${maps}?fieldValidation=Sometimes`, configMap('z', {}))
      await t.http('POST', `${maps}?dryRun=Some`, configMap('z', {}))
      await t.http('POST', `${maps}?fieldManager=${'m'.repeat(200)}`, configMap('z', {}), {}, (b) => b['code'])
      await t.http('POST', maps, { metadata: { name: 'l', labels: { 'a b': '-' }, annotations: { '/': '' } } })
      await t.http('POST', maps, { metadata: { name: 'f', finalizers: ['bad'] } })
      await t.http('POST', maps, {
        metadata: { name: 'o', ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: '', uid: '' }] },
      })
      await t.http('POST', maps, configMap('n'.repeat(254), {}), {}, (b) => b['code'])
    })

    same('status is written apart from spec in built-in kinds too', async (t) => {
      const core = `/api/v1/namespaces/${t.namespace}`
      await t.http('POST', `${core}/pods`, { ...pod('p'), status: { phase: 'Running' } }, {}, show('status'))
      await t.http(
        'PATCH',
        `${core}/pods/p/status`,
        { status: { phase: 'Running' }, spec: { nodeName: 'n' }, metadata: { labels: { a: 'b' } } },
        MERGE,
        (b) => [
          (b['status'] as Body)['phase'],
          (b['spec'] as Body)['nodeName'],
          (b['metadata'] as Body)['labels'],
          (b['metadata'] as Body)['generation'],
        ],
      )
      await t.http(
        'PATCH',
        `${core}/pods/p`,
        { status: { phase: 'Failed' } },
        MERGE,
        (b) => (b['status'] as Body)['phase'],
      )
      await t.http('PATCH', `${core}/pods/p/status`, { status: { phase: 'Dreaming' } }, MERGE, (b) => b['code'] ?? 200)
      await t.http(
        'PATCH',
        `/api/v1/namespaces/${t.namespace}/status`,
        { status: { phase: 'Active' } },
        MERGE,
        show('status'),
      )
      const sets = `/apis/grove.io/v1alpha1/namespaces/${t.namespace}/podcliquesets`
      await t.http('POST', sets, cliqueSet('s'), {}, show('status'))
      await t.http(
        'PATCH',
        `${sets}/s/status`,
        { metadata: { labels: { a: 'b' } }, status: { replicas: 1 } },
        MERGE,
        (b) => [(b['metadata'] as Body)['labels'], b['status']],
      )
      await t.http('PUT', `${sets}/s`, cliqueSet('s', 2))
      await t.http('GET', `${sets}/s/status`, undefined, {}, show('status'))
      await t.http('POST', sets, { ...cliqueSet('t'), metadata: { name: 'NOT' } })
    })

    same('scale is read and written in its own form', async (t) => {
      const apps = `/apis/apps/v1/namespaces/${t.namespace}/deployments`
      const shown = (b: Body): unknown =>
        b['kind'] === 'Status' ? b : [b['kind'], b['apiVersion'], b['spec'], (b['status'] as Body)['selector']]
      await t.http('POST', apps, deployment('engine:1', 2), {}, show('kind'))
      await t.http('GET', `${apps}/web/scale`, undefined, {}, shown)
      await t.http('PATCH', `${apps}/web/scale`, { spec: { replicas: 3 } }, MERGE, shown)
      await t.http('PUT', `${apps}/web/scale`, { metadata: { name: 'web' }, spec: { replicas: 1 } }, {}, shown)
      await t.http('PATCH', `${apps}/web/scale`, { metadata: { resourceVersion: '1' }, spec: { replicas: 3 } }, MERGE)
      await t.http('PATCH', `${apps}/web/scale`, { spec: { replicas: -1 } }, MERGE)
      await t.http('GET', `${apps}/none/scale`)
      await t.http('GET', `/apis/scheduler.grove.io/v1alpha1/namespaces/${t.namespace}/podgangs/g/scale`)
    })

    same('deletion: propagation, finalizers, grace and preconditions', async (t) => {
      const core = `/api/v1/namespaces/${t.namespace}`
      const finalizers = meta('finalizers', 'deletionGracePeriodSeconds')
      for (const policy of ['Foreground', 'Orphan', 'Background']) {
        await t.http(
          'POST',
          `${core}/configmaps`,
          { metadata: { name: policy.toLowerCase(), finalizers: ['example.com/hold'] } },
          {},
          finalizers,
        )
        await t.http(
          'DELETE',
          `${core}/configmaps/${policy.toLowerCase()}?propagationPolicy=${policy}`,
          undefined,
          {},
          meta('deletionGracePeriodSeconds'),
        )
        await t.server.until<Body>(
          `${core}/configmaps/${policy.toLowerCase()}`,
          ({ body }) => ((body['metadata'] as Body)['finalizers'] as string[]).join() === 'example.com/hold',
        )
        await t.http('GET', `${core}/configmaps/${policy.toLowerCase()}`, undefined, {}, finalizers)
        await t.http(
          'PATCH',
          `${core}/configmaps/${policy.toLowerCase()}`,
          { metadata: { finalizers: null } },
          MERGE,
          show('kind'),
        )
        await t.http('GET', `${core}/configmaps/${policy.toLowerCase()}`)
      }
      await t.http('POST', `${core}/configmaps`, configMap('a', {}), {}, show('kind'))
      await t.http('DELETE', `${core}/configmaps/a`, { propagationPolicy: 'Sometimes' })
      await t.http('DELETE', `${core}/configmaps/a`, { propagationPolicy: 'Orphan', orphanDependents: true })
      await t.http('DELETE', `${core}/configmaps/a`, { gracePeriodSeconds: -5 }, {}, (b) => [b['status'], b['code']])
      await t.http('DELETE', `${core}/configmaps/a`, { preconditions: { uid: NOBODY } })
      await t.http('DELETE', `${core}/configmaps/none`)
      await t.http('DELETE', `${core}/configmaps/a?dryRun=All`)
      await t.http('DELETE', `${core}/configmaps/a`, { kind: 'DeleteOptions', apiVersion: 'v1' })
      await t.http(
        'POST',
        `${core}/pods`,
        pod('p', { nodeName: 'no-such', terminationGracePeriodSeconds: 9 }),
        {},
        show('kind'),
      )
      await t.http('DELETE', `${core}/pods/p`, undefined, {}, meta('deletionGracePeriodSeconds'))
      await t.http('DELETE', `${core}/pods/p?gracePeriodSeconds=3`, undefined, {}, meta('deletionGracePeriodSeconds'))
      await t.http('DELETE', `${core}/pods/p?gracePeriodSeconds=60`, undefined, {}, meta('deletionGracePeriodSeconds'))
      await t.http(
        'PATCH',
        `${core}/pods/p`,
        { metadata: { deletionTimestamp: null } },
        MERGE,
        meta('deletionGracePeriodSeconds'),
      )
      await t.http('DELETE', `${core}/pods/p?gracePeriodSeconds=0`, undefined, {}, show('kind'))
      await t.http('GET', `${core}/pods/p`, undefined, {}, (b) => b['code'])
      await t.http('DELETE', `${core}/pods/p?gracePeriodSeconds=soon`, undefined, {}, (b) => b['code'])
    })

    same('a collection is deleted by selector', async (t) => {
      const maps = `/api/v1/namespaces/${t.namespace}/configmaps`
      const gangs = `/apis/scheduler.grove.io/v1alpha1/namespaces/${t.namespace}/podgangs`
      const names = (b: Body): unknown =>
        Array.isArray(b['items'])
          ? [b['kind'], (b['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name)]
          : b
      for (const name of ['a', 'b', 'c']) {
        await t.http('POST', maps, configMap(name, {}, { tier: name === 'c' ? 'gold' : 'silver' }), {}, show('kind'))
        await t.http('POST', gangs, podGang(name), {}, show('kind'))
      }
      await t.http('DELETE', `${maps}?labelSelector=tier%3Dsilver&dryRun=All`, undefined, {}, names)
      await t.http('DELETE', `${maps}?labelSelector=tier%3Dsilver`, undefined, {}, names)
      await t.http('GET', `${maps}?labelSelector=tier`, undefined, {}, names)
      await t.http('DELETE', `${gangs}?fieldSelector=metadata.name%3Db`, undefined, {}, names)
      await t.http('DELETE', gangs, undefined, {}, names)
      await t.http('GET', gangs, undefined, {}, names)
      await t.http('DELETE', `${maps}?labelSelector=in%20(`, undefined, {}, show('code'))
    })

    same('a namespace is finalized, and a token is asked for', async (t) => {
      await t.http(
        'PUT',
        `/api/v1/namespaces/${t.namespace}/finalize`,
        { metadata: { name: t.namespace }, spec: { finalizers: ['kubernetes', 'example.com/mine'] } },
        {},
        show('spec', 'status'),
      )
      await t.http('PATCH', `/api/v1/namespaces/${t.namespace}`, { spec: { finalizers: [] } }, MERGE, show('spec'))
      await t.http(
        'PUT',
        `/api/v1/namespaces/${t.namespace}/finalize`,
        { metadata: { name: t.namespace }, spec: { finalizers: ['kubernetes'] } },
        {},
        show('spec'),
      )
      const tokens = `/api/v1/namespaces/${t.namespace}/serviceaccounts/default/token`
      const token = (b: Body): unknown =>
        b['kind'] === 'TokenRequest'
          ? [b['apiVersion'], (b['spec'] as Body)['expirationSeconds'], Object.keys(b['status'] as Body)]
          : b
      await t.http('POST', tokens, { spec: { expirationSeconds: 1200, audiences: ['x'] } }, {}, token)
      await t.http('POST', tokens, { spec: { expirationSeconds: 5 } }, {}, token)
      await t.http('POST', tokens.replace('default', 'none'), { spec: {} }, {}, token)
    })
  },
  { needsKubectl: false },
)
