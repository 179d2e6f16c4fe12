import type { Answer, DeleteOptions, Failure, KubeClient, WriteOptions } from '../client.ts'
import type { LeaderElection } from './lease.ts'

type Leadership = Pick<LeaderElection, 'isLeader' | 'writeTimeoutMs' | 'noteUnknown'>

/**
 * What a leader writes through. A write is sent only while the lease is surely ours, by the monotonic clock at that
 * moment, so that a process that was frozen sends nothing when it wakes, nor what waited for a connection meanwhile; and
 * the server has given it up before anybody else can lead. Reads pass.
 */
export function leaderClient(client: KubeClient, leadership: Leadership): KubeClient {
  const write = async <T>(send: () => Promise<Answer<T>>): Promise<Answer<T>> => {
    const answer = await (leadership.isLeader ? send() : Promise.resolve(NOT_LEADING))
    if (answer.kind === 'failure' && mayHappenYet(answer)) leadership.noteUnknown()
    return answer
  }
  const maySend = (): boolean => leadership.isLeader
  const within = <O extends WriteOptions | DeleteOptions>(options?: O): O => {
    const { writeTimeoutMs } = leadership
    const timeoutMs = Math.min(options?.timeoutMs ?? writeTimeoutMs, writeTimeoutMs)
    return { ...(options as O), timeoutMs, maySend }
  }
  return {
    get: (...args) => client.get(...args),
    list: (...args) => client.list(...args),
    watch: (...args) => client.watch(...args),
    raw: (...args) => client.raw(...args),
    create: (type, object, options) => write(() => client.create(type, object, within(options))),
    apply: (type, object, manager, options) => write(() => client.apply(type, object, manager, within(options))),
    mergePatch: (type, key, patch, options) => write(() => client.mergePatch(type, key, patch, within(options))),
    strategicPatch: (type, key, patch, options) =>
      write(() => client.strategicPatch(type, key, patch, within(options))),
    bind: (binding, options) => write(() => client.bind(binding, within(options))),
    delete: (type, key, options) => write(() => client.delete(type, key, within(options))),
  }
}

/** Where we waited for so long, the server has given it up. A 504 may be of somebody between, who waited less. */
const mayHappenYet = ({ outcome, status, reason }: Failure): boolean =>
  outcome === 'unknown' && !(status === 0 && reason === 'Timeout')

const NOT_LEADING: Failure = {
  kind: 'failure',
  status: 0,
  reason: 'NotLeading',
  message: 'the lease is not ours any more: nothing was sent',
  retryable: false,
  retryAfterMs: null,
  outcome: 'refused',
  details: null,
}
