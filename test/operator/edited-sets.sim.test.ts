import { assert, asyncProperty } from 'fast-check'
import { expect, test } from 'vitest'
import type { PodClique, PodCliqueScalingGroup, PodCliqueSet } from '../../api/generated/kinds.ts'
import type { KubeObject, NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { OPERATOR_PERMISSIONS } from '../../api/rbac/permissions.ts'
import { KubeError } from '../../kube/answers.ts'
import {
  AUTOSCALERS,
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  POD_GANGS,
  PODS,
  type ResourceType,
  ROLE_BINDINGS,
  ROLES,
  SCALING_GROUPS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '../../kube/resources.ts'
import { canonicalJson } from '../../operator/expansion/hash.ts'
import { type Step, stories, type Story } from './edited-sets.ts'
import { type Harness, startHarness } from './harness.ts'

/** `SEED=n RUNS=n` replays and widens; a failure prints the seed and the path. */
const run = { numRuns: Number(process.env['RUNS'] ?? 6), seed: Number(process.env['SEED'] ?? 1), endOnFailure: true }

const KINDS: readonly ResourceType[] = [
  POD_CLIQUES,
  SCALING_GROUPS,
  POD_GANGS,
  PODS,
  SERVICES,
  SERVICE_ACCOUNTS,
  ROLES,
  ROLE_BINDINGS,
  AUTOSCALERS,
]
const SCALED = { clique: POD_CLIQUES, group: SCALING_GROUPS, set: POD_CLIQUE_SETS }
const SOON_MS = 1_500

/** What the stories of one run came to, so that none passes by having been refused throughout. */
const edits = { accepted: 0, refused: 0 }

async function take(at: Harness, step: Step): Promise<void> {
  if (step.kind === 'wait') return at.settle()
  if (step.kind === 'edit') return edit(at, step.set)
  const there = (await at.list<KubeObject>(SCALED[step.what])).filter(({ metadata }) => {
    // Members are scaled by their group's template alone where an autoscaler could not: by hand they may be.
    return metadata.deletionTimestamp === undefined
  })
  const chosen = there[step.position % Math.max(1, there.length)]
  if (chosen === undefined) return
  await at.patch(SCALED[step.what], chosen.metadata.name, { spec: { replicas: step.replicas } }, 'scale')
  await at.clock.runFor(SOON_MS)
}

/** As `kubectl replace` does: what is not there goes. A refused one changes nothing. */
async function edit(at: Harness, set: NewObject): Promise<void> {
  const live = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 's')
  const team = (set.metadata.labels ?? {})['team'] ?? null
  const patch = { metadata: { labels: { team } }, spec: { ...(set['spec'] as object), headlessServiceConfig: null } }
  const isAccepted = await at.patch(POD_CLIQUE_SETS, live.metadata.name, patch).then(() => true, isRefusal)
  edits[isAccepted ? 'accepted' : 'refused']++
  const { spec } = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 's')
  const asked = (set['spec'] as PodCliqueSet['spec']).replicas
  expect(spec.replicas).toBe(isAccepted ? asked : live.spec.replicas)
  await at.clock.runFor(SOON_MS)
}

/** False: it was refused for what it says. Anything else that fails is no part of a story. */
function isRefusal(error: unknown): false {
  if (error instanceof KubeError && error.failure.status === 422) return false
  throw error
}

/** What the user owns once it is there: replicas, and a minimum that the template leaves out. */
type Kept = ReadonlyMap<string, { readonly replicas: number; readonly minAvailable: number }>

async function keptIn(at: Harness): Promise<Kept> {
  const objects = [
    ...(await at.list<PodClique>(POD_CLIQUES)),
    ...(await at.list<PodCliqueScalingGroup>(SCALING_GROUPS)),
  ]
  return new Map(
    objects.map(({ metadata, spec }) => [
      metadata.name,
      { replicas: spec.replicas ?? 1, minAvailable: spec.minAvailable ?? 1 },
    ]),
  )
}

