import { afterEach, describe, expect, test } from 'vitest'
import { sleep } from '../../kube/clock.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { leaderElection, type LeaderElection } from '../../kube/leader/lease.ts'
import { seededRandom } from '../../kube/random.ts'
import { TransportError } from '../../kube/transport.ts'
import { VirtualClock } from '../../sim/clock.ts'
import { refused, TinyServer } from './tiny-server.ts'

interface Candidate {
  readonly name: string
  readonly server: TinyServer
  readonly election: LeaderElection
}

interface Town {
  readonly clock: VirtualClock
  readonly server: TinyServer
  /** `a leads`, `a stops`, with seconds. */
  readonly heard: string[]
  readonly candidate: (name: string, server?: TinyServer, makeNamespace?: () => Promise<void>) => Candidate
}

const LEASE = '/apis/coordination.k8s.io/v1/namespaces/espalier-system/leases/espalier-scheduler'
const elections: LeaderElection[] = []
const towns: Town[] = []

afterEach(async () => {
  const stopping = elections.splice(0).map((election) => election.stop())
  for (const { clock } of towns.splice(0)) await clock.runFor(60_000)
  await Promise.all(stopping)
})

function town(): Town {
  const clock = new VirtualClock()
  const server = new TinyServer()
  const heard: string[] = []
  let seed = 0
  const candidate = (name: string, own = server, makeNamespace = () => Promise.resolve()): Candidate => {
    const note = (what: string): void => void heard.push(`${name} ${what} ${Math.round(clock.monotonicMs() / 1_000)}`)
    const election = leaderElection({
      client: kubeClient(own),
      clock,
      random: seededRandom(++seed),
      lease: { namespace: 'espalier-system', name: 'espalier-scheduler' },
      identity: name,
      makeNamespace,
      onStarted: () => note('leads'),
      onStopped: () => note('stops'),
    })
    elections.push(election)
    return { name, server: own, election }
  }
  const made = { clock, server, heard, candidate }
  towns.push(made)
  return made
}

/** The same objects behind a wire of its own, which can be cut. */
function wireTo(server: TinyServer): TinyServer {
  const wire = new TinyServer()
  wire.before = (request) => server.request(request)
  return wire
}

const specOf = (server: TinyServer): Record<string, unknown> =>
  (server.objects.get(LEASE)?.['spec'] ?? {}) as Record<string, unknown>

function takeByForce(server: TinyServer): void {
  const lease = server.objects.get(LEASE)
  if (lease === undefined) throw new Error('there is no lease')
  const metadata = { ...lease.metadata, resourceVersion: '1000' }
  server.objects.set(LEASE, { ...lease, metadata, spec: { ...specOf(server), holderIdentity: 'rival' } })
}

