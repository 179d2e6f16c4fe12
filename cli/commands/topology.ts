/** `espalier topology check`: reads a topology file, or the ConfigMap that holds one, and says everything wrong with it. */
import { readFileSync } from 'node:fs'
import { describe } from '../../api/field-error.ts'
import { parseTopologyFile } from '../../api/kinds/topology-file.ts'
import { type Command, type Io, text } from '../command.ts'
import { topologyText } from '../topology-text.ts'

function check(file: string, content: string, io: Io): number {
  const found = topologyText(content)
  if ('want' in found) {
    io.err(describe(file, found))
    return 1
  }
  const { topologies, errors } = parseTopologyFile(found.text)
  for (const error of errors) io.err(describe(file, { ...error, at: error.at && found.inFile(error.at) }))
  if (errors.length > 0) return 1
  for (const { name, levels } of topologies) {
    io.out(`${name}: ${levels.map((level) => `${level.name} (${level.key}, within ${level.within})`).join(' > ')}`)
  }
  io.out(`${file}: ${topologies.length} ${topologies.length === 1 ? 'topology' : 'topologies'}, no errors`)
  return 0
}

export const topologyCheck: Command = {
  name: 'topology check',
  summary: 'Parse and check a topology file; every error with line and column',
  flags: [{ usage: '-f, --filename <file>', summary: 'topology.yaml, or a ConfigMap manifest that holds it' }],
  examples: 'Exit 0 when it is right, 1 when it is not, 2 when the file cannot be read.',
  run(_args, flags, io) {
    const file = text(flags, 'filename')
    if (file === null) {
      io.err('which file? espalier topology check -f topology.yaml')
      return Promise.resolve(2)
    }
    try {
      return Promise.resolve(check(file, readFileSync(file, 'utf8'), io))
    } catch (error) {
      io.err(`${file}:1:1: ${error instanceof Error ? error.message : String(error)}`)
      return Promise.resolve(2)
    }
  },
}
