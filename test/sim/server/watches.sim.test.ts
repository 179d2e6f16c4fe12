import { array, assert, asyncProperty, constantFrom, record } from 'fast-check'
import { expect, test } from 'vitest'
import type { KubeObject } from '../../../api/kinds/kubernetes.ts'
import { asking, configMap, CONFIG_MAPS } from './asking.ts'

test('a watch from a list tells every later change once and in order', async () => {
  const api = asking()
  await api.post(CONFIG_MAPS, configMap('a'))
  const { resourceVersion } = (await api.get(CONFIG_MAPS)).body.metadata
  const watch = await api.watch(`${CONFIG_MAPS}?resourceVersion=${resourceVersion}`)
  await api.post(CONFIG_MAPS, configMap('b'))
  await api.patch(`${CONFIG_MAPS}/a`, 'merge', { data: { x: '1' } })
  await api.patch(`${CONFIG_MAPS}/a`, 'merge', { data: { x: '1' } })
  await api.delete(`${CONFIG_MAPS}/b`)
  const told = [await watch.next(), await watch.next(), await watch.next()]
  expect(told.map((event) => `${event?.type} ${event?.object.metadata.name}`)).toEqual([
    'ADDED b',
    'MODIFIED a',
    'DELETED b',
  ])
})

test('an object that stops matching a selector is deleted for the watch', async () => {
  const api = asking()
  const watch = await api.watch(`${CONFIG_MAPS}?labelSelector=x%3Dy`)
  await api.post(CONFIG_MAPS, configMap('a', {}, { labels: { x: 'y' } }))
  await api.patch(`${CONFIG_MAPS}/a`, 'merge', { metadata: { labels: { x: 'z' } } })
  await api.patch(`${CONFIG_MAPS}/a`, 'merge', { metadata: { labels: { x: 'y' } } })
  const told = [await watch.next(), await watch.next(), await watch.next()]
  expect(told.map((event) => event?.type)).toEqual(['ADDED', 'DELETED', 'ADDED'])
})

test('a version that is no longer remembered is told 410, and an unread page expires with a token to go on', async () => {
  const api = asking()
  for (const name of ['a', 'b', 'c']) await api.post(CONFIG_MAPS, configMap(name))
  const page = await api.get(`${CONFIG_MAPS}?limit=1`)
  await api.delete(`${CONFIG_MAPS}/b`)
  api.server.compact()
  const watch = await api.watch(`${CONFIG_MAPS}?resourceVersion=${page.body.metadata.resourceVersion}`)
  const event = await watch.next()
  expect([event?.type, event?.object.code, event?.object.reason]).toEqual(['ERROR', 410, 'Expired'])
  expect(await watch.next()).toBeNull()
  const token = (page.body.metadata as unknown as { continue: string }).continue
  const late = await api.get(`${CONFIG_MAPS}?limit=1&continue=${encodeURIComponent(token)}`)
  // The first page's snapshot may still be kept; what counts is that a page is never mixed of two versions silently.
  const next = (late.body.metadata as unknown as { continue: string }).continue
  expect([late.status, late.body.reason]).toEqual([410, 'Expired'])
  const rest = await api.get(`${CONFIG_MAPS}?continue=${encodeURIComponent(next)}`)
  expect(rest.body.items.map(({ metadata }) => metadata.name)).toEqual(['c'])
})