/** The same set on an empty cluster, with the replicas that others asked for there. */
async function madeAnew(at: Harness, set: PodCliqueSet, kept: Kept): Promise<void> {
  const { labels = {} } = set.metadata
  await at.create(POD_CLIQUE_SETS, {
    apiVersion: set.apiVersion,
    kind: set.kind,
    metadata: { name: 's', labels: { ...labels } },
    spec: set.spec,
  })
  await at.settle()
  for (const type of [SCALING_GROUPS, POD_CLIQUES]) {
    for (const { metadata } of await at.list<KubeObject>(type)) {
      const was = kept.get(metadata.name)
      if (was !== undefined) await at.patch(type, metadata.name, { spec: was })
      await at.settle()
    }
  }
}

/** Without what the server gives, which pods of a clique they are, and that some were made anew. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'status',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
  'nodeName',
  'hostname',
  'clusterIP',
  'clusterIPs',
  'espalier.io/recreated-for',
  'grove.io/podclique-pod-index',
  'reuseReservationRef',
])

async function objectsOf(at: Harness): Promise<string[]> {
  const lines: string[] = []
  for (const type of KINDS) {
    for (const object of await at.list<KubeObject>(type)) {
      if (object.metadata.name === 'default') continue
      const text = JSON.stringify(object, (field, value: unknown) => {
        if (LEFT_OUT.has(field)) return undefined
        if (field === 'podReferences') return (value as unknown[]).length
        return field === 'annotations' && Object.keys(value as object).join() === 'espalier.io/recreated-for'
          ? undefined
          : value
      })
      const plain = JSON.parse(text) as KubeObject
      if (type === PODS) Object.assign(plain.metadata, { name: plain.metadata.labels?.['grove.io/podclique'] })
      lines.push(canonicalJson(plain))
    }
  }
  return lines.sort()
}

/** Writes that the operator's account may not do. */
function refusedByTable(writes: readonly string[]): string[] {
  const verbs: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'patch', DELETE: 'delete', PUT: 'update' }
  return writes.filter((write) => {
    const [method = '', path = ''] = write.split(' ')
    const [, group = '', rest = ''] = /^\/(?:api|apis\/([^/]+))\/v[^/]+\/namespaces\/[^/]+\/([^?]*)/.exec(path) ?? []
    const [plural = '', , subresource] = rest.split('/')
    const resource = subresource === undefined ? plural : `${plural}/${subresource}`
    return !OPERATOR_PERMISSIONS.everywhere.some(
      (rule) =>
        rule.group === group && rule.resources.includes(resource) && rule.verbs.some((verb) => verb === verbs[method]),
    )
  })
}

async function tell({ first, steps }: Story): Promise<void> {
  const at = await startHarness()
  const fresh = await startHarness()
  try {
    await at.create(POD_CLIQUE_SETS, first)
    for (const step of steps) await take(at, step)
    await at.settle()
    expect(refusedByTable(at.writes)).toEqual([])
    at.writes.length = 0
    await at.restartOperator()
    await at.settle()
    expect(at.writes, 'looked at again, nothing is written').toEqual([])
    const set = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 's')
    const asked = (await at.list<PodClique>(POD_CLIQUES)).map(({ spec }) => spec.replicas ?? 1)
    expect(await at.list<Pod>(PODS)).toHaveLength(asked.reduce((sum, replicas) => sum + replicas, 0))
    await madeAnew(fresh, set, await keptIn(at))
    expect(await objectsOf(at)).toEqual(await objectsOf(fresh))
  } finally {
    await at.stop()
    await fresh.stop()
  }
}

test(`whatever was edited and scaled before, the end is that of the last spec (SEED=${run.seed})`, async () => {
  await assert(asyncProperty(stories, tell), run)
  expect(edits.accepted, `of ${edits.accepted + edits.refused} edits`).toBeGreaterThan(edits.refused)
}, 300_000)
