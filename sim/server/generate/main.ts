/**
 * Prints the models of the built-in kinds from a checkout of Kubernetes and its staging modules:
 *
 *   node sim/server/generate/main.ts KUBERNETES_DIR API_DIR APIMACHINERY_DIR APIEXTENSIONS_DIR
 *
 * The first holds api/openapi-spec/v3, the others generated.proto files (they are modules of their own, so that a Go
 * module cache serves as well). Writes sim/server/generated/{models,protobuf}.json. Nothing else reads those folders.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { BUILT_IN_TYPES } from '../builtin-types.ts'
import { modelsFrom } from './models.ts'
import { messagesFrom } from './messages.ts'

const [kubernetes, api, machinery, extensions] = process.argv.slice(2)
if (kubernetes === undefined || api === undefined || machinery === undefined || extensions === undefined) {
  throw new Error('usage: main.ts KUBERNETES_DIR API_DIR APIMACHINERY_DIR APIEXTENSIONS_DIR')
}

const gvs = [
  ...new Set(BUILT_IN_TYPES.map(({ group, version }) => (group === '' ? 'api__v1' : `apis__${group}__${version}`))),
]
const documents = [...gvs, 'apis__authentication.k8s.io__v1', 'apis__policy__v1'].map(
  (gv) => JSON.parse(readFileSync(`${kubernetes}/api/openapi-spec/v3/${gv}_openapi.json`, 'utf8')) as unknown,
)

const PROTOS = [
  ...[
    'core/v1',
    'apps/v1',
    'batch/v1',
    'rbac/v1',
    'policy/v1',
    'scheduling/v1',
    'autoscaling/v1',
    'autoscaling/v2',
    'networking/v1',
    'authentication/v1',
    'authorization/v1',
    'coordination/v1',
    'discovery/v1',
    'storage/v1',
    'resource/v1',
  ].map((path) => `${api}/${path}`),
  `${machinery}/pkg/apis/meta/v1`,
  `${extensions}/pkg/apis/apiextensions/v1`,
]

const out = new URL('../generated/', import.meta.url)
mkdirSync(out, { recursive: true })
const write = (name: string, entries: Readonly<Record<string, unknown>>): void => {
  const lines = Object.keys(entries)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(entries[key])}`)
  writeFileSync(new URL(name, out), `{\n${lines.join(',\n')}\n}\n`)
}
write('models.json', modelsFrom(documents))
write('protobuf.json', messagesFrom(PROTOS.map((folder) => readFileSync(`${folder}/generated.proto`, 'utf8'))))
