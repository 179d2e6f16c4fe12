import { stringify } from 'yaml'
import { crdOf } from '../../api/crd.ts'
import { KINDS } from '../../api/kinds/all.ts'
import { type Command, text } from '../command.ts'

export const crds: Command = {
  name: 'crds',
  summary: 'Print the CustomResourceDefinitions, for kubectl apply --server-side -f -',
  flags: [{ usage: '-o, --output <format>', summary: 'yaml or json (one List)', default: 'yaml' }],
  examples: 'Example:\n  espalier crds | kubectl apply --server-side -f -',
  run(_args, flags, io) {
    const objects = KINDS.map(crdOf)
    const format = text(flags, 'output')
    if (format === 'json') io.out(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, null, 2))
    else if (format === 'yaml')
      io.out(
        objects
          .map((crd) => stringify(crd, { lineWidth: 0 }))
          .join('---\n')
          .trimEnd(),
      )
    else {
      io.err(`--output: found "${format}", want yaml or json`)
      return Promise.resolve(2)
    }
    return Promise.resolve(0)
  },
}
