import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { printedFiles } from './files.ts'

/** `npm run generate`: writes every file that is printed from api/kinds. */

const root = new URL('../../', import.meta.url)
for (const [path, text] of printedFiles()) {
  const file = new URL(path, root)
  mkdirSync(dirname(file.pathname), { recursive: true })
  writeFileSync(file, text)
}
