import { describe, expect, test } from 'vitest'
import { begun, broken, refused, running, type Stage, stage } from './reflected.ts'
import { valueOf } from './scripted-server.ts'

describe('the first list', () => {
  test('comes as a stream where the server has that, and goes on as a watch', async () => {
    const { server, reflector } = await begun()
    await reflector.synced
    expect(reflector.isSynced).toBe(true)
    expect(server.asked).toHaveLength(1)
    expect(server.asked[0]).toContain('sendInitialEvents=true&resourceVersionMatch=NotOlderThan')
    expect(server.asked[0]).toContain('allowWatchBookmarks=true')
  })

  test('comes in pages where the server refuses to stream it', async () => {
    const { server, told, cached } = await begun({}, false)
    expect(server.asked.map((path) => path.replace(/timeoutSeconds=\d+/, ''))).toEqual([
      expect.stringContaining('sendInitialEvents=true'),
      '/api/v1/configmaps?limit=500',
      '/api/v1/configmaps?watch=true&allowWatchBookmarks=true&resourceVersion=12&',
    ])
    server.put('a', '2')
    expect(await settled({ server, told, cached })).toBe('a=2 b=1')
  })

  const settled = async ({ cached }: Pick<Stage, 'server' | 'told' | 'cached'>): Promise<string> => {
    await running.at(-1)?.quiet()
    return cached()
  }

  test('of several pages is told once, whole, after the last one', async () => {
    const made = stage()
    running.push(made)
    made.server.streams = false
    for (let i = 0; i < 1_203; i++) made.server.put(`n${String(i).padStart(4, '0')}`, '1')
    made.reflector.start()
    await made.quiet()
    expect(made.server.asked.filter((path) => path.includes('limit=500'))).toHaveLength(3)
    expect(made.told).toHaveLength(1_203)
    expect(made.reflector.cache.size).toBe(1_203)
  })

  test('of thousands is told whole before it is said to be complete', async () => {
    const made = stage()
    running.push(made)
    for (let i = 0; i < 2_100; i++) made.server.put(`n${i}`, '1')
    let toldAtSync = -1
    void made.reflector.synced.then(() => (toldAtSync = made.told.length))
    made.reflector.start()
    await made.quiet()
    expect(toldAtSync).toBe(2_100)
    expect(made.reflector.cache.size).toBe(2_100)
  })

  test('that expires half-way is asked for again in one piece, and nothing is told twice', async () => {
    const made = stage()
    running.push(made)
    made.server.streams = false
    made.server.expireTokens = true
    for (let i = 0; i < 700; i++) made.server.put(`n${i}`, '1')
    made.reflector.start()
    await made.quiet()
    expect(made.told).toHaveLength(700)
    expect(made.server.asked.filter((path) => path.includes('limit=500'))).toHaveLength(2)
    expect(made.server.asked.some((path) => path.endsWith('configmaps'))).toBe(true)
  })

  test('objects look the same whether a list or a watch brought them', async () => {
    const { server, deltas, quiet } = await begun({}, false)
    server.put('a', '2')
    await quiet()
    expect(deltas[0]?.before?.kind).toBe('ConfigMap')
    expect(deltas[0]?.before?.apiVersion).toBe('v1')
  })

  test('is tried again until the server answers, with growing rests', async () => {
    const made = stage()
    running.push(made)
    made.server.put('a', '1')
    for (let i = 0; i < 6; i++) made.server.faults.push(i % 2 === 0 ? broken : refused(500, 'InternalError'))
    made.reflector.start()
    await made.quiet()
    expect(made.told).toEqual(['added a=1'])
    expect(made.troubles).toHaveLength(6)
    expect(made.clock.monotonicMs()).toBeGreaterThan(6_000)
  })
})

