import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { allSources, functionSizes, importsOf, quantile, resolveImport, type Source, WALLS } from './sources.ts'

const root = join(import.meta.dirname, '..')
const sources = allSources()
const product = sources.filter(({ room }) => room !== 'test')
const isGenerated = ({ path }: Source): boolean => path.includes('/generated/')

describe('walls', () => {
  test('there are sources to look at', () => expect(product.length).toBeGreaterThan(50))

  test('no room imports from a room that its row does not name', () => {
    const breaches = sources.flatMap(({ path, room, text }) =>
      importsOf(text).flatMap((specifier) => {
        const target = resolveImport(path, specifier)
        const allowed = WALLS[room] ?? []
        const targetRoom = target?.split('/')[0] ?? ''
        return target === null || allowed.includes('*') || allowed.includes(targetRoom) ? [] : [`${path} -> ${target}`]
      }),
    )
    expect(breaches).toEqual([])
  })

  test('a planted breach is seen', () => {
    expect(importsOf("import { kubeClient } from '../kube/kube-client.ts'")).toEqual(['../kube/kube-client.ts'])
    expect(resolveImport('topology/model.ts', '../kube/kube-client.ts')).toBe('kube/kube-client.ts')
    expect(WALLS['topology']).not.toContain('kube')
  })

  test('the planner does no I/O: it imports only itself, api, topology and reads no clock', () => {
    const planner = product.filter(({ path }) => path.startsWith('scheduler/planner/'))
    expect(planner.length).toBeGreaterThan(5)
    for (const { path, text } of planner) {
      for (const specifier of importsOf(text)) {
        const target = resolveImport(path, specifier) ?? `package ${specifier}`
        expect(`${path} ${target}`).toMatch(/ (scheduler\/planner|topology|api)\//)
      }
      expect(`${path}: ${/\b(Date|performance|setTimeout|fetch|process)\b\s*[.(]/.exec(text)?.[0] ?? 'pure'}`).toBe(
        `${path}: pure`,
      )
    }
  })

  test('time and randomness are handed in: only the edges touch the real ones', () => {
    const edges =
      /^(kube\/(clock|random|http-transport|dispatched|turns)\.ts|sim\/clock\.ts|cli\/|bench\/|test\/|[a-z]+\/generate\/)/
    const real = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|\bperformance\.now\(/
    const breaches = sources.filter(
      ({ path, text }) => !edges.test(path) && real.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')),
    )
    expect(breaches.map(({ path }) => path)).toEqual([])
  })
})

describe('sizes', () => {
  const sizes = product.filter((source) => !isGenerated(source)).flatMap(functionSizes)
  test('no function is over 80 lines', () =>
    expect(sizes.filter(({ lines }) => lines > 80).map(({ path, line, lines }) => `${path}:${line} ${lines}`)).toEqual(
      [],
    ))
  test('nine functions in ten are at most 30 lines', () =>
    expect(
      quantile(
        sizes.map(({ lines }) => lines),
        0.9,
      ),
    ).toBeLessThanOrEqual(30))
  test('the median function is at most 10 lines', () =>
    expect(
      quantile(
        sizes.map(({ lines }) => lines),
        0.5,
      ),
    ).toBeLessThanOrEqual(10))
  test('no file is over 400 lines', () => {
    const long = sources.filter((source) => !isGenerated(source) && source.text.split('\n').length > 401)
    expect(long.map(({ path, text }) => `${path} ${text.split('\n').length}`)).toEqual([])
  })
  test('no file is called utils', () =>
    expect(
      sources.filter(({ path }) => /(^|\/)(utils?|helpers?|misc|common)\.ts$/.test(path)).map(({ path }) => path),
    ).toEqual([]))
})

describe('files', () => {
  test('every file of the product is reached from an entry point', () => {
    const entries = ['cli/main.ts', 'bench/run.ts', 'api/generate/main.ts']
    const byPath = new Map(sources.map((source) => [source.path, source]))
    const reached = new Set<string>()
    const queue = [
      ...entries,
      ...product
        .filter(({ path }) => /\/generate\/|^bench\/(kernels|scenarios|processes)\//.test(path))
        .map(({ path }) => path),
    ]
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      const source = byPath.get(path)
      if (source === undefined || reached.has(path)) continue
      reached.add(path)
      for (const specifier of importsOf(source.text)) {
        const target = resolveImport(path, specifier)
        if (target !== null) queue.push(target)
      }
    }
    expect(product.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([])
  })

  test('every room has a README that says what lives there', () => {
    for (const room of Object.keys(WALLS)) {
      expect(existsSync(join(root, room, 'README.md')), `${room}/README.md`).toBe(true)
      expect(readFileSync(join(root, room, 'README.md'), 'utf8').length, room).toBeGreaterThan(400)
    }
  })

  test('every dependency has a line in docs/dependencies.md', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
      string,
      Record<string, string>
    >
    const page = readFileSync(join(root, 'docs/dependencies.md'), 'utf8')
    const names = [...Object.keys(manifest['dependencies'] ?? {}), ...Object.keys(manifest['devDependencies'] ?? {})]
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })

  test('the top level holds the rooms and nothing unexpected', () => {
    const known = [
      ...Object.keys(WALLS),
      'deploy',
      'docs',
      'dist',
      'node_modules',
      'README.md',
      'CHANGELOG.md',
      'LICENSE',
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'tsconfig.build.json',
      'vitest.config.ts',
      'biome.json',
    ]
    expect(readdirSync(root).filter((name) => !name.startsWith('.') && !known.includes(name))).toEqual([])
  })
})
