/**
 * `node --import …/plant.ts` with MUTANT=<name>: the product's text is changed while it is loaded, and nothing on disk.
 * Stops the process when the text is not there, so that no mutant passes for caught that was never planted.
 */
import { registerHooks } from 'node:module'
import { MUTANTS } from './list.ts'

const name = process.env['MUTANT'] ?? ''
const mutant = MUTANTS.find((each) => each.name === name)
if (mutant === undefined) throw new Error(`no mutant ${name}`)
const { file, find, put } = mutant

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    if (!url.endsWith(`/${file}`)) return loaded
    const parts = String(loaded.source).split(find)
    if (parts.length !== 2) throw new Error(`${file} does not hold this once: ${find}`)
    return { ...loaded, source: parts.join(put) }
  },
})
