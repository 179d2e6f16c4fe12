import { readdirSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join, relative } from 'node:path'
import { parseAst } from 'vitest/node'

/** The rooms of docs/architecture.md and what each may import, as DESIGN's table says. `*` is everything. */
export const WALLS: Readonly<Record<string, readonly string[]>> = {
  api: ['api'],
  topology: ['topology', 'api'],
  scheduler: ['scheduler', 'api', 'topology', 'kube'],
  operator: ['operator', 'api', 'topology', 'kube'],
  kube: ['kube', 'api'],
  sim: ['sim', 'api', 'kube'],
  cli: ['*'],
  bench: ['*'],
  test: ['*'],
}

export interface Source {
  /** From the repository's root, with forward slashes. */
  readonly path: string
  readonly room: string
  readonly text: string
}

const root = join(import.meta.dirname, '..')

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'fixtures') return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return filesUnder(path)
    return entry.name.endsWith('.ts') ? [path] : []
  })
}

/** Every TypeScript file of every room. */
export function allSources(): Source[] {
  return Object.keys(WALLS)
    .flatMap((room) => filesUnder(join(root, room)))
    .map((file) => ({ path: relative(root, file).replaceAll('\\', '/'), text: readFileSync(file, 'utf8') }))
    .map(({ path, text }) => ({ path, text, room: path.split('/')[0] ?? '' }))
}

/** What a file imports: `from '…'`, `import('…')` and bare `import '…'`. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^\s*import\s+)'([^']+)'/gm)].map((match) => match[1] ?? '')
}

/** The repository path that a relative import names; null for a package. */
export function resolveImport(importer: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null
  const parts = importer.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}

export interface FunctionSize {
  readonly path: string
  readonly line: number
  readonly lines: number
}

const isFunction = (type: unknown): boolean =>
  type === 'FunctionDeclaration' || type === 'FunctionExpression' || type === 'ArrowFunctionExpression'

/** Anything with a body, nested ones too; lines from its first to its last. */
export function functionSizes({ path, text }: Source): FunctionSize[] {
  const sizes: FunctionSize[] = []
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit)
    if (node === null || typeof node !== 'object') return
    const { type, start, end } = node as { type?: unknown; start?: number; end?: number }
    if (isFunction(type) && start !== undefined && end !== undefined) {
      const line = lineAt(start)
      sizes.push({ path, line, lines: lineAt(end) - line + 1 })
    }
    Object.values(node).forEach(visit)
  }
  visit(parseAst(stripTypeScriptTypes(text)))
  return sizes
}

/** The value below which `share` of the sorted numbers lie. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
