import { expect, test } from 'vitest'
import type { PodClique } from '../../api/generated/kinds.ts'
import type { Condition, Pod } from '../../api/kinds/kubernetes.ts'
import { cliqueStatus } from '../../operator/status.ts'
import { DEFAULT_DELAY_MS, delayMs, recoveryOf } from '../../operator/decisions/recovery.ts'

const at = (minute: number): number => Date.parse('2026-01-01T00:00:00Z') + minute * 60_000
const time = (minute: number): string => new Date(at(minute)).toISOString()

interface Drawn {
  readonly name?: string
  /** Minute; null: it is not below its minimum. */
  readonly breached?: number | null
  readonly scheduled?: readonly ['True' | 'False', number]
  readonly inRecovery?: boolean
}

const clique = ({ name = 'a', breached = 10, scheduled = ['False', 10], inRecovery = false }: Drawn): PodClique => {
  const conditions: Condition[] = [
    {
      type: 'MinAvailableBreached',
      status: breached === null ? 'False' : 'True',
      lastTransitionTime: time(breached ?? 1),
    },
    { type: 'PodCliqueScheduled', status: scheduled[0], lastTransitionTime: time(scheduled[1]) },
    ...(inRecovery ? [{ type: 'GangTerminationInProgress', status: 'True' as const }] : []),
  ].map((condition) => ({ reason: '', message: '', ...condition }) as Condition)
  return {
    apiVersion: 'grove.io/v1alpha1',
    kind: 'PodClique',
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: time(0) },
    spec: { roleName: 'r', podSpec: { containers: [] } },
    status: { conditions },
  }
}

const after = (minute: number, ...drawn: readonly Drawn[]) => recoveryOf(drawn.map(clique), 5 * 60_000, at(minute))

test('what is below its minimum is due after the delay, and not before', () => {
  expect(after(12, {})).toEqual({ kind: 'waiting', ms: 3 * 60_000 })
  expect(after(15, {})).toMatchObject({ kind: 'due', component: 'a' })
  expect(after(15, { breached: null })).toEqual({ kind: 'none' })
})

test('what was never scheduled, or is being recovered, is left alone', () => {
  expect(after(60, { scheduled: ['False', 0] })).toEqual({ kind: 'none' })
  expect(after(60, { inRecovery: true })).toEqual({ kind: 'none' })
  expect(after(60, { scheduled: ['True', 0] }).kind).toBe('due')
})

test('what was never scheduled is left alone also where its first look came late, as after a crash', () => {
  const seen = (standing: PodClique, minute: number, pods: readonly Pod[]): PodClique => {
    const rollout = { progress: null, templateHash: '', generationHash: '', remove: [], isRunning: false }
    const view = { clique: standing, pods, setName: 's', rollout, isMember: false, isMadeAnew: false }
    return { ...standing, status: cliqueStatus(view, { now: time(minute), generation: 1 }) }
  }
  const { status: _, ...unseen } = clique({})
  const pending = seen(unseen, 3, [])
  expect(recoveryOf([pending], 5 * 60_000, at(600))).toEqual({ kind: 'none' })
  const metadata = { name: 'p', uid: 'p', resourceVersion: '1', creationTimestamp: time(4) }
  const placed = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [], nodeName: 'n' } } as Pod
  expect(recoveryOf([seen(seen(pending, 4, [placed]), 7, [])], 5 * 60_000, at(600)).kind).toBe('due')
})

test('what was asked for none was not healthy meanwhile', () => {
  const { status: _, ...unseen } = clique({})
  const seen = (standing: PodClique, minute: number, replicas: number): PodClique => {
    const rollout = { templateHash: '', generationHash: '', isRunning: false }
    const asked = { ...standing, spec: { ...standing.spec, replicas } }
    const view = { clique: asked, pods: [], setName: 's', rollout, isMember: false, isMadeAnew: false }
    return { ...asked, status: cliqueStatus(view, { now: time(minute), generation: 1 }) }
  }
  const scaled = seen(seen(seen(unseen, 3, 0), 30, 2), 40, 2)
  expect(scaled.status?.conditions?.find(({ type }) => type === 'MinAvailableBreached')?.status).toBe('True')
  expect(recoveryOf([scaled], 5 * 60_000, at(600))).toEqual({ kind: 'none' })
})

test('the oldest breach decides, and is named the same however often it is looked at', () => {
  const drawn = [{ name: 'b', breached: 9 }, { name: 'a' }]
  const first = after(20, ...drawn)
  expect(first).toEqual({ kind: 'due', component: 'b', reason: `b/${time(9)}` })
  expect(after(40, ...[...drawn].reverse())).toEqual(first)
})

test('a delay of years is looked at every day: a timer could not hold it', () => {
  expect(recoveryOf([clique({})], delayMs('87600h'), at(11))).toEqual({ kind: 'waiting', ms: 24 * 3_600_000 })
  expect(delayMs(undefined)).toBe(DEFAULT_DELAY_MS)
  expect(delayMs('10s')).toBe(10_000)
})
