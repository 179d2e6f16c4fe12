import type { Core } from '../core.ts'
import { answer, textAnswer, type PlainAnswer } from '../exchange.ts'
import { documentOf } from './document.ts'

interface Cached {
  readonly generation: number
  readonly texts: Map<string, string>
}

const cached = new WeakMap<Core, Cached>()

/** Texts of the documents, made once until the kinds change. */
function textsOf(core: Core): Map<string, string> {
  const { generation } = core.types
  const known = cached.get(core)
  if (known?.generation === generation) return known.texts
  const fresh = { generation, texts: new Map<string, string>() }
  cached.set(core, fresh)
  return fresh.texts
}

function index(core: Core): unknown {
  const paths: Record<string, unknown> = {}
  for (const { group, versions } of core.types.groups()) {
    for (const version of versions) {
      const path = group === '' ? `api/${version}` : `apis/${group}/${version}`
      // The hash only has to change when the document does.
      paths[path] = {
        serverRelativeURL: `/openapi/v3/${path}?hash=${core.types.generation.toString(16).padStart(8, '0')}`,
      }
    }
  }
  return { paths }
}

const NOT_FOUND = textAnswer(404, '404 page not found\n')

const V2_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/**
 * OpenAPI v2 without a definition: kubectl asks there for kinds that v3 does not know, and takes an answer without them
 * for "no such kind". In protobuf: swagger = 1, info = 2 {title = 1, version = 2}, paths = 8; all lengths are below 128,
 * so that the bytes are a text.
 */
function emptyV2(headers: Readonly<Record<string, string>>): PlainAnswer {
  if (!(headers['accept'] ?? '').includes('protobuf')) {
    return answer(200, { swagger: '2.0', info: { title: 'Kubernetes', version: 'v1' }, paths: {} })
  }
  const body = '\n\u00032.0\u0012\u0010\n\nKubernetes\u0012\u0002v1B\u0000'
  return { kind: 'answer', status: 200, headers: { 'content-type': V2_TYPE }, body }
}

/** GET /openapi/v3 and its documents. */
export function openApi(
  core: Core,
  segments: readonly string[],
  headers: Readonly<Record<string, string>>,
): PlainAnswer {
  const [version, root, ...rest] = segments
  if (version === 'v2' && root === undefined) return emptyV2(headers)
  if (version !== 'v3') return NOT_FOUND
  if (root === undefined) return answer(200, index(core))
  const [group, apiVersion] = root === 'api' ? ['', rest[0]] : [rest[0] ?? '', rest[1]]
  if (apiVersion === undefined || core.types.typesOf(group, apiVersion).length === 0) return NOT_FOUND
  const texts = textsOf(core)
  const key = `${group}/${apiVersion}`
  const text = texts.get(key) ?? JSON.stringify(documentOf(core.types.typesOf(group, apiVersion)))
  texts.set(key, text)
  return answer(200, text)
}
