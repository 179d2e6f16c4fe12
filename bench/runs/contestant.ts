import type { Adapter } from '../peers/adapter.ts'
import type { Peer } from '../peers/peers.ts'
import type { MeasuredScheduler } from './processes.ts'
import { startOurs, type TestServer } from './server.ts'

/** A scheduler in a run: what it is called there, how it is told gangs, and how it is started. */
export interface Contestant {
  readonly name: string
  readonly adapter: Adapter
  readonly schedulerName: string
  readonly isOurs: boolean
  /** Of another commit; null: this one, or none of ours. */
  readonly checkout: string | null
  start(server: TestServer): Promise<MeasuredScheduler>
}

export function contestantOf({ name, scheduler, adapter }: Peer): Contestant {
  const common = { name, adapter, schedulerName: adapter.schedulerName, checkout: null }
  if (scheduler === 'kube-scheduler')
    return { ...common, isOurs: false, start: (server) => server.startKubeScheduler() }
  return { ...common, isOurs: true, start: (server) => Promise.resolve(startOurs(server, null)) }
}

/** Ours, of another commit. */
export const otherCommit = (ours: Contestant, ref: string, checkout: string): Contestant => ({
  ...ours,
  name: `${ours.name}@${ref}`,
  checkout,
  start: (server) => Promise.resolve(startOurs(server, checkout)),
})

const NOT_OURS: MeasuredScheduler = { pid: null, said: () => '', stop: () => Promise.resolve() }

/** What runs in the cluster anyway. */
export const standing = (adapter: Adapter, schedulerName: string): Contestant => ({
  name: adapter.name,
  adapter,
  schedulerName,
  isOurs: false,
  checkout: null,
  start: () => Promise.resolve(NOT_OURS),
})

/** A name that may stand in the API. */
export const namespaceOf = ({ name }: Contestant): string =>
  `bench-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`.slice(0, 60)
