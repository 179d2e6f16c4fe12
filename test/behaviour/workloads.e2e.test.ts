import { expect, test } from 'vitest'
import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import { Pods } from './kubelet.ts'
import { describeBoth, type Reply } from './servers.ts'

interface Workload extends KubeObject {
  spec: { replicas: number; template: { spec: { containers: { image: string }[] } } }
  status?: {
    observedGeneration?: number
    replicas?: number
    readyReplicas?: number
    availableReplicas?: number
    updatedReplicas?: number
    currentRevision?: string
    updateRevision?: string
    active?: number
    succeeded?: number
    failed?: number
    completedIndexes?: string
    startTime?: string
    completionTime?: string
    conditions?: { type: string; status: string; reason: string }[]
  }
}

const MERGE = { 'content-type': 'application/merge-patch+json' }

const template = (image: string, more: object = {}): object => ({
  metadata: { labels: { app: 'web' } },
  spec: { schedulerName: 'nobody', containers: [{ name: 'main', image }], ...more },
})
const selector = { matchLabels: { app: 'web' } }
const byText = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1)
const imageOf = ({ spec }: Pod): string | undefined => spec.containers[0]?.image
const isTrue = ({ status }: Workload, wanted: string): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === wanted && is === 'True') === true
const isSeen = ({ metadata, status }: Workload): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)

/** As `kubectl rollout status` judges it. */
const isRolledOut = (object: Workload): boolean =>
  isSeen(object) &&
  (object.status?.updatedReplicas ?? 0) === object.spec.replicas &&
  (object.status?.replicas ?? 0) === object.spec.replicas &&
  (object.status?.availableReplicas ?? 0) === object.spec.replicas

