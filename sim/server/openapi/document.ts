import type { Json } from '../json.ts'
import { patchTypes } from '../patch.ts'
import type { ServedType } from '../served-type.ts'
import { componentOf, Components } from './components.ts'

const query = (name: string, type: string, description: string): Json => ({
  name,
  in: 'query',
  description,
  schema: { type, uniqueItems: true },
})

const DRY_RUN = query('dryRun', 'string', 'All: nothing is stored, everything else is done.')
const MANAGER = query('fieldManager', 'string', 'Who makes these changes.')
const VALIDATION = query('fieldValidation', 'string', 'What becomes of unknown fields: Ignore, Warn or Strict.')
const WRITE_PARAMETERS = [DRY_RUN, MANAGER, VALIDATION]
const FORCE = query('force', 'boolean', 'Take over fields that others own. Apply only.')
const LIST_PARAMETERS = [
  query('allowWatchBookmarks', 'boolean', 'Tell the watch how far it has come.'),
  query('continue', 'string', 'The next page of a list.'),
  query('fieldSelector', 'string', 'Selects by fields.'),
  query('labelSelector', 'string', 'Selects by labels.'),
  query('limit', 'integer', 'Most objects in one page.'),
  query('resourceVersion', 'string', 'Which version is asked for.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  query('sendInitialEvents', 'boolean', 'Begin a watch with what is there.'),
  query('timeoutSeconds', 'integer', 'How long a watch may last.'),
  query('watch', 'boolean', 'Tell changes as they come.'),
]

function operation(type: ServedType, verb: string, action: string, extra: Json): Json {
  const { group, version, kind } = type
  const schema = { $ref: `#/components/schemas/${componentOf(type)}` }
  return {
    tags: [group === '' ? `core_${version}` : `${group.split('.')[0]}_${version}`],
    operationId: `${verb}${group.replaceAll('.', '')}${version}${type.namespaced ? 'Namespaced' : ''}${kind}`,
    responses: { 200: { description: 'OK', content: { 'application/json': { schema } } } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
    ...extra,
  }
}

function itemOperations(type: ServedType): Json {
  const schema = { $ref: `#/components/schemas/${componentOf(type)}` }
  const content = Object.fromEntries(
    patchTypes(type.crd !== null).map((media) => [media, { schema: { type: 'object' } }]),
  )
  return {
    get: operation(type, 'read', 'get', {}),
    put: operation(type, 'replace', 'put', {
      parameters: WRITE_PARAMETERS,
      requestBody: { required: true, content: { '*/*': { schema } } },
    }),
    patch: operation(type, 'patch', 'patch', {
      parameters: [...WRITE_PARAMETERS, FORCE],
      requestBody: { required: true, content },
    }),
    delete: operation(type, 'delete', 'delete', { parameters: [DRY_RUN] }),
    parameters: placeParameters(type, true),
  }
}

function collectionOperations(type: ServedType): Json {
  const schema = { $ref: `#/components/schemas/${componentOf(type)}` }
  return {
    get: operation(type, 'list', 'list', { parameters: LIST_PARAMETERS }),
    post: operation(type, 'create', 'post', {
      parameters: WRITE_PARAMETERS,
      requestBody: { required: true, content: { '*/*': { schema } } },
    }),
    delete: operation(type, 'deleteCollection', 'deletecollection', { parameters: [DRY_RUN, ...LIST_PARAMETERS] }),
    parameters: placeParameters(type, false),
  }
}

const inPath = (name: string): Json => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string', uniqueItems: true },
})

const placeParameters = (type: ServedType, isOne: boolean): Json[] => [
  ...(type.namespaced ? [inPath('namespace')] : []),
  ...(isOne ? [inPath('name')] : []),
]

function pathsOf(type: ServedType): Json {
  const { group, version, plural } = type
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const collection = type.namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`
  const paths: Json = {
    [collection]: collectionOperations(type),
    [`${collection}/{name}`]: itemOperations(type),
  }
  if (type.namespaced)
    paths[`${root}/${plural}`] = { get: operation(type, 'listAll', 'list', { parameters: LIST_PARAMETERS }) }
  for (const sub of type.subresources.filter((one) => one === 'status' || one === 'scale')) {
    const { get, put, patch, parameters } = itemOperations(type)
    paths[`${collection}/{name}/${sub}`] = { get, put, patch, parameters }
  }
  return paths
}

/** The OpenAPI document of one group and version. */
export function documentOf(types: readonly ServedType[]): Json {
  const components = new Components()
  for (const type of types) components.add(type)
  return {
    openapi: '3.0.0',
    info: { title: 'Espalier embedded cluster', version: 'v1.33.0' },
    paths: Object.assign({}, ...types.map(pathsOf)) as Json,
    components: { schemas: components.schemas() },
  }
}
