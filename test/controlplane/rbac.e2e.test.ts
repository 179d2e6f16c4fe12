/**
 * RBAC: both halves run against a real control plane as the service accounts of deploy/rbac, and nothing else.
 *
 * That no verb is too many is shown in three ways. (1) The API server's audit log says what each account asked for
 * while the scenario went through everything that the halves do, rare paths too (an undo, writes that no watch tells
 * of, servers without streaming lists): every verb of the table must have been asked for, and nothing else. A request
 * that was made is one that fails without its verb. (2) Rules that the operator holds only because it writes them into
 * Roles are never asked for, so each of those verbs is dropped in turn, and the Role that holds it is then refused.
 * (3) A verb of every sort is dropped while both run: the failure is told, nothing else breaks, and giving it back heals.
 */
import { readFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import * as names from '../../api/names.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import { loadConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import * as types from '../../kube/resources.ts'
import { ROOT } from '../cli/espalier.ts'
import { isReady } from '../in-process.ts'
import { askedBy, notGranted, ownGrants, unused } from './audit.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { type PolicyRule, type Role, whileDropped } from './dropped.ts'
import { Half, kubeconfigWith, tokenOf } from './half.ts'
import { type HalfName, RbacWorld, withoutStreamingLists } from './rbac-world.ts'
import * as workloads from './rbac-workloads.ts'

const plane: ControlPlane | null = await startControlPlane({ audit: true })

const WORK = 'work'
const sample = (name: string): string => readFileSync(join(ROOT, 'deploy/samples', name), 'utf8')
const labelled = (value: string): object => ({ metadata: { labels: { [names.COMPONENT]: value } } })
type Set = KubeObject & { readonly status?: { readonly conditions?: { type: string; status: string }[] } }

describe.skipIf(plane === null)('both halves as their service accounts, on real Kubernetes', () => {
  let world: RbacWorld

  beforeAll(async () => {
    if (plane === null) return
    world = await RbacWorld.start(plane)
    await world.namespace(WORK)
    await world.namespace('elsewhere')
    await world.create('apiVersion: v1\nkind: Secret\nmetadata: {name: hf-token-secret}\n', WORK)
  })

  afterAll(() => world?.stop())

  const setReady = (name: string): Promise<void> =>
    world.until(`set ${name} to be Ready`, async () => {
      const set = (await world.list<Set>(types.POD_CLIQUE_SETS, WORK)).find(({ metadata }) => metadata.name === name)
      return set?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
    })

  const podsOf = async (clique: string): Promise<readonly Pod[]> =>
    (await world.list<Pod>(types.PODS, WORK)).filter(
      ({ metadata }) => metadata.labels?.[names.POD_CLIQUE] === clique && metadata.deletionTimestamp === undefined,
    )

  const podCount = (clique: string, count: number): Promise<void> =>
    world.until(`${count} pods of ${clique}`, async () => (await podsOf(clique)).length === count)

  const asked = (name: HalfName, verb: string, resource: string): boolean =>
    askedBy(world.plane, world.actor(name).permissions.account).some(
      (each) => each.verb === verb && each.resource === resource,
    )

  const forbidden = (name: HalfName): string[] =>
    world
      .actor(name)
      .half.said.split('\n')
      .filter((line) => /forbidden/i.test(line))

  /** Everything that the set `small` and the graph `mesh` have, with a label that the operator set. */
  const kept = (): (readonly [types.ResourceType, string])[] => [
    [types.SERVICE_ACCOUNTS, 'small'],
    [types.ROLES, 'grove.io:pcs:small'],
    [types.ROLE_BINDINGS, 'grove.io:pcs:small'],
    [types.SECRETS, 'small-ic-sat'],
    [types.SERVICES, 'small-0'],
    [types.AUTOSCALERS, 'small-0-first'],
    [types.BUDGETS, 'small-0-second'],
    [types.POD_CLIQUES, 'small-0-second'],
    [types.SCALING_GROUPS, 'small-0-group'],
    [types.POD_GANGS, 'small-0'],
  ]

  const isBack = async (): Promise<boolean> => {
    const all = await Promise.all(kept().map(([type, name]) => world.get(type, WORK, name)))
    return all.every(({ metadata }) => metadata.labels?.[names.COMPONENT] !== 'drifted')
  }

  test('the samples and every kind of workload become Ready', async () => {
    await world.create(sample('disaggregated-five-cliques.yaml'), WORK)
    await world.create(sample('autoscaled-clique.yaml'), WORK)
    await world.create(sample('dynamo-grove.yaml'), WORK)
    for (const text of [workloads.SMALL, workloads.OLDER, workloads.MESH]) await world.create(text, WORK)
    for (const name of ['disaggregated', 'autoscaled', 'dynamo-grove', 'small', 'older', 'mesh']) await setReady(name)
  })

  test('the start-up waiter ends once its predecessors are Ready, and sees no other namespace', async () => {
    const [pod] = (await podsOf('disaggregated-0-frontend')).filter(isReady)
    const args = pod?.spec.initContainers?.find(({ name }) => name === 'grove-initc')?.args ?? []
    const token = await tokenOf(world.transport, WORK, pod?.spec.serviceAccountName ?? 'default')
    const kubeconfig = kubeconfigWith(world.plane, 'waiter', token)
    const waiterIn = (namespace: string): Half =>
      new Half(['wait-for', ...args, '--pod-info', podInfo(namespace, pod), '--kubeconfig', kubeconfig])
    const here = waiterIn(WORK)
    expect(await here.ended, here.said).toBe(0)
    const there = waiterIn('elsewhere')
    await world.until('a refusal', () => /pods is forbidden/.test(there.said))
    expect(await there.stop()).toBe(1)
  })

  const podInfo = (namespace: string, pod: Pod | undefined): string => {
    const folder = join(world.plane.folder, `pod-info-${namespace}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'namespace'), namespace)
    writeFileSync(join(folder, 'podgangname'), pod?.metadata.labels?.[names.POD_GANG] ?? '')
    return folder
  }

  test('what is changed by hand is corrected, whatever its kind', async () => {
    for (const [type, name] of kept()) await world.patch(type, WORK, name, labelled('drifted'))
    await world.until('all to be as it was', isBack)
    const scripts = await world.list<KubeObject & { data?: Record<string, string> }>(types.CONFIG_MAPS, WORK)
    const script = scripts.find(({ metadata }) => metadata.ownerReferences?.[0]?.name === 'mesh')
    const [key = ''] = Object.keys(script?.data ?? {})
    await world.patch(types.CONFIG_MAPS, WORK, script?.metadata.name ?? '', { data: { [key]: 'drifted' } })
    await world.until('the script to be as it was', async () => {
      const now = await world.get<KubeObject & { data?: Record<string, string> }>(
        types.CONFIG_MAPS,
        WORK,
        script?.metadata.name ?? '',
      )
      return now.data?.[key] !== 'drifted'
    })
  })

  test('a budget too many of a clique goes', async () => {
    const { apiVersion, kind, spec, metadata } = await world.get<KubeObject>(types.BUDGETS, WORK, 'small-0-second')
    const { labels = {}, ownerReferences = [] } = metadata
    const stray = { apiVersion, kind, spec, metadata: { name: 'stray', namespace: WORK, labels, ownerReferences } }
    valueOrThrow(await world.client.create(types.BUDGETS, stray))
    await world.until('it to go', async () => !(await world.isThere(types.BUDGETS, WORK, 'stray')))
  })

  test('sets, cliques, scaling groups and graphs are scaled up and down', async () => {
    await world.patch(types.POD_CLIQUE_SETS, WORK, 'small', { spec: { replicas: 2 } })
    await podCount('small-1-second', 1)
    await setReady('small')
    for (const replicas of [3, 1]) {
      await world.patch(types.POD_CLIQUES, WORK, 'small-0-first', { spec: { replicas } }, 'scale')
      await podCount('small-0-first', replicas)
    }
    await world.patch(types.POD_CLIQUE_SETS, WORK, 'small', { spec: { replicas: 1 } })
    await podCount('small-1-second', 0)
    await world.patch(types.SCALING_GROUPS, WORK, 'small-0-group', { spec: { replicas: 1 } }, 'scale')
    await podCount('small-0-group-1-member', 0)
    await world.patch(types.POD_GANG_SETS, WORK, 'older', { spec: { replicas: 0 } })
    await podCount('older-0-first', 0)
    await world.patch(types.DYNAMO_GRAPHS, WORK, 'mesh', {
      spec: { services: { Frontend: { replicas: 2 }, tp: { replicas: 2 } } },
    })
    await podCount('mesh-0-frontend', 2)
    await world.until('scale of groups', () => asked('operator', 'patch', 'grove.io/podcliquescalinggroups/scale'))
  })

  test('what does not fit and what cannot be read is told, and told again when it changes', async () => {
    await world.create(workloads.GIANT_POD, WORK)
    await world.until(
      'the giant to be called unschedulable',
      async () =>
        (await world.get<Pod>(types.PODS, WORK, 'giant')).status?.conditions?.some(
          ({ reason }) => reason === 'Unschedulable',
        ) === true,
    )
    const file = { namespace: names.SYSTEM_NAMESPACE, name: names.TOPOLOGY_CONFIG_MAP }
    const data = (mark: string): object => ({ data: { [names.TOPOLOGY_CONFIG_KEY]: workloads.badTopology(mark) } })
    valueOrThrow(
      await world.client.create(types.CONFIG_MAPS, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: file,
        ...data('a'),
      }),
    )
    await world.untilSaid('scheduler', 'the topology is refused')
    await world.patch(types.CONFIG_MAPS, file.namespace, file.name, {
      data: { [names.TOPOLOGY_CONFIG_KEY]: 'topologies: 7\n' },
    })
    for (const name of ['scheduler', 'operator'] as const)
      await world.until(`an event of the ${name} to be counted on`, () => asked(name, 'patch', '/events'))
    await world.delete(types.CONFIG_MAPS, file.namespace, file.name)
    await world.delete(types.PODS, WORK, 'giant')
  })

  test('a gang that is bound in part and cannot be completed gives its seats back; its waiter waits on', async () => {
    const { wire } = world.actor('scheduler')
    const setTaints = async (taints: readonly object[]): Promise<void> => {
      for (const { metadata } of await world.list(types.NODES, ''))
        if (metadata.labels?.[workloads.TORN_LABEL] === 'true')
          await world.patch(types.NODES, '', metadata.name, { spec: { taints } })
    }
    wire.refuse = async (request) => {
      if (!/\/torn-0-early-[^/]*\/binding/.test(request.path)) return withoutStreamingLists(request)
      await setTaints([workloads.TORN_TAINT, workloads.CLOSED_TAINT])
      return { status: 409, reason: 'Conflict' }
    }
    await world.create(workloads.TORN, WORK)
    await world.untilSaid('scheduler', 'gave the seats of an incomplete gang back')
    await podCount('torn-0-late', 1)
    const [late] = await podsOf('torn-0-late')
    const args = late?.spec.initContainers?.find(({ name }) => name === 'grove-initc')?.args ?? []
    const kubeconfig = kubeconfigWith(world.plane, 'late', await tokenOf(world.transport, WORK, 'default'))
    const waits = (): number => askedBy(world.plane, 'default', WORK).filter(({ verb }) => verb === 'watch').length
    const before = waits()
    const waiter = new Half(['wait-for', ...args, '--pod-info', podInfo(WORK, late), '--kubeconfig', kubeconfig])
    let code: number | null | 'waits' = 'waits'
    void waiter.ended.then((ended) => (code = ended))
    await world.until('the waiter to look', () => waits() > before)
    expect(code).toBe('waits')
    wire.refuse = withoutStreamingLists
    await setTaints([workloads.TORN_TAINT])
    await setReady('torn')
    expect(await waiter.ended, waiter.said).toBe(0)
  })

  test('writes that no watch tells of are read from the server, whatever their kind', async () => {
    const { wire } = world.actor('operator')
    await world.create(workloads.BINDING, '')
    wire.holdWatches()
    const levels = [{ domain: 'zone', key: 'example.com/zone' }]
    const changed = [
      await world.patch(types.TOPOLOGY_BINDINGS, '', 'racks', { spec: { levels } }),
      ...(await Promise.all(kept().map(([type, name]) => world.patch(type, WORK, name, labelled('drifted'))))),
      await world.patch(types.POD_CLIQUES, WORK, 'small-0-first', { spec: { replicas: 2 } }, 'scale'),
      await world.patch(types.POD_CLIQUE_SETS, WORK, 'mesh', { spec: { template: { terminationDelay: '1h' } } }),
      await world.patch(types.POD_GANG_SETS, WORK, 'older', { status: { replicas: 7 } }, 'status'),
      await world.patch(types.DYNAMO_GRAPHS, WORK, 'mesh', { status: { state: 'failed' } }, 'status'),
    ]
    const claim = { create: true, size: '1Gi', storageClass: 'fast', volumeAccessMode: 'ReadWriteMany' }
    const pvcs = ['models', 'more'].map((name) => ({ name, ...claim }))
    changed.push(await world.patch(types.DYNAMO_GRAPHS, WORK, 'mesh', { spec: { pvcs } }))
    const scripts = await world.list<KubeObject & { data?: object }>(types.CONFIG_MAPS, WORK)
    for (const { metadata, data = {} } of scripts.filter(
      ({ metadata }) => metadata.ownerReferences?.[0]?.name === 'mesh',
    ))
      changed.push(
        await world.patch(types.CONFIG_MAPS, WORK, metadata.name, { data: { [Object.keys(data)[0] ?? '']: 'held' } }),
      )
    await world.until('the watches to have it all', () =>
      changed.every(
        ({ metadata, kind }) => kind === 'Scale' || wire.holds(`"resourceVersion":"${metadata.resourceVersion}"`),
      ),
    )
    wire.tellHeld()
    const reads = ownGrants(world.actor('operator').permissions).filter(
      ({ verb, scope }) => verb === 'get' && scope === 'everywhere',
    )
    expect(reads.length).toBeGreaterThan(10)
    await world.until('every kind to be read', () => reads.every(({ resource }) => asked('operator', 'get', resource)))
    wire.releaseWatches()
    await world.until('all to be as it was', isBack)
    await world.delete(types.TOPOLOGY_BINDINGS, '', 'racks')
  })

  test('finalizers that another operator left are taken away; everything goes with its owner', async () => {
    const finalizers = (finalizer: string): object => ({ metadata: { finalizers: [finalizer] } })
    await world.patch(types.DYNAMO_GRAPHS, WORK, 'mesh', finalizers(names.DYNAMO_FINALIZER))
    await world.patch(types.POD_CLIQUE_SETS, WORK, 'small', finalizers(names.SET_FINALIZER))
    await world.patch(types.POD_CLIQUES, WORK, 'small-0-second', finalizers(names.CLIQUE_FINALIZER))
    await world.patch(types.SCALING_GROUPS, WORK, 'small-0-group', finalizers(names.SCALING_GROUP_FINALIZER))
    for (const name of ['mesh', 'dynamo-grove']) await world.delete(types.DYNAMO_GRAPHS, WORK, name)
    await world.delete(types.POD_GANG_SETS, WORK, 'older')
    for (const name of ['small', 'disaggregated', 'autoscaled']) await world.delete(types.POD_CLIQUE_SETS, WORK, name)
    await world.until('only the set torn to be left', async () => {
      const kinds = [types.PODS, types.POD_CLIQUES, types.POD_GANGS, types.SCALING_GROUPS, types.POD_CLIQUE_SETS]
      const left = (await Promise.all(kinds.map((type) => world.list(type, WORK)))).flat()
      return left.every(({ metadata }) => metadata.name.startsWith('torn'))
    })
  })

  for (const name of ['scheduler', 'operator'] as const) {
    test(`the ${name} was refused nothing and asked for no more than it is granted`, () => {
      const { permissions } = world.actor(name)
      expect(forbidden(name)).toEqual([])
      const lines = world
        .actor(name)
        .half.said.split('\n')
        .filter((line) => !line.includes('no streaming lists'))
      expect(lines.filter((line) => line.includes('rolebindings'))).toEqual([]) // one before its Role is refused
      expect(notGranted(permissions, askedBy(world.plane, permissions.account))).toEqual([])
    })

    test(`the ${name} is granted nothing that it did not ask for`, () => {
      const { permissions } = world.actor(name)
      expect(unused(permissions, askedBy(world.plane, permissions.account))).toEqual([])
    })
  }

  test('each rule that the operator holds to grant it: without any one verb the Role that holds it is refused', async () => {
    await world.create(workloads.SMALL, WORK)
    await world.create(workloads.MESH, WORK)
    await setReady('small')
    await setReady('mesh')
    const roles = (await world.list<Role>(types.ROLES, WORK)).filter(({ rules }) => rules.length > 0)
    const { permissions, kubeconfig } = world.actor('operator')
    const transport = httpTransport(await loadConfig({ kubeconfig }))
    const isGranted = async ({ rules }: Role): Promise<boolean> => {
      const body = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'tried' }, rules }
      const answer = await transport.request({
        method: 'POST',
        path: `/apis/rbac.authorization.k8s.io/v1/namespaces/${WORK}/roles?dryRun=All`,
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(body),
        deadlineMs: 30_000,
      })
      return answer.status === 201
    }
    for (const role of roles) expect(await isGranted(role), role.metadata.name).toBe(true)
    const dropped = permissions.toGrant.flatMap(({ group, resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => ({ group, resource, verb }))),
    )
    const needs =
      ({ group, resource, verb }: (typeof dropped)[number]) =>
      (rule: PolicyRule) =>
        rule.apiGroups.includes(group) && rule.resources.includes(resource) && rule.verbs.includes(verb)
    for (const each of dropped) {
      const needing = roles.find(({ rules }) => rules.some(needs(each)))
      if (needing === undefined) throw new Error(`no Role holds ${each.verb} ${each.resource}`)
      await whileDropped(world, 'operator', each, async () =>
        expect(await isGranted(needing), `${each.verb} ${each.resource}`).toBe(false),
      )
    }
    await transport.close()
  })

  test('without pods/binding the scheduler says so and binds nothing; given back, it binds', async () => {
    const isBound = async (): Promise<boolean> =>
      (await world.get<Pod>(types.PODS, WORK, 'lone')).spec.nodeName !== undefined
    await whileDropped(world, 'scheduler', { group: '', resource: 'pods/binding', verb: 'create' }, async () => {
      await world.create(workloads.LONE_POD, WORK)
      await world.untilSaid('scheduler', 'not allowed to bind')
      expect(await isBound()).toBe(false)
    })
    await world.until('the pod to be bound', isBound)
  })

  test('without podgangs/status gangs run all the same, and their status follows once it is given back', async () => {
    const isTold = async (): Promise<boolean> =>
      (await world.get<Set>(types.POD_GANGS, WORK, 'autoscaled-0')).status?.conditions?.some(
        ({ type, status }) => type === 'PlacementComplete' && status === 'True',
      ) === true
    const dropped = { group: 'scheduler.grove.io', resource: 'podgangs/status', verb: 'patch' }
    await whileDropped(world, 'scheduler', dropped, async () => {
      await world.create(sample('autoscaled-clique.yaml'), WORK)
      await setReady('autoscaled')
      await world.untilSaid('scheduler', 'a status could not be written')
      expect(await isTold()).toBe(false)
    })
    await world.until('the gang to be told whole', isTold)
  })

  test('without creating pods the operator says so on the clique; given back, it makes them', async () => {
    await whileDropped(world, 'operator', { group: '', resource: 'pods', verb: 'create' }, async () => {
      await world.patch(types.POD_CLIQUES, WORK, 'small-0-first', { spec: { replicas: 3 } }, 'scale')
      await world.untilSaid('operator', 'cannot create resource')
      expect((await podsOf('small-0-first')).length).toBe(1)
    })
    await podCount('small-0-first', 3)
  })

  test('without podcliques/scale a graph says that it failed; given back, it scales', async () => {
    const stateIs = (state: string): Promise<void> =>
      world.until(`the graph to be ${state}`, async () => {
        const graph = await world.get<KubeObject & { status?: { state?: string } }>(types.DYNAMO_GRAPHS, WORK, 'mesh')
        return graph.status?.state === state
      })
    await whileDropped(
      world,
      'operator',
      { group: 'grove.io', resource: 'podcliques/scale', verb: 'patch' },
      async () => {
        await world.patch(types.DYNAMO_GRAPHS, WORK, 'mesh', { spec: { services: { Frontend: { replicas: 2 } } } })
        await stateIs('failed')
      },
    )
    await podCount('mesh-0-frontend', 2)
    await stateIs('successful')
  })

  test('a half that may not renew its Lease steps down, and leads again once it may', async () => {
    const from = world.actor('operator').half.said.length
    const dropped = { group: 'coordination.k8s.io', resource: 'leases', verb: 'patch', inSystem: true }
    await whileDropped(world, 'operator', dropped, () => world.untilSaid('operator', 'not leading any more', from))
    await world.untilSaid('operator', '"leading"', from)
  })
})