describeBoth('workloads', (server) => {
  const call = <T = Workload>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply<T>> => server().call<T>(method, path, body, headers)

  interface Place {
    readonly pods: Pods
    /** Creates an object of a plural and gives its path. */
    readonly make: (plural: string, name: string, spec: object) => Promise<string>
    readonly patch: (path: string, patch: object) => Promise<void>
    readonly sets: () => Promise<Workload[]>
  }
  const place = async (): Promise<Place> => {
    const namespace = await server().namespace()
    const path = (plural: string): string =>
      `/apis/${plural === 'jobs' ? 'batch' : 'apps'}/v1/namespaces/${namespace}/${plural}`
    return {
      pods: new Pods(server(), namespace),
      async make(plural, name, spec) {
        const { status, body } = await call('POST', path(plural), { metadata: { name }, spec })
        expect(status, JSON.stringify(body)).toBe(201)
        return `${path(plural)}/${name}`
      },
      async patch(at, patch) {
        const { status, body } = await call('PATCH', at, patch, MERGE)
        expect(status, JSON.stringify(body)).toBe(200)
      },
      sets: async () => (await call<{ items: Workload[] }>('GET', path('replicasets'))).body.items,
    }
  }
  const until = async (path: string, holds: (object: Workload) => boolean): Promise<Workload> =>
    (await server().until<Workload>(path, ({ body }) => holds(body))).body

  test('a Deployment makes a ReplicaSet that it owns, which makes pods that it owns', async () => {
    const { pods, make, sets } = await place()
    const path = await make('deployments', 'web', { replicas: 2, selector, template: template('i:1') })
    const deployment = await pods.runUntil<Workload>(path, isRolledOut)
    expect(deployment.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1')
    expect([isTrue(deployment, 'Available'), isTrue(deployment, 'Progressing')]).toEqual([true, true])
    const [set, ...others] = await sets()
    expect(others).toEqual([])
    const hash = set?.metadata.labels?.['pod-template-hash'] ?? ''
    expect([hash, set?.metadata.name]).toEqual([expect.stringMatching(/^[a-z0-9]+$/), `web-${hash}`])
    const owner = (kind: string, of: KubeObject | undefined): object => ({
      apiVersion: 'apps/v1',
      kind,
      name: of?.metadata.name,
      uid: of?.metadata.uid,
      controller: true,
      blockOwnerDeletion: true,
    })
    expect(set?.metadata.ownerReferences).toEqual([owner('Deployment', deployment)])
    for (const { metadata } of await pods.list()) {
      expect(metadata.ownerReferences).toEqual([owner('ReplicaSet', set)])
      expect(metadata.labels).toEqual({ app: 'web', 'pod-template-hash': hash })
      expect([metadata.generateName, metadata.name]).toEqual([`web-${hash}-`, expect.stringMatching(/-[a-z0-9]{5}$/)])
    }
  })

  test('a Deployment is scaled up and down through its scale subresource', async () => {
    const { pods, make, patch, sets } = await place()
    const path = await make('deployments', 'web', { replicas: 1, selector, template: template('i:1') })
    await pods.runUntil<Workload>(path, isRolledOut)
    const [first] = await pods.names()
    await patch(`${path}/scale`, { spec: { replicas: 4 } })
    await pods.runUntil<Workload>(path, (found) => found.spec.replicas === 4 && isRolledOut(found))
    expect(await pods.names()).toHaveLength(4)
    expect(await pods.names()).toContain(first)
    await patch(`${path}/scale`, { spec: { replicas: 0 } })
    await pods.runUntil<Workload>(path, (found) => found.spec.replicas === 0 && isRolledOut(found))
    expect(await pods.until((found) => found.length === 0)).toEqual([])
    expect(await sets()).toHaveLength(1)
  })

  test('of a ReplicaSet, what is not Ready goes first, and what is lost comes back', async () => {
    const { pods, make, patch } = await place()
    const path = await make('replicasets', 'web', { replicas: 3, selector, template: template('i:1') })
    const [a, b] = (await pods.until(({ length }) => length === 3)).map(({ metadata }) => metadata.name)
    await pods.enter(b ?? '', 'Running')
    await until(path, ({ status }) => status?.readyReplicas === 1)
    await patch(`${path}/scale`, { spec: { replicas: 1 } })
    await pods.until(({ length }) => length === 1)
    expect(await pods.names()).toEqual([b])
    await pods.delete(b ?? '')
    const [next] = await pods.until((found) => found.length === 1 && found[0]?.metadata.name !== b)
    expect([a, b]).not.toContain(next?.metadata.name)
  })

  test('a rolling update keeps to its bounds and ends with the new pods alone', async () => {
    const { pods, make, patch, sets } = await place()
    const strategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
    const path = await make('deployments', 'web', { replicas: 3, selector, strategy, template: template('i:1') })
    await pods.runUntil<Workload>(path, isRolledOut)
    await patch(path, { spec: { template: { spec: { containers: [{ name: 'main', image: 'i:2' }] } } } })
    // Nothing becomes Ready yet: one pod above the replicas, and no old one goes.
    await until(path, (found) => isSeen(found) && found.status?.updatedReplicas === 1)
    expect((await pods.list()).map(imageOf).sort(byText)).toEqual(['i:1', 'i:1', 'i:1', 'i:2'])
    // The bounds hold for what the sets are asked for: what is told of them in the Deployment's status lags behind.
    const asked = path.replace('deployments/web', 'replicasets')
    await pods.runUntil<{ items: Workload[] }>(asked, ({ items }) => {
      const sum = (count: (set: Workload) => number | undefined): number =>
        items.reduce((total, set) => total + (count(set) ?? 0), 0)
      expect(sum(({ spec }) => spec.replicas)).toBeLessThanOrEqual(4)
      expect(sum(({ status }) => status?.availableReplicas)).toBeGreaterThanOrEqual(3)
      return items.some(({ spec }) => spec.replicas === 0)
    })
    const done = await pods.runUntil<Workload>(path, isRolledOut)
    expect(done.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2')
    await pods.until((found) => found.length === 3 && found.every((pod) => imageOf(pod) === 'i:2'))
    const sizes = (await sets()).map(({ metadata, spec }) => [
      metadata.annotations?.['deployment.kubernetes.io/revision'],
      spec.replicas,
    ])
    expect(sizes.sort(byText)).toEqual([
      ['1', 0],
      ['2', 3],
    ])
  })

  test('a template that comes back takes its old ReplicaSet again, under a new revision', async () => {
    const { pods, make, patch, sets } = await place()
    const path = await make('deployments', 'web', { replicas: 1, selector, template: template('i:1') })
    const first = (await pods.runUntil<Workload>(path, isRolledOut)).metadata.uid
    for (const image of ['i:2', 'i:1']) {
      await patch(path, { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } })
      await pods.runUntil<Workload>(path, isRolledOut)
    }
    expect((await call('GET', path)).body.metadata).toMatchObject({
      uid: first,
      annotations: { 'deployment.kubernetes.io/revision': '3' },
    })
    const found = (await sets()).map(({ metadata, spec }) => [
      metadata.annotations?.['deployment.kubernetes.io/revision'],
      spec.template.spec.containers[0]?.image,
      spec.replicas,
    ])
    expect(found.sort(byText)).toEqual([
      ['2', 'i:2', 0],
      ['3', 'i:1', 1],
    ])
  })

  test('Recreate ends all old pods before it makes new ones, and history is kept as far as asked', async () => {
    const { pods, make, patch, sets } = await place()
    const spec = { replicas: 2, selector, strategy: { type: 'Recreate' }, revisionHistoryLimit: 0 }
    const path = await make('deployments', 'web', { ...spec, template: template('i:1') })
    await pods.runUntil<Workload>(path, isRolledOut)
    await patch(path, { spec: { template: { spec: { containers: [{ name: 'main', image: 'i:2' }] } } } })
    const seen = await pods.until((found) => found.some((pod) => imageOf(pod) === 'i:2'))
    expect(seen.map(imageOf)).not.toContain('i:1')
    await pods.runUntil<Workload>(path, isRolledOut)
    while ((await sets()).length > 1) await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await sets()).map(({ spec: { replicas } }) => replicas)).toEqual([2])
  })

  test('a paused Deployment does not roll, but scales', async () => {
    const { pods, make, patch } = await place()
    const path = await make('deployments', 'web', { replicas: 1, selector, template: template('i:1') })
    await pods.runUntil<Workload>(path, isRolledOut)
    const containers = [{ name: 'main', image: 'i:2' }]
    await patch(path, { spec: { paused: true, replicas: 2, template: { spec: { containers } } } })
    await pods.runUntil<Workload>(path, (found) => isSeen(found) && found.status?.availableReplicas === 2)
    expect((await pods.list()).map(imageOf)).toEqual(['i:1', 'i:1'])
    await patch(path, { spec: { paused: false } })
    await pods.runUntil<Workload>(path, isRolledOut)
    await pods.until((found) => found.length === 2 && found.every((pod) => imageOf(pod) === 'i:2'))
  })

  test('a pod that the server refuses is told in a condition', async () => {
    const { make } = await place()
    const spec = { replicas: 1, selector, template: template('i:1', { priorityClassName: 'no-such-class' }) }
    const path = await make('replicasets', 'web', spec)
    const set = await until(path, (found) => isTrue(found, 'ReplicaFailure'))
    expect(set.status?.conditions).toMatchObject([{ type: 'ReplicaFailure', reason: 'FailedCreate' }])
  })

  test('a StatefulSet makes its pods in order, each when the one before is Ready, and takes them back in reverse', async () => {
    const { pods, make, patch } = await place()
    const spec = { replicas: 3, selector, serviceName: 'peers', template: template('i:1') }
    const path = await make('statefulsets', 'db', spec)
    for (const names of [['db-0'], ['db-0', 'db-1'], ['db-0', 'db-1', 'db-2']]) {
      await pods.until(({ length }) => length === names.length)
      expect(await pods.names()).toEqual(names)
      await until(path, ({ status }) => status?.replicas === names.length)
      await pods.enter(names.at(-1) ?? '', 'Running')
    }
    const set = await until(path, ({ status }) => status?.readyReplicas === 3)
    expect(set.status?.currentRevision).toBe(set.status?.updateRevision)
    for (const [i, { metadata, spec: pod }] of (await pods.list()).entries()) {
      expect(metadata.labels).toEqual({
        app: 'web',
        'statefulset.kubernetes.io/pod-name': `db-${i}`,
        'apps.kubernetes.io/pod-index': String(i),
        'controller-revision-hash': set.status?.updateRevision,
      })
      expect([pod.hostname, pod.subdomain]).toEqual([`db-${i}`, 'peers'])
      expect(metadata.ownerReferences).toMatchObject([{ kind: 'StatefulSet', name: 'db', controller: true }])
    }
    await patch(`${path}/scale`, { spec: { replicas: 1 } })
    await pods.until(({ length }) => length === 1)
    expect(await pods.names()).toEqual(['db-0'])
  })

  test('a parallel StatefulSet makes all pods at once', async () => {
    const { pods, make } = await place()
    const spec = { replicas: 3, selector, serviceName: 'p', podManagementPolicy: 'Parallel', template: template('i') }
    await make('statefulsets', 'db', { ...spec, ordinals: { start: 5 } })
    await pods.until(({ length }) => length === 3)
    expect(await pods.names()).toEqual(['db-5', 'db-6', 'db-7'])
  })

  test('a StatefulSet rolls from the top down to its partition; below it, a lost pod comes back as it was', async () => {
    const { pods, make, patch } = await place()
    const spec = { replicas: 3, selector, serviceName: 'p', template: template('i:1') }
    const path = await make('statefulsets', 'db', spec)
    await pods.runUntil<Workload>(path, ({ status }) => status?.readyReplicas === 3)
    const containers = [{ name: 'main', image: 'i:2' }]
    const updateStrategy = { rollingUpdate: { partition: 1 } }
    await patch(path, { spec: { updateStrategy, template: { spec: { containers } } } })
    const isAt = ({ status, ...object }: Workload): boolean =>
      isSeen({ status, ...object } as Workload) && status?.updatedReplicas === 2 && status.readyReplicas === 3
    await pods.runUntil<Workload>(path, isAt)
    expect((await pods.list()).map(imageOf)).toEqual(['i:1', 'i:2', 'i:2'])
    const old = (await pods.list())[0]?.metadata.uid
    await pods.delete('db-0')
    await pods.until((found) => found.length === 3 && found[0]?.metadata.uid !== old)
    expect((await pods.list()).map(imageOf)).toEqual(['i:1', 'i:2', 'i:2'])
    await patch(path, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } })
    const done = await pods.runUntil<Workload>(
      path,
      ({ status }) => status?.updatedReplicas === 3 && status.currentRevision === status.updateRevision,
    )
    expect((await pods.list()).map(imageOf)).toEqual(['i:2', 'i:2', 'i:2'])
    expect(done.status?.readyReplicas).toBe(3)
  })

  const worker = template('i', { restartPolicy: 'Never' })
  const job = (spec: object = {}): object => ({ template: worker, ...spec })

  test('a Job keeps to its parallelism, counts what succeeds, and completes', async () => {
    const { pods, make } = await place()
    const path = await make('jobs', 'sum', job({ completions: 3, parallelism: 2 }))
    const first = await pods.until(({ length }) => length === 2)
    expect(first[0]?.metadata.labels).toMatchObject({ app: 'web', 'batch.kubernetes.io/job-name': 'sum' })
    await until(path, ({ status }) => status?.active === 2)
    for (const { metadata } of first) await pods.enter(metadata.name, 'Succeeded')
    const all = await pods.until(({ length }) => length === 3)
    expect((await until(path, ({ status }) => status?.succeeded === 2)).status?.completionTime).toBeUndefined()
    const last = all.find(({ status }) => status?.phase === 'Pending')
    await pods.enter(last?.metadata.name ?? '', 'Succeeded')
    const { status } = await until(path, (found) => isTrue(found, 'Complete'))
    expect([status?.succeeded, status?.failed ?? 0, status?.active ?? 0]).toEqual([3, 0, 0])
    expect([typeof status?.startTime, typeof status?.completionTime]).toEqual(['string', 'string'])
    const ended = await pods.until((found) => found.every(({ metadata }) => (metadata.finalizers ?? []).length === 0))
    expect(ended).toHaveLength(3)
  })

  test('a Job fails beyond its back-off limit, and ends the pods that still run', async () => {
    const { pods, make } = await place()
    const path = await make('jobs', 'sum', job({ completions: 2, parallelism: 2, backoffLimit: 0 }))
    const [one] = await pods.until(({ length }) => length === 2)
    await pods.enter(one?.metadata.name ?? '', 'Failed')
    const { status } = await until(path, (found) => isTrue(found, 'Failed'))
    expect(status?.conditions?.find(({ type }) => type === 'Failed')?.reason).toBe('BackoffLimitExceeded')
    expect(status?.failed).toBe(2)
    await pods.until((found) => found.every((pod) => pod.status?.phase === 'Failed'))
  })

  test('a Job fails at its deadline', async () => {
    const { pods, make } = await place()
    const path = await make('jobs', 'sum', job({ activeDeadlineSeconds: 1 }))
    const { status } = await until(path, (found) => isTrue(found, 'Failed'))
    expect(status?.conditions?.find(({ type }) => type === 'Failed')?.reason).toBe('DeadlineExceeded')
    expect(await pods.until(({ length }) => length === 0)).toEqual([])
  })

  test('an indexed Job gives each pod its index, and a finished one goes after its time to live', async () => {
    const { pods, make } = await place()
    const spec = { completions: 2, parallelism: 2, completionMode: 'Indexed', ttlSecondsAfterFinished: 1 }
    const path = await make('jobs', 'sum', job(spec))
    const found = await pods.until(({ length }) => length === 2)
    const told = found.map(({ metadata, spec: { hostname, containers } }) => ({
      index: metadata.annotations?.['batch.kubernetes.io/job-completion-index'],
      hostname,
      env: containers[0]?.env?.map(({ name }) => name),
    }))
    expect(told).toEqual(
      ['0', '1'].map((index) => ({ index, hostname: `sum-${index}`, env: ['JOB_COMPLETION_INDEX'] })),
    )
    for (const { metadata } of found) await pods.enter(metadata.name, 'Succeeded')
    const gone = await server().until(path, ({ status }) => status === 404)
    expect(gone.status).toBe(404)
    expect(await pods.until(({ length }) => length === 0)).toEqual([])
  })

  test('a suspended Job has no pods until it is resumed', async () => {
    const { pods, make, patch } = await place()
    const path = await make('jobs', 'sum', job({ suspend: true }))
    await until(path, (found) => isTrue(found, 'Suspended'))
    expect(await pods.list()).toEqual([])
    await patch(path, { spec: { suspend: false } })
    await pods.until(({ length }) => length === 1)
    await patch(path, { spec: { suspend: true } })
    await pods.until(({ length }) => length === 0)
    expect((await until(path, (found) => isTrue(found, 'Suspended'))).status?.failed ?? 0).toBe(0)
  })

  test('what owns pods takes them with it', async () => {
    const { pods, make, sets } = await place()
    const path = await make('deployments', 'web', { replicas: 2, selector, template: template('i:1') })
    const sum = await make('jobs', 'sum', job())
    await pods.until(({ length }) => length === 3)
    for (const one of [path, sum]) await call('DELETE', one, { propagationPolicy: 'Background' })
    expect(await pods.until(({ length }) => length === 0)).toEqual([])
    while ((await sets()).length > 0) await new Promise((resolve) => setTimeout(resolve, 50))
  })
})
