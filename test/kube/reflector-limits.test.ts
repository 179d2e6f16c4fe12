import { describe, expect, test } from 'vitest'
import { OLD_LISTS_MAX } from '../../kube/reflector/step.ts'
import { begun, broken, refused, running, stage } from './reflected.ts'
import { valueOf } from './scripted-server.ts'

describe('a server that goes back in time', () => {
  test('for a moment: its older list changes nothing', async () => {
    const { server, told, quiet, cached } = await begun()
    server.lagAt = new Map(server.objects)
    server.lagVersion = server.version
    server.recreate('a', '2')
    server.remove('b')
    await quiet()
    expect(told.splice(0)).toEqual(['deleted a=1', 'added a=2', 'deleted b=1'])
    server.error(410, 'Expired')
    await running.at(-1)?.clock.runFor(1_500)
    expect(server.lists()).toBeGreaterThan(1)
    server.lagAt = null
    server.lagVersion = null
    await quiet()
    expect(told).toEqual([])
    expect(cached()).toBe('a=2')
  })

  test('for good, restored from a backup: is believed in the end', async () => {
    const { server, told, quiet, cached } = await begun()
    const backup = new Map(server.objects)
    const version = server.version
    server.put('a', '2')
    server.put('c', '1')
    await quiet()
    told.length = 0
    server.restore(backup, version)
    for (let i = 0; i < 3; i++) server.bookmark()
    await running.at(-1)?.clock.runFor(200_000)
    expect(told).toEqual(['deleted c=1', 'updated a=1 (was 2)'])
    expect(cached()).toBe('a=1 b=1')
    expect(server.lists()).toBe(2 + OLD_LISTS_MAX)
    server.put('a', '7')
    await quiet()
    expect(cached()).toBe('a=7 b=1')
  })
})

describe('a streaming list', () => {
  test('during which objects come, change and go is told as it is in the end', async () => {
    const made = stage()
    running.push(made)
    const { server } = made
    server.put('a', '1')
    server.put('b', '1')
    server.duringList = (watch) => {
      server.duringList = () => {}
      const metadata = { name: 'a', namespace: 'default', uid: 'uid-1', resourceVersion: '13' }
      watch.push(JSON.stringify({ type: 'DELETED', object: { kind: 'ConfigMap', metadata } }))
      server.objects.delete('a')
      server.version = 13
    }
    made.reflector.start()
    await made.quiet()
    expect(made.told).toEqual(['added b=1'])
  })

  test('that stops in the middle is given up after 30 s, and the watch after it is believed for longer', async () => {
    const made = stage()
    running.push(made)
    made.server.put('a', '1')
    made.server.duringList = (watch) => {
      made.server.duringList = () => {}
      watch.isMute = true
    }
    made.reflector.start()
    await made.clock.runFor(29_000)
    expect(made.told).toEqual([])
    await made.clock.runFor(3_000)
    expect(made.told).toEqual(['added a=1'])
    const { length } = made.server.watches
    await made.clock.runFor(60_000)
    expect(made.server.watches).toHaveLength(length)
  })

  test('of a server that tells no end of it is given up for pages', async () => {
    const made = stage()
    running.push(made)
    made.server.put('a', '1')
    made.server.duringList = (watch) => {
      made.server.duringList = () => {}
      watch.push('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"11"}}}')
    }
    made.reflector.start()
    await made.quiet()
    expect(made.told).toEqual(['added a=1'])
    expect(made.server.asked[1]).toBe('/api/v1/configmaps?limit=500')
    expect(made.troubles).toEqual([expect.stringContaining('no streaming lists')])
  })
})

