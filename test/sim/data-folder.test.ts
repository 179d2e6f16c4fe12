import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { seededRandom } from '../../kube/random.ts'
import { CONFIG_MAPS, CRDS, NODES, type ResourceType } from '../../kube/resources.ts'
import { VirtualClock } from '../../sim/clock.ts'
import { type DataFolder, DataFolderError, openDataFolder } from '../../sim/data-folder.ts'
import { node, startWorld } from './world.ts'

let root = ''
let folder = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'espalier-data-'))
  folder = join(root, 'data')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const clock = new VirtualClock()
const open = (): DataFolder => openDataFolder(folder, clock)
/** A folder whose store has all that it begins with. */
const begin = (): DataFolder => {
  const data = open()
  data.begun()
  return data
}
/** Null: a descriptor that was open while they were listed. */
function targetOf(link: string): string | null {
  try {
    return readlinkSync(link)
  } catch {
    return null
  }
}
const object = (name: string, version: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'd', uid: `uid-${name}`, resourceVersion: String(version), creationTimestamp: '' },
})
const put = (data: DataFolder, name: string, version: number): void =>
  data.append({ version, collection: '/configmaps', key: `d/${name}`, object: object(name, version) })
const drop = (data: DataFolder, name: string, version: number): void =>
  data.append({ version, collection: '/configmaps', key: `d/${name}`, object: null })
/** As if the process had died: nothing is closed. */
const die = (): void => rmSync(join(folder, 'lock'), { force: true })
const reopened = (): { version: number; names: string[]; notices: readonly string[] } => {
  const data = open()
  const names = data.stored?.objects.map(({ object: { metadata } }) => `${metadata.name}@${metadata.resourceVersion}`)
  data.close()
  return { version: data.stored?.version ?? 0, names: (names ?? []).sort(), notices: data.notices }
}
const contents = (): string[] =>
  readdirSync(folder)
    .sort()
    .map((name) => `${name}:${readFileSync(join(folder, name), 'utf8')}`)