describe('a watch', () => {
  test('tells every change once and in order', async () => {
    const { server, told, quiet, cached } = await begun()
    server.put('a', '2')
    server.put('c', '1')
    server.remove('b')
    server.put('a', '3')
    await quiet()
    expect(told).toEqual(['updated a=2 (was 1)', 'added c=1', 'deleted b=1', 'updated a=3 (was 2)'])
    expect(cached()).toBe('a=3 c=1')
  })

  test('that breaks is resumed where it was, and what happened meanwhile is told once', async () => {
    const { server, told, quiet } = await begun()
    server.put('a', '2')
    await quiet()
    server.end('broken')
    server.put('b', '2')
    await quiet()
    expect(told).toEqual(['updated a=2 (was 1)', 'updated b=2 (was 1)'])
    expect(server.asked.at(-1)).toContain('resourceVersion=13')
    expect(server.lists()).toBe(1)
  })

  test('whose connection cannot be opened again for a while is resumed without a list', async () => {
    const { server, told, quiet } = await begun()
    for (let i = 0; i < 4; i++) server.faults.push(broken)
    server.end('broken')
    server.put('b', '2')
    await quiet()
    expect(told).toEqual(['updated b=2 (was 1)'])
    expect(server.lists()).toBe(1)
  })

  test('that the server ends after its time is opened again at once; one that ends at once is not hammered', async () => {
    const { server, quiet, clock } = await begun()
    await clock.runFor(5_000)
    server.end('closed')
    await quiet()
    expect(server.watches).toHaveLength(2)
    const openedMs = clock.monotonicMs()
    for (let i = 0; i < 20; i++) {
      server.end('closed')
      await quiet()
    }
    expect(server.watches.length).toBeLessThanOrEqual(24)
    expect(clock.monotonicMs() - openedMs).toBeGreaterThan(30_000)
  })

  test('hears late and repeated events without telling them again', async () => {
    const made = stage()
    running.push(made)
    made.server.repeats = true
    made.server.put('a', '1')
    made.reflector.start()
    await made.quiet()
    made.server.put('a', '2')
    made.server.recreate('a', '3')
    made.server.remove('a')
    made.server.put('z', '1')
    await made.quiet()
    expect(made.told).toEqual([
      'added a=1',
      'updated a=2 (was 1)',
      'deleted a=2',
      'added a=3',
      'deleted a=3',
      'added z=1',
    ])
    expect(made.cached()).toBe('z=1')
  })

  for (const how of ['as a status', 'as an event'] as const) {
    test(`410 ${how}: lists anew and tells only the differences`, async () => {
      const { server, told, quiet, cached } = await begun()
      if (how === 'as a status') server.end('broken')
      else for (const watch of server.watches) watch.isMute = true
      server.put('a', '2')
      server.remove('b')
      server.put('c', '1')
      server.forget()
      if (how === 'as an event') {
        for (const watch of server.watches) watch.isMute = false
        server.error(410, 'Expired')
      }
      await quiet()
      expect(told).toEqual(['deleted b=1', 'updated a=2 (was 1)', 'added c=1'])
      expect(cached()).toBe('a=2 c=1')
      expect(server.lists()).toBe(2)
    })
  }

  test('410 by its code or by its reason alone: lists anew', async () => {
    for (const [code, reason] of [
      [410, 'Other'],
      [500, 'Expired'],
      [0, 'Gone'],
    ] as const) {
      const { server, quiet } = await begun()
      server.error(code, reason)
      await quiet()
      expect(server.lists()).toBe(2)
    }
  })

  test('an ERROR event of another code: rests, then resumes where it was', async () => {
    const { server, told, quiet } = await begun()
    server.put('a', '2')
    server.error(500, 'InternalError')
    server.put('b', '2')
    await quiet()
    expect(told).toEqual(['updated a=2 (was 1)', 'updated b=2 (was 1)'])
    expect(server.lists()).toBe(1)
  })

  test('a line that cannot be read: rests, then resumes where it was', async () => {
    for (const bad of [
      '{"type":"ADDED","obj',
      'null',
      '{"type":"ADDED","object":{}}',
      '{"type":"SPLIT","object":{}}',
    ]) {
      const { server, told, quiet } = await begun()
      server.put('a', '2')
      server.watches[0]?.push(bad)
      server.put('b', '2')
      await quiet()
      expect(told).toEqual(['updated a=2 (was 1)', 'updated b=2 (was 1)'])
      expect(server.lists()).toBe(1)
    }
  })

  test('that is half-open is given up after a silence and opened again', async () => {
    const { server, told, clock } = await begun()
    for (const watch of server.watches) watch.isMute = true
    server.put('a', '2')
    await clock.runFor(79_000)
    expect(told).toEqual([])
    await clock.runFor(2_000)
    expect(told).toEqual(['updated a=2 (was 1)'])
    expect(server.watches[0]?.isOpen).toBe(false)
  })

  test('that brings only bookmarks stays open, and resumes from the last one', async () => {
    const { server, clock, told } = await begun()
    for (let minute = 0; minute < 30; minute++) {
      server.version++ // other kinds change
      server.bookmark()
      await clock.runFor(60_000)
    }
    expect(server.watches).toHaveLength(1)
    server.forgottenUpTo = server.version - 1
    server.end('broken')
    await clock.runFor(60_000)
    expect(server.lists()).toBe(1)
    expect(told).toEqual([])
  })

  test('20 × 410, then a 500, then closed: at most 21 lists, with rests, and the state is right', async () => {
    const { server, clock, cached } = await begun()
    const beganMs = clock.monotonicMs()
    for (let i = 0; i < 20; i++) {
      server.error(410, 'Expired')
      server.put('a', `${i}`)
      await clock.runFor(31_000)
    }
    server.error(500, 'InternalError')
    await clock.runFor(31_000)
    server.end('closed')
    server.put('b', '9')
    await clock.runFor(31_000)
    expect(server.lists()).toBeLessThanOrEqual(22)
    expect(clock.monotonicMs() - beganMs).toBeGreaterThan(20_000)
    expect(cached()).toBe('a=19 b=9')
  })

  test('429 with Retry-After is obeyed', async () => {
    const { server, quiet, clock } = await begun()
    const beganMs = clock.monotonicMs()
    server.faults.push(refused(429, 'TooManyRequests', { 'retry-after': '17' }))
    server.end('broken')
    await quiet()
    expect(clock.monotonicMs() - beganMs).toBeGreaterThanOrEqual(17_000)
  })
})

describe('delete and recreate under one name', () => {
  test('seen by the watch is a deleted and an added', async () => {
    const { server, told, quiet, deltas } = await begun()
    server.recreate('a', '2')
    await quiet()
    expect(told).toEqual(['deleted a=1', 'added a=2'])
    expect(deltas[1]?.object.metadata.uid).not.toBe(deltas[0]?.object.metadata.uid)
  })

  test('unseen between two lists is a deleted and an added', async () => {
    const { server, told, quiet, reflector, deltas } = await begun()
    server.end('broken')
    server.recreate('a', '2')
    server.forget()
    await quiet()
    expect(told).toEqual(['deleted a=1', 'added a=2'])
    expect(reflector.cache.byUid(deltas[0]?.object.metadata.uid ?? '')).toBeUndefined()
    expect(valueOf(reflector.cache.get('default', 'a') ?? (undefined as never))).toBe('2')
  })

  test('of which only the making is seen is a deleted and an added', async () => {
    const { server, told, quiet } = await begun()
    for (const watch of server.watches) watch.isMute = true
    server.remove('a')
    for (const watch of server.watches) watch.isMute = false
    server.put('a', '2')
    await quiet()
    expect(told).toEqual(['deleted a=1', 'added a=2'])
  })
})