describe('what its reader needs', () => {
  test('an update that changes no projected field is not told', async () => {
    const projected = {
      project: (raw: { metadata: object }) => ({ ...raw, metadata: { ...raw.metadata, resourceVersion: '' } }) as never,
    }
    const { server, told, quiet } = await begun(projected)
    server.put('a', '1')
    server.put('a', '1')
    server.put('b', '2')
    await quiet()
    expect(told).toEqual(['updated b=2 (was 1)'])
  })

  test('a handler that throws is reported and stops nothing', async () => {
    const seen: string[] = []
    const made = stage({
      onDelta: (delta) => {
        seen.push(delta.object.metadata.name)
        throw new Error('of the reader')
      },
    })
    running.push(made)
    made.server.put('a', '1')
    made.reflector.start()
    await made.quiet()
    made.server.put('b', '1')
    await made.quiet()
    expect(seen).toEqual(['a', 'b'])
    expect(made.cached()).toBe('a=1 b=1')
    expect(made.troubles).toEqual([expect.stringContaining('of the reader'), expect.stringContaining('of the reader')])
  })

  test('an object that cannot be projected is reported, and what was known of it is kept', async () => {
    const strict = (raw: never): never => {
      if (valueOf(raw) === 'bad') throw new Error('cannot read it')
      return raw
    }
    const { server, told, troubles, quiet, cached } = await begun({ project: strict as never })
    server.put('a', 'bad')
    server.put('b', '2')
    await quiet()
    server.error(410, 'Expired')
    await quiet()
    expect(told).toEqual(['updated b=2 (was 1)'])
    expect(cached()).toBe('a=1 b=2')
    expect(troubles.join()).toContain('cannot read it')
  })
})

test.each([
  'null',
  '{"metadata":{"resourceVersion":"1"},"items":[null]}',
  '{"metadata":{"resourceVersion":"1"},"items":"x"}',
])('an answer that is no list, %s, is a failure like any other: it is asked for again', async (body) => {
  const made = stage()
  made.server.put('a', '1')
  made.server.streams = false
  made.server.faults.push(refused(422, 'Invalid'), { status: 200, headers: {}, body })
  made.reflector.start()
  await made.quiet()
  expect(made.cached()).toBe('a=1')
  expect(made.troubles.join()).toContain('list broke and is tried again')
  await made.reflector.stop()
})

describe('stop', () => {
  test('while listing: nothing is told afterwards, no watch is opened, and synced resolves', async () => {
    const made = stage()
    made.server.streams = false
    made.server.put('a', '1')
    made.server.faults.push(refused(422, 'Invalid'), 'wait')
    made.reflector.start()
    await made.quiet()
    await made.reflector.stop()
    await made.reflector.synced
    await made.clock.runFor(600_000)
    expect(made.told).toEqual([])
    expect(made.troubles).toEqual([expect.stringContaining('no streaming lists')])
    expect(made.server.watches).toEqual([])
    expect(made.reflector.isSynced).toBe(false)
    expect(made.clock.pending()).toEqual([])
  })

  test('while watching: the stream is let go and nothing is told afterwards', async () => {
    const made = await begun()
    await made.reflector.stop()
    made.server.put('a', '2')
    await made.clock.runFor(600_000)
    expect(made.told).toEqual([])
    expect(made.server.watches.every(({ isOpen }) => !isOpen)).toBe(true)
    expect(made.clock.pending()).toEqual([])
  })

  test('inside a handler: the rest of the list is not told', async () => {
    const seen: string[] = []
    const made = stage({
      onDelta: ({ object }) => {
        seen.push(object.metadata.name)
        void made.reflector.stop()
      },
    })
    for (const name of ['a', 'b', 'c']) made.server.put(name, '1')
    made.reflector.start()
    await made.quiet()
    expect(seen).toEqual(['a'])
  })

  test('while resting, and before the start', async () => {
    const made = stage()
    made.server.faults.push(broken)
    made.reflector.start()
    await made.clock.runFor(10)
    await made.reflector.stop()
    expect(made.clock.pending()).toEqual([])
    const never = stage()
    await never.reflector.stop()
    never.reflector.start()
    await never.quiet()
    expect(never.server.asked).toEqual([])
  })
})