test('pages show one version of the world, whatever is written in between', async () => {
  const api = asking()
  for (const name of ['a', 'b', 'c', 'd']) await api.post(CONFIG_MAPS, configMap(name))
  const first = await api.get(`${CONFIG_MAPS}?limit=2`)
  await api.delete(`${CONFIG_MAPS}/c`)
  await api.post(CONFIG_MAPS, configMap('bb'))
  const { continue: token, remainingItemCount } = first.body.metadata as unknown as {
    continue: string
    remainingItemCount: number
  }
  const second = await api.get(`${CONFIG_MAPS}?limit=2&continue=${token}`)
  expect([...first.body.items, ...second.body.items].map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c', 'd'])
  expect([remainingItemCount, second.body.metadata.resourceVersion]).toEqual([2, first.body.metadata.resourceVersion])
  expect((await api.get(`${CONFIG_MAPS}?continue=nonsense`)).status).toBe(400)
})

test('a streaming list ends with a bookmark that says so', async () => {
  const api = asking()
  await api.post(CONFIG_MAPS, configMap('a'))
  const watch = await api.watch(
    `${CONFIG_MAPS}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
  )
  expect((await watch.next())?.object.metadata.name).toBe('a')
  const mark = await watch.next()
  expect([mark?.type, mark?.object.metadata.annotations]).toEqual(['BOOKMARK', { 'k8s.io/initial-events-end': 'true' }])
  expect((await api.get(`${CONFIG_MAPS}?watch=true&sendInitialEvents=true`)).status).toBe(422)
})

test('a quiet watch is told how far it has come, and ends at its time', async () => {
  const api = asking()
  const watch = await api.watch(`${CONFIG_MAPS}?allowWatchBookmarks=true&timeoutSeconds=90`)
  const { resourceVersion } = (await api.post('/api/v1/namespaces', { metadata: { name: 'other' } })).body.metadata
  await api.clock.runFor(120_000)
  const mark = await watch.next()
  expect([mark?.type, mark?.object.metadata.resourceVersion]).toEqual(['BOOKMARK', resourceVersion])
  expect((await watch.next())?.type).toBe('BOOKMARK')
  expect(await watch.next()).toBeNull()
})

test('a watch that nobody reads is cut, and others are not', async () => {
  const api = asking({ watchBufferEvents: 5 })
  const slow = await api.watch(CONFIG_MAPS)
  for (let i = 0; i < 20; i++) await api.post(CONFIG_MAPS, configMap(`c${i}`))
  expect(await slow.next()).toBeNull()
  expect((await api.get(CONFIG_MAPS)).body.items).toHaveLength(20)
})

test('a dropped watch breaks, and a delayed one keeps its order', async () => {
  const api = asking()
  const dropped = await api.watch(CONFIG_MAPS)
  expect(api.server.dropWatches(({ type }) => type.plural === 'configmaps')).toBe(1)
  await expect(dropped.next()).rejects.toMatchObject({ name: 'TransportError', kind: 'connection' })
  const late = await api.watch(CONFIG_MAPS)
  api.server.delayWatches(() => true, 1_000)
  await api.post(CONFIG_MAPS, configMap('a'))
  api.server.delayWatches(() => true, 0)
  await api.post(CONFIG_MAPS, configMap('b'))
  const both = Promise.all([late.next(), late.next()])
  await api.clock.runFor(2_000)
  expect((await both).map((event) => event?.object.metadata.name)).toEqual(['a', 'b'])
})

const step = record({
  verb: constantFrom('post', 'patch', 'delete'),
  name: constantFrom('a', 'b', 'c'),
  value: constantFrom('1', '2'),
})

test('what a watch told, put together, is what a list shows', () =>
  assert(
    asyncProperty(array(step, { maxLength: 40 }), async (steps) => {
      const api = asking()
      const watch = await api.watch(CONFIG_MAPS)
      for (const { verb, name, value } of steps) {
        if (verb === 'post') await api.post(CONFIG_MAPS, configMap(name, { value }))
        else if (verb === 'patch') await api.patch(`${CONFIG_MAPS}/${name}`, 'merge', { data: { value } })
        else await api.delete(`${CONFIG_MAPS}/${name}`)
      }
      await api.post(CONFIG_MAPS, configMap('last'))
      const known = new Map<string, KubeObject>()
      for (let event = await watch.next(); event !== null; event = await watch.next()) {
        const { object, type } = event
        if (object.metadata.name === 'last') break
        expect(known.has(object.metadata.name)).toBe(type !== 'ADDED')
        if (type === 'DELETED') known.delete(object.metadata.name)
        else known.set(object.metadata.name, object)
      }
      const listed = (await api.get(CONFIG_MAPS)).body.items.filter(({ metadata }) => metadata.name !== 'last')
      expect([...known.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))).toEqual(listed)
    }),
    { numRuns: 100, seed: Number(process.env['SEED'] ?? 1) },
  ))
