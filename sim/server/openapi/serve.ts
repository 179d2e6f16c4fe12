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

/** GET /openapi/v3 and its documents. /openapi/v2 is not served: kubectl manages without. */
export function openApi(core: Core, segments: readonly string[]): PlainAnswer {
  const [version, root, ...rest] = segments
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
