import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { TransportError } from '../../kube/transport.ts'
import { type Stage, stage } from './reflected.ts'
import { statusBody, valueOf } from './scripted-server.ts'
import { toldWrongly } from './told.ts'

const SEED = Number(process.env['SEED'] ?? 1)
const RUNS = { numRuns: 400, seed: SEED }

type Act = (stage: Stage) => void | Promise<void>

const names = ['a', 'b', 'c', 'd']
const name = fc.constantFrom(...names)
let values = 0
const labelled = (label: string, act: Act): { label: string; act: Act } => ({ label, act })

/** Changes to the world, and faults after which a watch can still be resumed: nothing may be missed. */
const gentle = fc.oneof(
  { weight: 6, arbitrary: name.map((n) => labelled(`put ${n}`, ({ server }) => server.put(n, `${++values}`))) },
  { weight: 3, arbitrary: name.map((n) => labelled(`remove ${n}`, ({ server }) => server.remove(n))) },
  {
    weight: 2,
    arbitrary: name.map((n) => labelled(`recreate ${n}`, ({ server }) => server.recreate(n, `${++values}`))),
  },
  fc.constant(labelled('bookmark', ({ server }) => server.bookmark())),
  fc.constant(labelled('close', ({ server }) => server.end('closed'))),
  fc.constant(labelled('break', ({ server }) => server.end('broken'))),
  fc.constant(labelled('error 500', ({ server }) => server.error(500, 'InternalError'))),
  fc.constant(labelled('garbage', ({ server }) => server.watches.at(-1)?.push('{"type":"ADDED","obj'))),
  fc.constant(
    labelled('half-open', ({ server }) => {
      for (const watch of server.watches) watch.isMute = true
    }),
  ),
  fc.integer({ min: 1, max: 120_000 }).map((ms) => labelled(`wait ${ms}`, ({ clock }) => clock.runFor(ms))),
)

/** Faults after which only a list can tell what is true. */
const harsh = fc.oneof(
  fc.constant(labelled('error 410', ({ server }) => server.error(410, 'Expired'))),
  fc.constant(
    labelled('forget', ({ server }) => {
      server.end('broken')
      server.put('a', `${++values}`)
      server.forget()
    }),
  ),
  fc.boolean().map((on) =>
    labelled(`streams ${on}`, ({ server }) => {
      server.streams = on
    }),
  ),
  fc.boolean().map((on) =>
    labelled(`repeats ${on}`, ({ server }) => {
      server.repeats = on
    }),
  ),
  fc.constant(labelled('fail once', ({ server }) => void server.faults.push(answer500))),
  fc.constant(labelled('refuse once', ({ server }) => void server.faults.push(new TransportError('connection', 'no')))),
  // shorter than it takes until an older list is believed
  fc.integer({ min: 1, max: 20_000 }).map((ms) => labelled(`lag ${ms}`, (made) => lag(made, ms))),
)

const answer500 = { status: 500, headers: {}, body: statusBody(500, 'InternalError') }

function lag({ server, clock }: Stage, ms: number): void {
  if (server.lagAt !== null) return
  server.lagAt = new Map(server.objects)
  server.lagVersion = server.version
  clock.after(ms, 'background', () => {
    server.lagAt = null
    server.lagVersion = null
  })
}

async function played(acts: readonly { act: Act }[]): Promise<Stage> {
  const made = stage()
  made.server.put('a', '0')
  made.reflector.start()
  await made.quiet()
  for (const { act } of acts) await act(made)
  await made.clock.runFor(300_000)
  return made
}

const stateOf = (objects: Iterable<KubeObject>): string[] =>
  [...objects].map(({ metadata, ...rest }) => `${metadata.name} ${metadata.uid} ${valueOf(rest as KubeObject)}`).sort()

test('safety and liveness: whatever breaks, after quiet the cache is the server, and nothing was told twice', async () => {
  const acts = fc.array(fc.oneof({ weight: 3, arbitrary: gentle }, { weight: 1, arbitrary: harsh }), {
    maxLength: 60,
    size: 'max',
  })
  let relists = 0
  await fc.assert(
    fc.asyncProperty(acts, async (played_) => {
      const { server, reflector, deltas } = await played(played_)
      expect(stateOf(reflector.cache.values())).toEqual(stateOf(server.objects.values()))
      expect(toldWrongly(deltas)).toEqual([])
      relists += server.lists() - 1
      await reflector.stop()
    }),
    RUNS,
  )
  expect(relists).toBeGreaterThan(RUNS.numRuns)
})

test('while watches can be resumed, every change is told exactly once and in order, without a second list', async () => {
  let changes = 0
  await fc.assert(
    fc.asyncProperty(fc.array(gentle, { maxLength: 60, size: 'max' }), async (acts) => {
      const history: string[] = []
      const noting = { ...labelled('note', ({ server }) => notePuts(server, history)) }
      const { server, deltas, reflector } = await played([noting, ...acts])
      const told = deltas.slice(1).map((d) => `${d.kind} ${d.object.metadata.uid}@${d.object.metadata.resourceVersion}`)
      expect(told).toEqual(history)
      expect(server.lists()).toBe(1)
      changes += history.length
      await reflector.stop()
    }),
    RUNS,
  )
  expect(changes).toBeGreaterThan(RUNS.numRuns)
})

/** Writes down what the server does, in the reflector's words. */
function notePuts(server: Stage['server'], history: string[]): void {
  const kinds = { ADDED: 'added', MODIFIED: 'updated', DELETED: 'deleted' }
  server.onChange = (type, { metadata }) => history.push(`${kinds[type]} ${metadata.uid}@${metadata.resourceVersion}`)
}