describe('a data folder', () => {
  test('begins empty, and gives back what was written, with or without a farewell', () => {
    const data = begin()
    expect(data.stored).toBeNull()
    put(data, 'a', 2)
    put(data, 'b', 3)
    put(data, 'a', 4)
    drop(data, 'b', 5)
    die()
    expect(reopened()).toEqual({ version: 5, names: ['a@4'], notices: [] })
    expect(reopened()).toEqual({ version: 5, names: ['a@4'], notices: [] })
  })

  test('a store that died before it had all that it begins with is begun again', () => {
    const data = open()
    put(data, 'a', 2)
    die()
    expect(reopened()).toEqual({ version: 0, names: [], notices: [] })
  })

  test('folds its log into a snapshot before it grows without end', () => {
    const data = begin()
    for (let version = 2; version < 25_000; version++) put(data, `n${version % 10}`, version)
    die()
    const lines = readFileSync(join(folder, 'log.jsonl'), 'utf8').split('\n').length
    expect(lines).toBeLessThan(11_000)
    expect(reopened()).toMatchObject({ version: 24_999, names: expect.arrayContaining(['n9@24999']) as string[] })
  })

  test('a log that cannot be begun anew goes on growing, and loses nothing', () => {
    const data = begin()
    const log = join(folder, 'log.jsonl')
    const aside = join(root, 'aside')
    renameSync(log, aside) // what is open goes on there
    mkdirSync(log)
    for (let version = 2; version < 12_000; version++) put(data, 'a', version)
    rmSync(log, { recursive: true })
    renameSync(aside, log)
    put(data, 'b', 12_000)
    data.close()
    expect(reopened()).toEqual({ version: 12_000, names: ['a@11999', 'b@12000'], notices: [] })
  })

  test('a snapshot that cannot be written is refused with a sentence', () => {
    const data = begin()
    data.append({ version: 1, collection: '/things', key: 'a', object: object('a', 1) })
    data.close()
    mkdirSync(join(folder, 'snapshot.jsonl.new'))
    expect(open).toThrow(DataFolderError)
    expect(open).toThrow(`${folder} cannot be written: EISDIR`)
  })

  test.skipIf(!existsSync('/proc/self/fd'))('a write that the disk refuses is refused with a sentence', () => {
    const data = begin()
    const log = readdirSync('/proc/self/fd').find((fd) => targetOf(`/proc/self/fd/${fd}`) === join(folder, 'log.jsonl'))
    closeSync(Number(log))
    const change = { version: 1, collection: '/things', key: 'a', object: object('a', 1) }
    expect(() => data.append(change)).toThrow(DataFolderError)
    expect(() => data.append(change)).toThrow(`${folder} cannot be written: EBADF`)
  })

  test('a log that outlived the making of its snapshot changes nothing', () => {
    const data = begin()
    put(data, 'a', 2)
    drop(data, 'a', 3)
    put(data, 'b', 4)
    const log = readFileSync(join(folder, 'log.jsonl'))
    die()
    open()
    die()
    writeFileSync(join(folder, 'log.jsonl'), log)
    expect(reopened()).toEqual({ version: 4, names: ['b@4'], notices: [] })
  })

  test('a last write that was cut off half-way is left out, and said', () => {
    const data = begin()
    put(data, 'a', 2)
    die()
    appendFileSync(join(folder, 'log.jsonl'), '{"version":3,"collection":"/configmaps","key":"d/b","obj')
    const first = reopened()
    expect(first).toMatchObject({ version: 2, names: ['a@2'] })
    expect(first.notices).toEqual([expect.stringMatching(/log\.jsonl:3: the last write was cut off/)])
    expect(reopened().notices).toEqual([])
  })

  test.each<[string, () => void, RegExp]>([
    [
      'a line in the middle of the log',
      () => appendFileSync(join(folder, 'log.jsonl'), 'rubbish\n{}\n'),
      /log\.jsonl:3:/,
    ],
    [
      'a snapshot without its end',
      () => writeFileSync(join(folder, 'snapshot.jsonl'), '{"version":9,"count":3}\n'),
      /snapshot\.jsonl is incomplete/,
    ],
    [
      'a newer format',
      () => writeFileSync(join(folder, 'espalier-data.json'), '{"format":"espalier-data","version":9}'),
      /format version 9/,
    ],
    [
      'a foreign format file',
      () => writeFileSync(join(folder, 'espalier-data.json'), '{}'),
      /is not what espalier writes/,
    ],
  ])('%s is an error, and nothing is changed', (_what, spoil, message) => {
    const data = begin()
    put(data, 'a', 2)
    die()
    spoil()
    const before = contents()
    expect(open).toThrow(message)
    expect(contents()).toEqual(before)
  })

  test('a file, a folder with other things in it, and one in use are refused untouched', () => {
    writeFileSync(folder, 'mine')
    expect(open).toThrow(/is a file/)
    expect(statSync(folder).isFile()).toBe(true)
    rmSync(folder)
    const data = begin()
    writeFileSync(join(folder, 'lock'), String(process.ppid))
    expect(open).toThrow(new RegExp(`in use by process ${process.ppid}`))
    data.close()
    folder = root
    expect(open).toThrow(/holds other files/)
    expect(existsSync(join(root, 'espalier-data.json'))).toBe(false)
  })
})

describe('a cluster with a data folder', () => {
  const WIDGETS: ResourceType = {
    group: 'example.com',
    version: 'v1',
    plural: 'widgets',
    kind: 'Widget',
    namespaced: true,
  }
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  }

  test('goes on where it was: uids, versions, custom kinds, and what was deleted stays so', async () => {
    const first = await startWorld({ random: seededRandom(7), persistence: open(), nodes: [node('n1'), node('n2')] })
    await first.create(CRDS, crd)
    await first.create(WIDGETS, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } })
    const kept = await first.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' } })
    await first.during(first.client.delete(NODES, { namespace: '', name: 'n2' }))
    await first.settle()
    const before = await first.list(NODES)
    await first.stop()
    die()

    const data = open()
    const second = await startWorld({ random: seededRandom(8), persistence: data, nodes: [node('n1'), node('n2')] })
    await second.settle()
    expect((await second.get(CONFIG_MAPS, 'kept'))?.metadata).toEqual(kept.metadata)
    expect((await second.get(WIDGETS, 'w'))?.kind).toBe('Widget')
    expect((await second.list(NODES)).map(({ metadata }) => [metadata.name, metadata.uid])).toEqual(
      before.map(({ metadata }) => [metadata.name, metadata.uid]),
    )
    const next = await second.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'next' } })
    expect(Number(next.metadata.resourceVersion)).toBeGreaterThan(data.stored?.version ?? Number.NaN)
    await second.stop()
    data.close()
  })
})
