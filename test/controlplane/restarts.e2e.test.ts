/** The reflector against a real API server whose programs are killed, stopped and started again under writes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import type { KubeClient } from '../../kube/client.ts'
import { realClock } from '../../kube/clock.ts'
import { loadConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { type Random, seededRandom } from '../../kube/random.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import type { Delta, Reflector } from '../../kube/reflector/types.ts'
import { CONFIG_MAPS } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import { statusBody } from '../kube/scripted-server.ts'
import { toldWrongly } from '../kube/told.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'

const SEED = Number(process.env['SEED'] ?? 1)
const NAMES = Array.from({ length: 12 }, (_, i) => `object-${i}`)
const WRITERS = 4
const QUIET_WITHIN_MS = 60_000

/** Six starts of a program, each bounded by a minute, on a machine that does other work too. */
const TEST_LIMIT_MS = 300_000

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** What servers before 1.34 do: the reflector lists by pages and then watches. */
const withoutStreamingLists = (transport: Transport): Transport => ({
  request: (asked) => transport.request(asked),
  stream: async (asked) =>
    asked.path.includes('sendInitialEvents=true')
      ? { status: 422, headers: {}, lines: lines(statusBody(422, 'Invalid')) }
      : transport.stream(asked),
  close: () => transport.close(),
})

async function* lines(text: string): AsyncGenerator<string> {
  yield await Promise.resolve(text)
}

interface Watched {
  readonly how: string
  readonly reflector: Reflector<KubeObject>
  readonly deltas: Delta<KubeObject>[]
  readonly troubles: string[]
}

const plane: ControlPlane | null = await startControlPlane({ controllers: false })

describe.skipIf(plane === null)('a reflector on an API server that is restarted', () => {
  let transport: Transport
  let client: KubeClient
  let isWriting = true
  let written = 0
  let failed = 0
  const watched: Watched[] = []

  beforeAll(async () => {
    if (plane === null) return
    transport = httpTransport(await loadConfig({ kubeconfig: plane.kubeconfig }))
    client = kubeClient(transport)
    while ((await client.raw('/api/v1/namespaces/default')).kind === 'failure') await pause(50)
    watched.push(watch('streaming list', client), watch('pages', kubeClient(withoutStreamingLists(transport))))
    await Promise.all(watched.map((each) => each.reflector.synced))
  })
  afterAll(async () => {
    isWriting = false
    await Promise.all(watched.map((each) => each.reflector.stop()))
    await transport?.close()
    await plane?.stop()
  })

  function watch(how: string, through: KubeClient): Watched {
    const deltas: Delta<KubeObject>[] = []
    const troubles: string[] = []
    const made = reflector<KubeObject>({
      client: through,
      type: CONFIG_MAPS,
      namespace: 'default',
      clock: realClock,
      random: seededRandom(SEED),
      onDelta: (delta) => deltas.push(delta),
      onTrouble: (message) => troubles.push(message),
    })
    made.start()
    return { how, reflector: made, deltas, troubles }
  }

  async function writeOnce(random: Random, value: number): Promise<boolean> {
    const key = { namespace: 'default', name: NAMES[Math.floor(random() * NAMES.length)] ?? '' }
    const made = { apiVersion: 'v1', kind: 'ConfigMap', metadata: key, data: { value: String(value) } }
    const options = { timeoutMs: 2_000 }
    const dice = Math.floor(random() * 10)
    if (dice < 6) {
      const answer = await client.mergePatch(CONFIG_MAPS, key, { data: made.data }, options)
      return answer.kind === 'ok' || (await client.create(CONFIG_MAPS, made, options)).kind === 'ok'
    }
    const gone = await client.delete(CONFIG_MAPS, key)
    // Deleted and made again under its name, so that both can fall between two lists.
    return dice < 8 ? gone.kind === 'ok' : (await client.create(CONFIG_MAPS, made, options)).kind === 'ok'
  }

  async function write(seed: number): Promise<void> {
    const random = seededRandom(seed)
    for (let value = 0; isWriting; value++) {
      if (await writeOnce(random, value)) written++
      else failed++
      await pause(5)
    }
  }

  /** As the server has it now: name, uid, version. */
  const states = (objects: Iterable<KubeObject>): string[] =>
    [...objects].map(({ metadata: { name, uid, resourceVersion } }) => `${name} ${uid} ${resourceVersion}`).sort()

  test('after quiet the cache is the server, and every change was told once and in order', {
    timeout: TEST_LIMIT_MS,
  }, async () => {
    if (plane === null) return
    const writers = Array.from({ length: WRITERS }, (_, i) => write(SEED * 100 + i))
    const during = async (act: () => Promise<void>): Promise<void> => {
      await act()
      await pause(700)
    }
    await during(() => plane.restart('kube-apiserver'))
    await during(() => plane.restart('etcd'))
    await during(async () => {
      plane.signal('kube-apiserver', 'SIGSTOP')
      await pause(1_500)
      plane.signal('kube-apiserver', 'SIGCONT')
    })
    await during(async () => {
      await Promise.all([plane.end('kube-apiserver'), plane.end('etcd')])
      await Promise.all([plane.begin('etcd'), plane.begin('kube-apiserver')])
    })
    await during(() => plane.restart('kube-apiserver', 'SIGTERM'))
    isWriting = false
    await Promise.all(writers)
    const { items } = valueOrThrow(await client.list<KubeObject>(CONFIG_MAPS, { namespace: 'default' }))
    for (const { how, reflector: made, deltas, troubles } of watched) {
      const endMs = performance.now() + QUIET_WITHIN_MS
      while (performance.now() < endMs && states(made.cache.values()).join() !== states(items).join()) await pause(50)
      expect(states(made.cache.values()), how).toEqual(states(items))
      expect(toldWrongly(deltas), how).toEqual([])
      expect(deltas.length, how).toBeGreaterThan(100)
      expect(troubles.length, how).toBeGreaterThan(2)
    }
    expect(written).toBeGreaterThan(200)
    expect(failed).toBeGreaterThan(0)
  })

  test('what it told adds up to what it knows', () => {
    for (const { how, reflector: made, deltas } of watched) {
      const left = new Map<string, KubeObject>()
      for (const { kind, object } of deltas) {
        if (kind === 'deleted') left.delete(object.metadata.uid)
        else left.set(object.metadata.uid, object)
      }
      expect(states(left.values()), how).toEqual(states(made.cache.values()))
    }
  })
})