describe('an election', () => {
  test('of one: it leads at once and goes on leading, with six decimals and our time-out on each write', async () => {
    const { clock, server, heard, candidate } = town()
    const { election } = candidate('a')
    election.start()
    await clock.runFor(600_000)
    expect(heard).toEqual(['a leads 0'])
    expect(election.isLeader).toBe(true)
    expect(election.holder).toBe('a')
    expect(specOf(server)).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 })
    expect(specOf(server)['renewTime']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
    expect(server.writes().every(({ path }) => path.endsWith('?timeout=5000ms'))).toBe(true)
    expect(server.asked.length).toBeLessThan(320) // one request a renewal: it need not be read first
  })

  test('that cannot reach the server says where it tried and what it met', async () => {
    const { clock, server } = town()
    server.before = () => {
      throw new TransportError('connection', 'connect ECONNREFUSED 127.0.0.1:6443')
    }
    const told: string[] = []
    const election = leaderElection({
      client: kubeClient(server),
      clock,
      random: seededRandom(1),
      lease: { namespace: 'espalier-system', name: 'espalier-scheduler' },
      identity: 'a',
      makeNamespace: () => Promise.resolve(),
      onStarted: () => {},
      onStopped: () => {},
      onTrouble: (message) => void told.push(message),
    })
    elections.push(election)
    election.start()
    await clock.runFor(1_000)
    expect(told).toEqual(['the lease could not be read: Connection: connect ECONNREFUSED 127.0.0.1:6443'])
  })

  test('asks for the namespace only where the server says that there is none, and leads in the same look', async () => {
    const { clock, server, candidate, heard } = town()
    let made = 0
    const missing = refused(404, 'NotFound')
    server.before = (request) => Promise.resolve(request.method === 'POST' && made === 0 ? missing : null)
    const { election } = candidate('a', server, () => {
      made++
      return Promise.resolve()
    })
    election.start()
    await clock.runFor(60_000)
    expect([made, heard]).toEqual([1, ['a leads 0']])
  })

  test('of three: one leads; when it hands over, another does at its next look', async () => {
    const { clock, server, heard, candidate } = town()
    const all = ['a', 'b', 'c'].map((name) => candidate(name))
    for (const { election } of all) election.start()
    await clock.runFor(60_000)
    expect(all.filter(({ election }) => election.isLeader)).toHaveLength(1)
    expect(heard).toHaveLength(1)
    const first = all.find(({ election }) => election.isLeader)
    await first?.election.stop()
    expect(specOf(server)).not.toHaveProperty('holderIdentity')
    const stoppedMs = clock.monotonicMs()
    await clock.runUntil(() => heard.length === 3, { maxVirtualMs: 60_000 })
    expect(clock.monotonicMs() - stoppedMs).toBeLessThanOrEqual(4_400)
    expect(specOf(server)['leaseTransitions']).toBe(1)
  })

  test('a lease is handed over when nothing of before can happen any more', async () => {
    const { clock, server, heard, candidate } = town()
    const [a, b] = [candidate('a'), candidate('b')]
    a.election.start()
    await clock.runFor(5_000)
    b.election.start()
    await clock.runFor(5_000)
    a.election.noteUnknown()
    void a.election.stop()
    await clock.runFor(4_999)
    expect(specOf(server)['holderIdentity']).toBe('a')
    await clock.runUntil(() => heard.length === 3, { maxVirtualMs: 60_000 })
    expect(heard).toEqual(['a leads 0', 'a stops 10', expect.stringMatching(/^b leads 1[5-9]$/)])
  })

  test('who loses the lease and wins it again waits for what broke off before', async () => {
    const { clock, server, heard, candidate } = town()
    const a = candidate('a', wireTo(server))
    a.election.start()
    await clock.runFor(5_000)
    a.server.before = () => Promise.reject(new TransportError('connection', 'cut'))
    await clock.runUntil(() => heard.length === 2, { maxVirtualMs: 60_000 })
    const lostMs = clock.monotonicMs()
    a.election.noteUnknown()
    a.server.before = (request) => server.request(request)
    await clock.runUntil(() => heard.length === 3, { maxVirtualMs: 60_000 })
    expect(heard[2]).toMatch(/^a leads/)
    expect(clock.monotonicMs() - lostMs).toBeGreaterThanOrEqual(5_000)
    expect(a.election.isLeader).toBe(true)
  })

  test('a leader that is cut off stops before anybody else leads, and campaigns again', async () => {
    const { clock, server, heard, candidate } = town()
    const a = candidate('a', wireTo(server))
    a.election.start()
    await clock.runFor(5_000)
    const b = candidate('b')
    b.election.start()
    await clock.runFor(5_000)
    a.server.before = () => Promise.reject(new TransportError('connection', 'cut'))
    await clock.runFor(60_000)
    expect(heard.map((line) => line.replace(/ \d+$/, ''))).toEqual(['a leads', 'a stops', 'b leads'])
    const [, stopped = 0, led = 0] = heard.map((line) => Number(line.split(' ').at(-1)))
    expect(stopped).toBeLessThan(led)
    expect(led).toBeLessThanOrEqual(10 + 15 + 5)
    a.server.before = (request) => server.request(request)
    await b.election.stop()
    await clock.runFor(10_000)
    expect(a.election.isLeader).toBe(true)
  })

  test('a leader whose renewals hang stops in time, and a late answer does not make it lead', async () => {
    const { clock, server, heard, candidate } = town()
    const { election } = candidate('a')
    election.start()
    await clock.runFor(5_000)
    server.before = async () => {
      await sleep(clock, 9_500, 'background')
      return null
    }
    await clock.runFor(9_000)
    expect(heard).toEqual(['a leads 0', 'a stops 14'])
    await clock.runFor(500)
    expect(election.isLeader).toBe(false)
  })

  test('a frozen process does not believe that it leads when it wakes', async () => {
    const { clock, candidate } = town()
    const { election } = candidate('a')
    election.start()
    await clock.runFor(1_000)
    expect(election.isLeader).toBe(true)
    const monotonicMs = clock.monotonicMs.bind(clock)
    clock.monotonicMs = () => monotonicMs() + 20_000 // SIGSTOP: time went on, no timer has fired yet
    expect(election.isLeader).toBe(false)
  })

  test('a machine that slept sends nothing when it wakes, until a renewal says that the lease is still its own', async () => {
    const { clock, heard, candidate } = town()
    const { election } = candidate('a')
    election.start()
    await clock.runFor(5_000)
    const nowMs = clock.nowMs.bind(clock)
    clock.nowMs = () => nowMs() + 60_000 // the monotonic clock stood still meanwhile
    expect(election.isLeader).toBe(false)
    await clock.runFor(2_000)
    expect(election.isLeader).toBe(true)
    expect(heard).toEqual(['a leads 0'])
  })

  test('a machine that slept and lost its lease meanwhile is never taken for the leader again', async () => {
    const { clock, server, heard, candidate } = town()
    const { election } = candidate('a')
    election.start()
    await clock.runFor(5_000)
    const nowMs = clock.nowMs.bind(clock)
    clock.nowMs = () => nowMs() + 60_000
    takeByForce(server)
    for (let ms = 0; ms < 9_000; ms += 100) {
      expect(election.isLeader).toBe(false)
      await clock.runFor(100)
    }
    expect(heard).toEqual(['a leads 0', expect.stringMatching(/^a stops/)])
  })

  const faults = ['6 s late', 'refused with a 500', 'carried out, but its answer lost'] as const
  for (const fault of faults) {
    test(`every third request ${fault} costs no leadership`, async () => {
      const { clock, server, heard, candidate } = town()
      const { election } = candidate('a')
      election.start()
      await clock.runFor(5_000)
      let asked = 0
      server.before = async () => {
        const isThird = ++asked % 3 === 0
        if (isThird && fault === '6 s late') await sleep(clock, 6_000, 'background')
        return isThird && fault === 'refused with a 500' ? refused(500, 'InternalError') : null
      }
      server.after = () => {
        if (asked % 3 === 0 && fault.startsWith('carried out'))
          throw new TransportError('timeout', 'the answer was lost')
      }
      await clock.runFor(600_000)
      expect(heard).toEqual(['a leads 0'])
      expect(specOf(server)['leaseTransitions']).toBe(0)
      expect(asked).toBeGreaterThan(100)
    })
  }

  test('of two that write at the same instant only one leads', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const { clock, heard, candidate } = town()
      for (const name of ['a', 'b', 'c', 'd']) candidate(name).election.start()
      await clock.runFor(0)
      expect(heard).toHaveLength(1)
    }
  })

  test('of two that take a free lease at the same instant only one leads', async () => {
    const { clock, server, heard, candidate } = town()
    const first = candidate('first')
    first.election.start()
    await clock.runFor(1_000)
    await first.election.stop()
    heard.length = 0
    for (const name of ['a', 'b', 'c', 'd']) candidate(name).election.start()
    await clock.runFor(0)
    expect(heard).toHaveLength(1)
    expect(specOf(server)['leaseTransitions']).toBe(1)
  })

  test('a leader whose lease somebody else took by force stops at its next look', async () => {
    const { clock, server, heard, candidate } = town()
    candidate('a').election.start()
    await clock.runFor(5_000)
    takeByForce(server)
    await clock.runFor(4_500)
    expect(heard.map((line) => line.replace(/ \d+$/, ''))).toEqual(['a leads', 'a stops'])
  })

  test('leadership counts from when a renewal was sent, not from its answer', async () => {
    const { clock, server, heard, candidate } = town()
    candidate('a').election.start()
    await clock.runFor(2_500)
    server.before = async () => {
      await sleep(clock, 6_000, 'background') // sent at 4 s, answered at 10 s
      return null
    }
    await clock.runFor(5_000)
    server.before = (request) => (server.asked.at(-1) === request ? refused(500, 'InternalError') : null)
    await clock.runFor(20_000)
    expect(heard).toEqual(['a leads 0', 'a stops 14'])
  })

  test('one renewal that takes 6 s and fails does not cost the lease: the next is sent at once', async () => {
    const { clock, server, heard, candidate } = town()
    candidate('a').election.start()
    await clock.runFor(2_500)
    server.before = async () => {
      server.before = () => null
      await sleep(clock, 6_000, 'background') // sent at 4 s of the 12 s until which it leads
      return refused(500, 'InternalError')
    }
    await clock.runFor(60_000)
    expect(heard).toEqual(['a leads 0'])
  })

  test('a renewal that is still reading when the lease is lost writes nothing any more', async () => {
    const { clock, server, heard, candidate } = town()
    candidate('a').election.start()
    await clock.runFor(2_500)
    const asked: string[] = []
    server.before = async ({ method }) => {
      asked.push(method)
      if (asked.filter((each) => each === 'GET').length !== 1 || method !== 'GET') return refused(500, 'InternalError')
      await sleep(clock, 11_000, 'background') // longer than the lease lasts
      return null
    }
    await clock.runFor(30_000)
    expect(heard).toEqual(['a leads 0', 'a stops 12'])
    expect(asked.filter((method) => method !== 'GET')).toEqual(['PATCH']) // the one that was refused
  })

  test('an hour forward or back on the wall clock changes nothing', async () => {
    const { clock, heard, candidate } = town()
    const all = ['a', 'b'].map((name) => candidate(name))
    for (const { election } of all) election.start()
    await clock.runFor(10_000)
    const nowMs = clock.nowMs.bind(clock)
    for (const jumpMs of [3_600_000, -3_600_000]) {
      clock.nowMs = () => nowMs() + jumpMs
      await clock.runFor(120_000)
    }
    expect(heard).toHaveLength(1)
  })

  test('without permission it asks at a measured pace and never leads', async () => {
    const { clock, server, heard, candidate } = town()
    server.before = () => refused(403, 'Forbidden')
    candidate('a').election.start()
    await clock.runFor(600_000)
    expect(heard).toEqual([])
    expect(server.asked.length).toBeLessThan(310)
  })
})
